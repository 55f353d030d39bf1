/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* With the kernel itself, in a user and a network namespace of the test's own: no root is needed,
 * and nothing outside is touched. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <string.h>

#include "base/strv.h"
#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/route.h"

static bool have_namespaces;

static Netlink *open_here(int netns_fd)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Netlink *netlink = NULL;

        (void) netlink_open(netns_fd, &netlink, &error);
        g_assert_cmpstr(error_message(&error), ==, "No error");
        return netlink;
}

/* A second network namespace; the process stays in the first. */
static int other_namespace(void)
{
        _cleanup_(fd_close_p) int own_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        int fd;

        g_assert_cmpint(unshare(CLONE_NEWNET), ==, 0);
        fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(setns(own_fd, CLONE_NEWNET), ==, 0);
        return fd;
}

static void test_veth_is_one_message(void)
{
        static const unsigned char address[6] = { 0x02, 0, 0, 0, 0, 0x17 };
        _cleanup_(netlink_free_p) Netlink *here = open_here(-EBADF), *there = NULL;
        _cleanup_(fd_close_p) int fd = other_namespace();
        LinkSpec bridge = LINK_SPEC_NULL, peer = LINK_SPEC_NULL, veth = LINK_SPEC_NULL;
        LinkInfo master, host, inside;

        there = open_here(fd);
        bridge.kind = "bridge";
        bridge.name = "br-test";
        bridge.up = true;
        g_assert_cmpint(link_create(here, &bridge, NULL), ==, 0);
        g_assert_cmpint(link_get(here, "br-test", &master, NULL), ==, 0);
        g_assert_cmpstr(master.kind, ==, "bridge");
        g_assert_false(master.vlan_filtering);

        peer.name = "eth%d";
        peer.netns_fd = fd;
        peer.address = address;
        peer.mtu = 1400;
        veth.kind = "veth";
        veth.name = "v-host";
        veth.mtu = 1400;
        veth.master = master.index;
        veth.n_rx_queues = veth.n_tx_queues = 3;
        veth.up = true;
        veth.peer = &peer;
        g_assert_cmpint(link_create(here, &veth, NULL), ==, 0);

        g_assert_cmpint(link_get(here, "v-host", &host, NULL), ==, 0);
        g_assert_cmpint(host.master, ==, master.index);
        g_assert_cmpuint(host.mtu, ==, 1400);
        g_assert_true(host.flags & IFF_UP);
        g_assert_cmpint(link_get(there, "eth0", &inside, NULL), ==, 0);
        g_assert_cmpmem(inside.address, (int) inside.n_address, address, sizeof(address));
        g_assert_cmpuint(inside.mtu, ==, 1400);
        g_assert_false(inside.flags & IFF_UP);

        g_assert_cmpint(link_delete(here, host.index, "v-host", NULL), ==, 0);
        g_assert_cmpint(link_get(there, "eth0", &inside, NULL), ==, -ENODEV);
        g_assert_cmpint(link_delete(here, master.index, "br-test", NULL), ==, 0);
}

static void make_pair(Netlink *netlink, const char *name, const char *peer_name)
{
        LinkSpec peer = LINK_SPEC_NULL, veth = LINK_SPEC_NULL;

        peer.name = peer_name;
        veth.kind = "veth";
        veth.name = name;
        veth.peer = &peer;
        g_assert_cmpint(link_create(netlink, &veth, NULL), ==, 0);
}

static void drop_pair(Netlink *netlink, const char *name)
{
        LinkInfo link;

        g_assert_cmpint(link_get(netlink, name, &link, NULL), ==, 0);
        g_assert_cmpint(link_delete(netlink, link.index, name, NULL), ==, 0);
}

static void test_link_is_changed_and_moved(void)
{
        static const unsigned char address[6] = { 0x02, 0, 0, 0, 0, 0x42 };
        _cleanup_(netlink_free_p) Netlink *here = open_here(-EBADF), *there = NULL;
        _cleanup_(fd_close_p) int fd = other_namespace();
        LinkChange change = LINK_CHANGE_NULL;
        LinkInfo link;

        there = open_here(fd);
        make_pair(here, "v-0", "v-1");
        g_assert_cmpint(link_get(here, "v-1", &link, NULL), ==, 0);
        change.netns_fd = fd;
        change.new_index = 1007;
        change.name = "inside";
        change.address = address;
        change.n_address = sizeof(address);
        change.mtu = 1280;
        change.alias = "an alias";
        change.up = true;
        g_assert_cmpint(link_change(here, link.index, "v-1", &change, NULL), ==, 0);

        g_assert_cmpint(link_get(here, "v-1", &link, NULL), ==, -ENODEV);
        g_assert_cmpint(link_get(there, "inside", &link, NULL), ==, 0);
        g_assert_cmpmem(link.address, (int) link.n_address, address, sizeof(address));
        g_assert_cmpint(link.index, ==, 1007);
        g_assert_cmpuint(link.mtu, ==, 1280);
        g_assert_true(link.flags & IFF_UP);
        g_assert_cmpstr(link.alias, ==, "an alias");
        drop_pair(here, "v-0");
}

