/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The subkeys of lxc.net.N, one row each. */

#include <stdbool.h>
#include <stddef.h>

typedef enum NetTypes {
        NET_VETH = 1 << 0,
        NET_MACVLAN = 1 << 1,
        NET_VLAN = 1 << 2,
        NET_PHYS = 1 << 3,
        NET_EMPTY = 1 << 4,
        NET_NONE = 1 << 5,
        NET_IPVLAN = 1 << 6,
        NET_ALL = (1 << 7) - 1,
} NetTypes;

typedef struct NetKey {
        const char *name;
        const char *legacy; /* behind lxc.network., where it was another; or NULL */
        unsigned types;     /* the types that have it */
        bool is_list;
        /* What an unset one means, for the getter; NULL: "". */
        const char *unset;
        const char *expected;
        /* The value in the form it is held in; the caller frees. Return: 0, -EINVAL, -ENOMEM. */
        int (*check)(const char *value, char **ret);
} NetKey;

extern const NetKey net_keys[];
extern const size_t net_keys_n;

const NetKey *net_key_find(const char *name);
/* By the suffix behind lxc.network. (old or current), or NULL. */
const NetKey *net_key_find_legacy(const char *suffix);

/* The bit of a type's name; 0: unknown. */
unsigned net_type_bit(const char *type);

/* net_hwaddr_fill() - each x of a hardware address becomes a random digit, so that the address is
 * unicast. Return: 0, -EINVAL (no hardware address), -ENOMEM, -EIO. */
int net_hwaddr_fill(const char *value, char **ret);
