/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/strv.h"

int link_up(const char *name)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct ifreq request = { 0 };
        size_t n = strlen(name);

        if (n >= sizeof(request.ifr_name))
                return -ENODEV;
        memcpy(request.ifr_name, name, n);
        /* Any socket answers for the interfaces of its namespace: netdevice(7). */
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
                return -errno;
        request.ifr_flags |= IFF_UP;
        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void take_bridge(Netlink *netlink, const struct nlattr *nest, LinkInfo *info)
{
        const struct nlattr *attributes[IFLA_BR_MAX + 1];
        unsigned char filtering = 0;

        netlink_parse_nested(netlink, nest, attributes, IFLA_BR_MAX);
        (void) netlink_get(attributes[IFLA_BR_VLAN_FILTERING], &filtering, sizeof(filtering));
        (void) netlink_get(attributes[IFLA_BR_VLAN_DEFAULT_PVID], &info->default_vlan,
                           sizeof(info->default_vlan));
        info->vlan_filtering = filtering;
}

static void take_kind(Netlink *netlink, const struct nlattr *nest, LinkInfo *info)
{
        const struct nlattr *attributes[IFLA_INFO_MAX + 1];

        netlink_parse_nested(netlink, nest, attributes, IFLA_INFO_MAX);
        netlink_get_string(attributes[IFLA_INFO_KIND], info->kind, sizeof(info->kind));
        if (streq(info->kind, "bridge"))
                take_bridge(netlink, attributes[IFLA_INFO_DATA], info);
}

/* Return: whether the message is about a link. */
static bool take_info(Netlink *netlink, const struct nlmsghdr *message, LinkInfo *ret)
{
        const struct ifinfomsg *header = NLMSG_DATA(message);
        const struct nlattr *attributes[IFLA_MAX + 1];
        LinkInfo info = { 0 };

        if (message->nlmsg_type != RTM_NEWLINK ||
            message->nlmsg_len < NLMSG_LENGTH(sizeof(*header)))
                return false;
        netlink_parse(netlink, message, sizeof(*header), attributes, IFLA_MAX);
        info.index = header->ifi_index;
        info.flags = header->ifi_flags;
        info.mtu = netlink_get_u32(attributes[IFLA_MTU]);
        info.master = (int) netlink_get_u32(attributes[IFLA_MASTER]);
        info.n_address = netlink_get(attributes[IFLA_ADDRESS], info.address, sizeof(info.address));
        info.n_own_address = netlink_get(attributes[IFLA_PERM_ADDRESS], info.own_address,
                                         sizeof(info.own_address));
        netlink_get_string(attributes[IFLA_IFNAME], info.name, sizeof(info.name));
        netlink_get_string(attributes[IFLA_IFALIAS], info.alias, sizeof(info.alias));
        take_kind(netlink, attributes[IFLA_LINKINFO], &info);
        *ret = info;
        return true;
}

static int take_one(Netlink *netlink, const struct nlmsghdr *message, void *userdata)
{
        (void) take_info(netlink, message, userdata);
        return 0;
}