static void test_altname_may_be_long(void)
{
        _cleanup_(netlink_free_p) Netlink *netlink = open_here(-EBADF);
        _cleanup_(error_done) Error error = ERROR_NULL;
        LinkInfo link;

        make_pair(netlink, "v-0", "v-1");
        g_assert_cmpint(link_get(netlink, "v-0", &link, NULL), ==, 0);
        g_assert_cmpint(link_add_altname(netlink, link.index, "a-name-of-a-container-eth0", NULL),
                        ==, 0);
        g_assert_cmpint(link_get(netlink, "a-name-of-a-container-eth0", &link, NULL), ==, 0);
        g_assert_cmpstr(link.name, ==, "v-0");
        g_assert_cmpint(link_add_altname(netlink, link.index, "a-name-of-a-container-eth0", &error),
                        ==, -EEXIST);
        drop_pair(netlink, "v-0");
}

static void test_errors_say_what_and_why(void)
{
        _cleanup_(netlink_free_p) Netlink *netlink = open_here(-EBADF);
        _cleanup_(error_done) Error error = ERROR_NULL;
        LinkSpec spec = LINK_SPEC_NULL;
        char name[8192];
        LinkInfo link;

        g_assert_cmpint(link_get(netlink, "nowhere", &link, &error), ==, -ENODEV);
        g_assert_cmpstr(error_message(&error), ==,
                        "Cannot find the interface 'nowhere': No such device");

        spec.kind = "no-such-kind";
        spec.name = "x";
        g_assert_cmpint(link_create(netlink, &spec, &error), ==, -EOPNOTSUPP);
        g_assert_nonnull(strstr(error_message(&error), "no-such-kind interface 'x': "));
        /* What only the kernel knows stands behind it. */
        g_assert_nonnull(strstr(error_message(&error), "(Unknown device type)"));

        /* Nothing is cut or wraps: it is refused. */
        memset(name, 'x', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        spec.kind = "dummy";
        spec.name = name;
        g_assert_cmpint(link_create(netlink, &spec, &error), ==, -EMSGSIZE);
        /* And the next one is not spoilt by it. */
        g_assert_cmpint(link_get(netlink, "lo", &link, NULL), ==, 0);
}

static void test_addresses_are_listed(void)
{
        _cleanup_(netlink_free_p) Netlink *netlink = open_here(-EBADF);
        _cleanup_(free_p) Address *found = NULL;
        unsigned four = 0, six = 0;
        LinkChange up = LINK_CHANGE_NULL;
        Address address;
        LinkInfo link;
        size_t n = 0;

        make_pair(netlink, "v-0", "v-1");
        g_assert_cmpint(link_get(netlink, "v-0", &link, NULL), ==, 0);
        up.up = true;
        g_assert_cmpint(link_change(netlink, link.index, "v-0", &up, NULL), ==, 0);
        for (unsigned i = 0; i < 200; i++) {
                _cleanup_(free_p) char *text = g_strdup_printf("10.1.0.%u/24 10.1.0.255", i);

                g_assert_cmpint(address_parse(AF_INET, text, &address), ==, 0);
                g_assert_cmpint(address_add(netlink, link.index, &address, NULL), ==, 0);
        }
        g_assert_cmpint(address_parse(AF_INET6, "fd00::7/64", &address), ==, 0);
        g_assert_cmpint(address_add(netlink, link.index, &address, NULL), ==, 0);
        g_assert_cmpint(address_add(netlink, link.index, &address, NULL), ==, -EEXIST);

        g_assert_cmpint(addresses_get(netlink, &found, &n, NULL), ==, 0);
        for (size_t i = 0; i < n; i++) {
                if (streq(found[i].interface, "lo"))
                        continue;
                g_assert_cmpstr(found[i].interface, ==, "v-0");
                if (found[i].family == AF_INET)
                        four++;
                else if (found[i].scope == RT_SCOPE_UNIVERSE)
                        six += memcmp(found[i].bytes, address.bytes, 16) == 0;
        }
        g_assert_cmpuint(four, ==, 200);
        g_assert_cmpuint(six, ==, 1);
        drop_pair(netlink, "v-0");
}

static void test_routes_and_proxies(void)
{
        _cleanup_(netlink_free_p) Netlink *netlink = open_here(-EBADF);
        _cleanup_(error_done) Error error = ERROR_NULL;
        LinkChange up = LINK_CHANGE_NULL;
        Address network, gateway;
        LinkInfo link;
        Route route;

        make_pair(netlink, "v-0", "v-1");
        g_assert_cmpint(link_get(netlink, "v-0", &link, NULL), ==, 0);
        up.up = true;
        g_assert_cmpint(link_change(netlink, link.index, "v-0", &up, NULL), ==, 0);
        g_assert_cmpint(address_parse(AF_INET, "10.2.0.0/16", &network), ==, 0);
        g_assert_cmpint(address_parse(AF_INET, "10.2.0.1/32", &gateway), ==, 0);

        route = (Route){ .family = AF_INET, .gateway = &gateway, .link = link.index };
        g_assert_cmpint(route_add(netlink, &route, &error), ==, -ENETUNREACH);
        g_assert_nonnull(strstr(error_message(&error), "default route via 10.2.0.1"));
        route = (Route){ .to = &network, .link = link.index };
        g_assert_cmpint(route_add(netlink, &route, NULL), ==, 0);
        g_assert_cmpint(route_add(netlink, &route, NULL), ==, -EEXIST);
        route = (Route){ .family = AF_INET, .gateway = &gateway, .link = link.index };
        g_assert_cmpint(route_add(netlink, &route, NULL), ==, 0);

        g_assert_cmpint(route_remove(netlink, &route, NULL), ==, 0);
        g_assert_cmpint(route_remove(netlink, &route, NULL), ==, -ESRCH);

        g_assert_cmpint(neighbour_proxy_add(netlink, link.index, &gateway, NULL), ==, 0);
        g_assert_cmpint(neighbour_proxy_remove(netlink, link.index, &gateway, NULL), ==, 0);
        g_assert_cmpint(neighbour_proxy_remove(netlink, link.index, &gateway, NULL), ==, -ENOENT);
        drop_pair(netlink, "v-0");
}

static void test_addresses_are_parsed(void)
{
        static const struct {
                int family;
                const char *text;
                int result;
        } cases[] = {
                { AF_INET, "10.0.3.1/24", 0 },
                { AF_INET, "10.0.3.1/32 10.0.3.255", 0 },
                { AF_INET6, "fd00::1/128", 0 },
                { AF_INET, "10.0.3.1", -EINVAL },
                { AF_INET, "10.0.3.1/33", -EINVAL },
                { AF_INET, "10.0.3.1/", -EINVAL },
                { AF_INET, "10.0.3.1/24 x", -EINVAL },
                { AF_INET, "10.0.3.1 /24", -EINVAL },
                { AF_INET, "/24", -EINVAL },
                { AF_INET6, "fd00::1/129", -EINVAL },
                { AF_INET6, "fd00::1/64 fd00::2", -EINVAL },
                { AF_INET6, "10.0.3.1/24", -EINVAL },
        };
        Address address;

        for (size_t i = 0; i < ELEMENTS(cases); i++)
                g_assert_cmpint(address_parse(cases[i].family, cases[i].text, &address), ==,
                                cases[i].result);
}

static void add(const char *name, void (*function)(void))
{
        if (have_namespaces)
                g_test_add_func(name, function);
        else
                g_test_message("%s: no user namespace may be made here, skipped", name);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        have_namespaces = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && link_up("lo") == 0;
        add("/netlink/veth-is-one-message", test_veth_is_one_message);
        add("/netlink/link-is-changed-and-moved", test_link_is_changed_and_moved);
        add("/netlink/altname-may-be-long", test_altname_may_be_long);
        add("/netlink/errors-say-what-and-why", test_errors_say_what_and_why);
        add("/netlink/addresses-are-listed", test_addresses_are_listed);
        add("/netlink/routes-and-proxies", test_routes_and_proxies);
        g_test_add_func("/netlink/addresses-are-parsed", test_addresses_are_parsed);
        return g_test_run();
}
