/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The network interfaces of a plan: lxc.net.N, resolved. Kept by the supervisor until the end of the
 * run, which has to undo them. */

#include <net/if.h>

#include "config/net-keys.h"
#include "kernel/address.h"

#define NET_INTERFACES_MAX 64
#define NET_ALTNAME_MAX 128

typedef enum NetGatewayKind {
        GATEWAY_NONE,
        GATEWAY_ADDRESS,
        GATEWAY_AUTO,   /* the first address of `link` on the host */
        GATEWAY_DEVICE, /* no address: everything is on the interface */
} NetGatewayKind;

typedef struct NetGateway {
        NetGatewayKind kind;
        Address address;
} NetGateway;

typedef enum NetVlanKind {
        VLAN_BRIDGE, /* what the bridge gives a new port */
        VLAN_NONE,   /* no untagged one */
        VLAN_ID,
} NetVlanKind;

typedef struct NetVlans {
        NetVlanKind kind;
        uint16_t id; /* untagged */
        uint16_t *tagged;
        size_t n_tagged;
} NetVlans;

typedef struct NetVeth {
        char host_name[IFNAMSIZ];      /* its end on the host */
        unsigned char host_address[6]; /* tells it from whatever bears its name */
        bool host_name_given;
        bool router;
        Address *routes; /* of the host, to the interface */
        size_t n_routes;
        NetVlans vlans;
        uint32_t n_rx_queues, n_tx_queues; /* 0: the kernel's default */
} NetVeth;

/* What is 0, NULL or "" is left to the kernel or to the link. */
typedef struct PlanNet {
        unsigned index; /* N */
        NetTypes type;
        char link[IFNAMSIZ]; /* on the host: bridge, parent or the device itself; "": none */
        bool wildcard;       /* `link` is how the name of a free device begins */
        char name[IFNAMSIZ]; /* inside; "": that of the device */
        unsigned char hardware_address[6];
        bool hardware_address_given;
        uint32_t mtu;
        bool up;
        Address *addresses; /* IPv4 ones first */
        size_t n_addresses;
        NetGateway gateways[2]; /* IPv4, IPv6 */
        bool neighbour_proxy;   /* l2proxy */
        char *script_up, *script_down;

        NetVeth veth;
        int mode;           /* MACVLAN_MODE_*, IPVLAN_MODE_* */
        uint16_t isolation; /* IPVLAN_F_* */
        uint16_t vlan;
} PlanNet;

/* The family of gateways[i]. */
static inline int net_gateway_family(size_t i)
{
        return i == 0 ? AF_INET : AF_INET6;
}

const char *net_type_name(NetTypes type);

/* net_host_name() - the host's end of a veth: "veth" and eleven digits that stand for the container,
 * the nic and the attempt (a name may be taken), so that no two containers have the same. Its
 * hardware address likewise; it begins with fe, for a bridge takes the lowest of its ports' for its
 * own. */
void net_host_name(const char *id, unsigned index, unsigned attempt, char ret[IFNAMSIZ]);
void net_host_address(const char *id, unsigned index, unsigned char ret[6]);

/* net_altname() - "nagaya-ID-NAME", for people: cut where the kernel's limit is. */
void net_altname(const char *id, const char *name, char ret[NET_ALTNAME_MAX]);

/* Has the container an interface that is to be set up inside? */
static inline bool net_is_interface(const PlanNet *net)
{
        return net->type != NET_EMPTY;
}

void plan_nets_free(PlanNet *nets, size_t n);
