/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Addresses of network interfaces: ip-address(8). */

#include <net/if.h>
#include <netinet/in.h>

#include "kernel/netlink.h"

typedef struct Address {
        char interface[IFNAMSIZ]; /* of what addresses_get() finds */
        int family;               /* AF_INET, AF_INET6 */
        unsigned char bytes[sizeof(struct in6_addr)];
        unsigned prefix;
        unsigned char scope;      /* RT_SCOPE_UNIVERSE, RT_SCOPE_LINK, RT_SCOPE_HOST ... */
        uint32_t flags;           /* IFA_F_TENTATIVE ... */
        struct in_addr broadcast; /* all zero: none */
} Address;

/* Bytes of an address of the family. */
size_t address_size(int family);

/* address_parse() - "A/PREFIX" with, for IPv4, " BROADCAST" or not. Return: 0, -EINVAL. */
int address_parse(int family, const char *text, Address *ret);

/* addresses_get() - of all interfaces of the namespace, in the kernel's order. The caller frees the
 * array. Return: 0, -errno. */
int addresses_get(Netlink *netlink, Address **ret, size_t *ret_n, Error *reterr);

/* address_add() - to the interface with that index. IPv6 without duplicate detection: the interface
 * is new, and what is told it must be true at once. Return: 0, -EEXIST, -errno. */
int address_add(Netlink *netlink, int link, const Address *address, Error *reterr);
