/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/bridge.h"

#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static int
change_vlan(Netlink *netlink, uint16_t type, int port, struct bridge_vlan_info info, Error *reterr)
{
        struct ifinfomsg header = { .ifi_family = PF_BRIDGE, .ifi_index = port };
        struct nlattr *nest;

        netlink_begin(netlink, type, 0, &header, sizeof(header));
        nest = netlink_nest(netlink, IFLA_AF_SPEC, NULL, 0);
        netlink_put(netlink, IFLA_BRIDGE_VLAN_INFO, &info, sizeof(info));
        netlink_nest_end(netlink, nest);
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot %s VLAN %u of a port",
                            type == RTM_SETLINK ? "set" : "remove", info.vid);
}

int bridge_vlan_add(Netlink *netlink, int port, uint16_t vlan, bool untagged, Error *reterr)
{
        struct bridge_vlan_info info = {
                .flags = untagged ? BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED : 0,
                .vid = vlan,
        };

        return change_vlan(netlink, RTM_SETLINK, port, info, reterr);
}

int bridge_vlan_remove(Netlink *netlink, int port, uint16_t vlan, Error *reterr)
{
        return change_vlan(netlink, RTM_DELLINK, port, (struct bridge_vlan_info){ .vid = vlan },
                           reterr);
}
