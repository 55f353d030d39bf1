/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/address.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "kernel/link.h"

/* Of a list that changes while it is told. */
#define ATTEMPTS_MAX 8

size_t address_size(int family)
{
        return family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
}

static int parse_prefix(const char *text, size_t size, unsigned max, unsigned *ret)
{
        char digits[8];
        uint32_t prefix;

        if (size == 0 || size >= sizeof(digits))
                return -EINVAL;
        memcpy(digits, text, size);
        digits[size] = '\0';
        if (parse_u32(digits, &prefix) < 0 || prefix > max)
                return -EINVAL;
        *ret = prefix;
        return 0;
}

int address_parse(int family, const char *text, Address *ret)
{
        size_t n = strcspn(text, "/"), rest = strcspn(text, " ");
        Address address = { .family = family };
        char word[INET6_ADDRSTRLEN];

        if (n >= sizeof(word) || text[n] != '/' || rest <= n)
                return -EINVAL;
        memcpy(word, text, n);
        word[n] = '\0';
        if (inet_pton(family, word, address.bytes) != 1 ||
            parse_prefix(text + n + 1, rest - n - 1, (unsigned) address_size(family) * 8,
                         &address.prefix) < 0)
                return -EINVAL;
        if (text[rest] &&
            (family != AF_INET || inet_pton(family, text + rest + 1, &address.broadcast) != 1))
                return -EINVAL;
        *ret = address;
        return 0;
}

typedef struct Found {
        Address *addresses;
        int *links; /* index of the interface of each */
        size_t n, room;
} Found;

static int grow(Found *found)
{
        size_t room = found->room ? found->room * 2 : 8;
        Address *addresses = reallocarray(found->addresses, room, sizeof(Address));
        int *links;

        if (!addresses)
                return -ENOMEM;
        found->addresses = addresses;
        links = reallocarray(found->links, room, sizeof(int));
        if (!links)
                return -ENOMEM;
        found->links = links;
        found->room = room;
        return 0;
}

static int take_address(Netlink *netlink, const struct nlmsghdr *message, void *userdata)
{
        const struct ifaddrmsg *header = NLMSG_DATA(message);
        const struct nlattr *attributes[IFA_MAX + 1], *local;
        Found *found = userdata;
        Address *address;

        if (message->nlmsg_type != RTM_NEWADDR ||
            message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)) ||
            (header->ifa_family != AF_INET && header->ifa_family != AF_INET6))
                return 0;
        if (found->n == found->room && grow(found) < 0)
                return -ENOMEM;
        netlink_parse(netlink, message, sizeof(*header), attributes, IFA_MAX);
        /* IFA_ADDRESS is the other end of a point-to-point link. */
        local = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
        address = &found->addresses[found->n];
        *address = (Address){
                .family = header->ifa_family,
                .prefix = header->ifa_prefixlen,
                .scope = header->ifa_scope,
                .flags = attributes[IFA_FLAGS] ? netlink_get_u32(attributes[IFA_FLAGS])
                                               : header->ifa_flags,
        };
        if (netlink_get(local, address->bytes, address_size(address->family)) !=
            address_size(address->family))
                return 0;
        (void) netlink_get(attributes[IFA_BROADCAST], &address->broadcast,
                           sizeof(address->broadcast));
        found->links[found->n++] = (int) header->ifa_index;
        return 0;
}

static int name_interfaces(const LinkInfo *link, void *userdata)
{
        Found *found = userdata;

        for (size_t i = 0; i < found->n; i++)
                if (found->links[i] == link->index)
                        memcpy(found->addresses[i].interface, link->name, IFNAMSIZ);
        return 0;
}

static int find_addresses(Netlink *netlink, Found *found, Error *reterr)
{
        struct ifaddrmsg header = { .ifa_family = AF_UNSPEC };
        int r;

        found->n = 0;
        netlink_begin(netlink, RTM_GETADDR, NLM_F_DUMP, &header, sizeof(header));
        r = netlink_call(netlink, take_address, found, reterr, "Cannot list the addresses");
        if (r == 0 && found->n > 0)
                r = links_each(netlink, name_interfaces, found, reterr);
        return r;
}

int addresses_get(Netlink *netlink, Address **ret, size_t *ret_n, Error *reterr)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Found found = { NULL, NULL, 0, 0 };
        int r = -EINTR;

        for (unsigned i = 0; i < ATTEMPTS_MAX && r == -EINTR; i++) {
                error_done(&error);
                r = find_addresses(netlink, &found, &error);
        }
        free(found.links);
        if (r < 0) {
                free(found.addresses);
                error_move(reterr, &error);
                return r;
        }
        *ret = found.addresses;
        *ret_n = found.n;
        return 0;
}

int address_add(Netlink *netlink, int link, const Address *address, Error *reterr)
{
        struct ifaddrmsg header = {
                .ifa_family = (unsigned char) address->family,
                .ifa_prefixlen = (unsigned char) address->prefix,
                .ifa_scope = address->scope,
                .ifa_flags = address->family == AF_INET6 ? IFA_F_NODAD : 0,
                .ifa_index = (unsigned) link,
        };
        size_t size = address_size(address->family);
        char text[INET6_ADDRSTRLEN] = "";

        (void) inet_ntop(address->family, address->bytes, text, sizeof(text));
        netlink_begin(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
        netlink_put(netlink, IFA_LOCAL, address->bytes, size);
        netlink_put(netlink, IFA_ADDRESS, address->bytes, size);
        if (address->broadcast.s_addr != INADDR_ANY)
                netlink_put(netlink, IFA_BROADCAST, &address->broadcast,
                            sizeof(address->broadcast));
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot add the address %s/%u", text,
                            address->prefix);
}
