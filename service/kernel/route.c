/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

static int change(Netlink *netlink, uint16_t type, const Route *route, Error *reterr)
{
        bool add = type == RTM_NEWROUTE;
        int family = route->to ? route->to->family : route->family;
        struct rtmsg header = {
                .rtm_family = (unsigned char) family,
                .rtm_dst_len = route->to ? (unsigned char) route->to->prefix : 0,
                .rtm_table = RT_TABLE_MAIN,
                .rtm_protocol = RTPROT_BOOT,
                .rtm_scope = route->gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
                .rtm_type = RTN_UNICAST,
        };
        char to[INET6_ADDRSTRLEN] = "", via[INET6_ADDRSTRLEN] = "";

        if (route->to)
                (void) inet_ntop(family, route->to->bytes, to, sizeof(to));
        if (route->gateway)
                (void) inet_ntop(family, route->gateway->bytes, via, sizeof(via));
        netlink_begin(netlink, type, add ? NLM_F_CREATE | NLM_F_EXCL : 0, &header, sizeof(header));
        if (route->to)
                netlink_put(netlink, RTA_DST, route->to->bytes, address_size(family));
        if (route->gateway)
                netlink_put(netlink, RTA_GATEWAY, route->gateway->bytes, address_size(family));
        netlink_put_u32(netlink, RTA_OIF, (uint32_t) route->link);
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot %s the %sroute%s%s%s%s",
                            add ? "add" : "remove", route->to ? "" : "default ",
                            route->to ? " to " : "", to, route->gateway ? " via " : "", via);
}

int route_add(Netlink *netlink, const Route *route, Error *reterr)
{
        return change(netlink, RTM_NEWROUTE, route, reterr);
}

int route_remove(Netlink *netlink, const Route *route, Error *reterr)
{
        return change(netlink, RTM_DELROUTE, route, reterr);
}
