/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/neighbour.h"

#include <arpa/inet.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

static int proxy(Netlink *netlink, uint16_t type, int link, const Address *address, Error *reterr)
{
        struct ndmsg header = {
                .ndm_family = (unsigned char) address->family,
                .ndm_ifindex = link,
                .ndm_state = NUD_PERMANENT,
                .ndm_flags = NTF_PROXY,
        };
        bool add = type == RTM_NEWNEIGH;
        char text[INET6_ADDRSTRLEN] = "";

        (void) inet_ntop(address->family, address->bytes, text, sizeof(text));
        netlink_begin(netlink, type, add ? NLM_F_CREATE | NLM_F_REPLACE : 0, &header,
                      sizeof(header));
        netlink_put(netlink, NDA_DST, address->bytes, address_size(address->family));
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot %s proxy neighbour %s",
                            add ? "add the" : "remove the", text);
}

int neighbour_proxy_add(Netlink *netlink, int link, const Address *address, Error *reterr)
{
        return proxy(netlink, RTM_NEWNEIGH, link, address, reterr);
}

int neighbour_proxy_remove(Netlink *netlink, int link, const Address *address, Error *reterr)
{
        return proxy(netlink, RTM_DELNEIGH, link, address, reterr);
}
