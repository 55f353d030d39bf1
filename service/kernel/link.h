/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Network interfaces: ip-link(8). */

#include <net/if.h>
#include <stdbool.h>

#include "kernel/netlink.h"

#define HARDWARE_ADDRESS_MAX 32
#define LINK_KIND_MAX 32
#define LINK_ALIAS_MAX 256

/* link_up() - in our own network namespace, without a netlink socket. Return: 0, -ENODEV, -errno. */
int link_up(const char *name);

typedef struct LinkInfo {
        int index;
        char name[IFNAMSIZ];
        unsigned flags; /* IFF_* */
        uint32_t mtu;
        int master; /* index of the bridge it is in; 0: none */
        unsigned char address[HARDWARE_ADDRESS_MAX];
        size_t n_address;
        unsigned char own_address[HARDWARE_ADDRESS_MAX]; /* what the hardware came with */
        size_t n_own_address;                            /* 0: it is no hardware */
        char kind[LINK_KIND_MAX];                        /* "veth", "bridge" ...; "" for hardware */
        char alias[LINK_ALIAS_MAX];                      /* "": none */
        bool vlan_filtering;                             /* of a bridge */
        uint16_t default_vlan; /* the untagged one that a bridge gives a new port; 0: none */
} LinkInfo;

/* link_get() - by its name, or one of its alternative names. Return: 0, -ENODEV, -errno. */
int link_get(Netlink *netlink, const char *name, LinkInfo *ret, Error *reterr);

/* links_each() - calls the function with each link of the namespace; what it returns, when not 0,
 * ends this. Return: 0, -errno. */
typedef int (*LinkFunction)(const LinkInfo *link, void *userdata);
int links_each(Netlink *netlink, LinkFunction function, void *userdata, Error *reterr);

/* A link to be. What is 0, NULL or < 0 is left to the kernel. */
typedef struct LinkSpec {
        const char *kind; /* "veth", "macvlan", "vlan", "ipvlan", "bridge", "dummy" */
        const char *name; /* may hold one %d */
        int netns_fd;     /* where it is made; < 0: where the socket is */
        int parent;       /* index of the link below, where the socket is */
        int master;       /* index of the bridge */
        uint32_t mtu, n_rx_queues, n_tx_queues;
        const unsigned char *address; /* 6 bytes */
        bool up;
        int mode;                    /* MACVLAN_MODE_*, IPVLAN_MODE_*; < 0: default */
        uint16_t isolation;          /* IPVLAN_F_* */
        int vlan;                    /* id; < 0: none */
        const struct LinkSpec *peer; /* of a veth */
} LinkSpec;

#define LINK_SPEC_NULL ((LinkSpec){ .netns_fd = -EBADF, .mode = -1, .vlan = -1 })

/* link_create() - in one message. Return: 0, -EEXIST, -EOPNOTSUPP (the kernel knows no such kind),
 * -errno. */
int link_create(Netlink *netlink, const LinkSpec *spec, Error *reterr);

/* What shall be different; NULL, 0 or < 0: as it is. Done in this order, in one message. */
typedef struct LinkChange {
        int netns_fd;  /* moved there */
        int new_index; /* there */
        const unsigned char *address;
        size_t n_address;
        uint32_t mtu;
        const char *name;
        const char *alias;
        int master; /* index; 0: out of any */
        bool up, down;
} LinkChange;

#define LINK_CHANGE_NULL ((LinkChange){ .netns_fd = -EBADF, .master = -1 })

/* link_change() - `name` is for the error only. */
int link_change(
        Netlink *netlink, int index, const char *name, const LinkChange *change, Error *reterr);

/* link_add_altname() - up to 127 characters. Return: 0, -EEXIST, -errno. */
int link_add_altname(Netlink *netlink, int index, const char *name, Error *reterr);

/* link_delete() - of a veth both ends. Return: 0, -ENODEV, -errno. */
int link_delete(Netlink *netlink, int index, const char *name, Error *reterr);
