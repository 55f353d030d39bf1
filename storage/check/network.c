/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks: which interfaces the kernel can make, and whose the default network is. */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/sched.h>
#include <string.h>

#include "base/strv.h"
#include "kernel/link.h"
#include "kernel/netfilter.h"
#include "storage/check/check.h"
#include "storage/network.h"
#include "storage/job/subprocess.h"

#define LXC_NET_UP "/run/lxc/network_up"

/* That there is no such kind the kernel says before it looks at what else is missing. */
static int make_link(int channel_fd, void *userdata, Error *reterr)
{
        _cleanup_(netlink_free_p) Netlink *netlink = NULL;
        LinkSpec spec = LINK_SPEC_NULL, peer = LINK_SPEC_NULL;
        int r;

        r = netlink_open(-EBADF, &netlink, reterr);
        if (r < 0)
                return r;
        spec.kind = userdata;
        spec.name = "probe";
        peer.name = "peer";
        if (streq(spec.kind, "veth"))
                spec.peer = &peer;
        r = link_create(netlink, &spec, reterr);
        return r == -EOPNOTSUPP ? r : 0;
}

static int probe_link(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Subprocess call = {
                .namespaces = CLONE_NEWNET,
                .main = make_link,
                .userdata = (void *) argument,
        };
        int r = subprocess_call(&call, &error);

        if (r == 0)
                return 1;
        if (r == -EOPNOTSUPP)
                return 0;
        *ret_detail = strdup(error_message(&error));
        return *ret_detail ? r : -ENOMEM;
}

static int probe_netfilter(const CheckInput *input, const char *argument, char **ret_detail)
{
        return netfilter_has_tables();
}

/* The first IPv4 address of the interface, as text; "" when it has none. */
static void first_address(const char *interface, char *ret, size_t size)
{
        struct ifaddrs *list = NULL;

        ret[0] = '\0';
        if (getifaddrs(&list) < 0)
                return;
        for (const struct ifaddrs *item = list; item && !ret[0]; item = item->ifa_next)
                if (item->ifa_addr && item->ifa_addr->sa_family == AF_INET &&
                    streq(item->ifa_name, interface))
                        (void) inet_ntop(AF_INET,
                                         &((const struct sockaddr_in *) item->ifa_addr)->sin_addr,
                                         ret, (socklen_t) size);
        freeifaddrs(list);
}

static const char *const keepers[] = {
        [NETWORK_NONE] = "nobody",
        [NETWORK_LXC] = "LXC's lxc-net",
        [NETWORK_SYSTEMD] = "systemd-networkd",
        [NETWORK_OTHER] = "the administrator",
};

static int probe_default_network(const CheckInput *input, const char *argument, char **ret_detail)
{
        char address[INET_ADDRSTRLEN];
        NetworkKeeper keeper = network_default_keeper();

        if (keeper == NETWORK_NONE)
                return 0;
        first_address(DEFAULT_BRIDGE, address, sizeof(address));
        *ret_detail = string_format("The bridge '" DEFAULT_BRIDGE "'%s%s, kept by %s",
                                    address[0] ? ", " : "", address, keepers[keeper]);
        if (!*ret_detail)
                return -ENOMEM;
        return 1;
}

static int probe_lxc_net(const CheckInput *input, const char *argument, char **ret_detail)
{
        if (access(LXC_NET_UP, F_OK) < 0)
                return 0;
        *ret_detail = strdup("LXC's own network is up: the bridge '" DEFAULT_BRIDGE
                             "' and the addresses on it are its affair");
        return *ret_detail ? 1 : -ENOMEM;
}

/* clang-format off */
const CheckRow checks_network[] = {
        { "veth", CHECK_MISSING, probe_link, "veth", "lxc.net.N.type = veth does not work" },
        { "bridge", CHECK_MISSING, probe_link, "bridge", "There can be no bridge to put a container's interface in" },
        { "macvlan", CHECK_MISSING, probe_link, "macvlan", "lxc.net.N.type = macvlan does not work" },
        { "ipvlan", CHECK_MISSING, probe_link, "ipvlan", "lxc.net.N.type = ipvlan does not work" },
        { "vlan", CHECK_MISSING, probe_link, "vlan", "lxc.net.N.type = vlan does not work" },
        { "netfilter", CHECK_MISSING, probe_netfilter, NULL, "A network of containers cannot be masqueraded" },
        { "default network", CHECK_MISSING, probe_default_network, NULL,
          "There is no bridge '" DEFAULT_BRIDGE "': new containers get no network by default. 'systemctl enable --now systemd-networkd' makes it" },
        { "lxc-net", CHECK_MISSING, probe_lxc_net, NULL, "LXC's own network is not up; it is not needed" },
        { NULL },
};
/* clang-format on */