int link_get(Netlink *netlink, const char *name, LinkInfo *ret, Error *reterr)
{
        struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
        LinkInfo info = { 0 };
        int r;

        netlink_begin(netlink, RTM_GETLINK, 0, &header, sizeof(header));
        netlink_put_string(netlink, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
        netlink_put_u32(netlink, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        r = netlink_call(netlink, take_one, &info, reterr, "Cannot find the interface '%s'", name);
        if (r == 0)
                *ret = info;
        return r;
}

typedef struct Each {
        LinkFunction function;
        void *userdata;
        int result;
} Each;

static int take_each(Netlink *netlink, const struct nlmsghdr *message, void *userdata)
{
        Each *each = userdata;
        LinkInfo info;

        if (each->result == 0 && take_info(netlink, message, &info))
                each->result = each->function(&info, each->userdata);
        return 0;
}

int links_each(Netlink *netlink, LinkFunction function, void *userdata, Error *reterr)
{
        struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
        Each each = { function, userdata, 0 };

        netlink_begin(netlink, RTM_GETLINK, NLM_F_DUMP, &header, sizeof(header));
        netlink_put_u32(netlink, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return netlink_call(netlink, take_each, &each, reterr, "Cannot list the interfaces");
}

/* ---- making ---------------------------------------------------------------------------------- */

static void put_common(Netlink *netlink, const LinkSpec *spec)
{
        if (spec->name)
                netlink_put_string(netlink, IFLA_IFNAME, spec->name);
        if (spec->netns_fd >= 0)
                netlink_put_u32(netlink, IFLA_NET_NS_FD, (uint32_t) spec->netns_fd);
        if (spec->mtu > 0)
                netlink_put_u32(netlink, IFLA_MTU, spec->mtu);
        if (spec->address)
                netlink_put(netlink, IFLA_ADDRESS, spec->address, 6);
        if (spec->n_rx_queues > 0)
                netlink_put_u32(netlink, IFLA_NUM_RX_QUEUES, spec->n_rx_queues);
        if (spec->n_tx_queues > 0)
                netlink_put_u32(netlink, IFLA_NUM_TX_QUEUES, spec->n_tx_queues);
        if (spec->parent > 0)
                netlink_put_u32(netlink, IFLA_LINK, (uint32_t) spec->parent);
        if (spec->master > 0)
                netlink_put_u32(netlink, IFLA_MASTER, (uint32_t) spec->master);
}

static struct ifinfomsg spec_header(const LinkSpec *spec)
{
        return (struct ifinfomsg){
                .ifi_family = AF_UNSPEC,
                .ifi_flags = spec->up ? IFF_UP : 0,
                .ifi_change = spec->up ? IFF_UP : 0,
        };
}

static void put_veth(Netlink *netlink, const LinkSpec *spec)
{
        struct ifinfomsg header = spec_header(spec->peer);
        struct nlattr *nest = netlink_nest(netlink, VETH_INFO_PEER, &header, sizeof(header));

        put_common(netlink, spec->peer);
        netlink_nest_end(netlink, nest);
}

static void put_macvlan(Netlink *netlink, const LinkSpec *spec)
{
        if (spec->mode >= 0)
                netlink_put_u32(netlink, IFLA_MACVLAN_MODE, (uint32_t) spec->mode);
}

static void put_ipvlan(Netlink *netlink, const LinkSpec *spec)
{
        if (spec->mode >= 0)
                netlink_put_u16(netlink, IFLA_IPVLAN_MODE, (uint16_t) spec->mode);
        netlink_put_u16(netlink, IFLA_IPVLAN_FLAGS, spec->isolation);
}

static void put_vlan(Netlink *netlink, const LinkSpec *spec)
{
        if (spec->vlan >= 0)
                netlink_put_u16(netlink, IFLA_VLAN_ID, (uint16_t) spec->vlan);
}

static const struct {
        const char *kind;
        void (*put)(Netlink *netlink, const LinkSpec *spec);
} kinds[] = {
        { "veth", put_veth },
        { "macvlan", put_macvlan },
        { "ipvlan", put_ipvlan },
        { "vlan", put_vlan },
};

static void put_kind(Netlink *netlink, const LinkSpec *spec)
{
        struct nlattr *nest = netlink_nest(netlink, IFLA_LINKINFO, NULL, 0), *data;

        netlink_put_string(netlink, IFLA_INFO_KIND, spec->kind);
        for (size_t i = 0; i < ELEMENTS(kinds); i++) {
                if (!streq(kinds[i].kind, spec->kind))
                        continue;
                data = netlink_nest(netlink, IFLA_INFO_DATA, NULL, 0);
                kinds[i].put(netlink, spec);
                netlink_nest_end(netlink, data);
        }
        netlink_nest_end(netlink, nest);
}

int link_create(Netlink *netlink, const LinkSpec *spec, Error *reterr)
{
        struct ifinfomsg header = spec_header(spec);

        netlink_begin(netlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
        put_common(netlink, spec);
        put_kind(netlink, spec);
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot make the %s interface '%s'",
                            spec->kind, spec->name ? spec->name : "");
}

/* ---- changing -------------------------------------------------------------------------------- */

int link_change(
        Netlink *netlink, int index, const char *name, const LinkChange *change, Error *reterr)
{
        struct ifinfomsg header = {
                .ifi_family = AF_UNSPEC,
                .ifi_index = index,
                .ifi_flags = change->up ? IFF_UP : 0,
                .ifi_change = change->up || change->down ? IFF_UP : 0,
        };

        netlink_begin(netlink, RTM_NEWLINK, 0, &header, sizeof(header));
        if (change->netns_fd >= 0)
                netlink_put_u32(netlink, IFLA_NET_NS_FD, (uint32_t) change->netns_fd);
        if (change->new_index > 0)
                netlink_put_u32(netlink, IFLA_NEW_IFINDEX, (uint32_t) change->new_index);
        if (change->address)
                netlink_put(netlink, IFLA_ADDRESS, change->address, change->n_address);
        if (change->mtu > 0)
                netlink_put_u32(netlink, IFLA_MTU, change->mtu);
        if (change->name)
                netlink_put_string(netlink, IFLA_IFNAME, change->name);
        if (change->alias)
                netlink_put_string(netlink, IFLA_IFALIAS, change->alias);
        if (change->master >= 0)
                netlink_put_u32(netlink, IFLA_MASTER, (uint32_t) change->master);
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot change the interface '%s'", name);
}

int link_add_altname(Netlink *netlink, int index, const char *name, Error *reterr)
{
        struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = index };
        struct nlattr *nest;

        netlink_begin(netlink, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, &header,
                      sizeof(header));
        nest = netlink_nest(netlink, IFLA_PROP_LIST, NULL, 0);
        netlink_put_string(netlink, IFLA_ALT_IFNAME, name);
        netlink_nest_end(netlink, nest);
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot name an interface '%s' as well",
                            name);
}

int link_delete(Netlink *netlink, int index, const char *name, Error *reterr)
{
        struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = index };

        netlink_begin(netlink, RTM_DELLINK, 0, &header, sizeof(header));
        return netlink_call(netlink, NULL, NULL, reterr, "Cannot delete the interface '%s'", name);
}
