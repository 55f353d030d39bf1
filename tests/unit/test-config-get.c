/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config-fixture.h"

static void test_unset(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("");

        assert_get(config, "lxc.uts.name", "");
        assert_get(config, "lxc.init.cmd", "");
        assert_get(config, "lxc.signal.halt", "0");
        assert_get(config, "lxc.tty.max", "0");
        assert_get(config, "lxc.autodev", "1");
        assert_get(config, "lxc.autodev.tmpfs.size", "500000");
        assert_get(config, "lxc.group", "");
        assert_get(config, "lxc.net", "");
        assert_get(config, "lxc.cap.keep", "");
        assert_get(config, "lxc.prlimit.nofile", "");
}

static void test_families(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.prlimit.nofile = 1234:unlimited\n"
                                                           "lxc.prlimit.core = 0\n"
                                                           "lxc.cgroup2.devices.allow = c 1:3 rwm\n"
                                                           "lxc.cgroup2.devices.allow = c 1:5 rwm\n"
                                                           "lxc.sysctl.net.core.somaxconn = 9\n"
                                                           "lxc.sysctl.net.core.somaxconn = 10\n");

        assert_get(config, "lxc.prlimit",
                   "lxc.prlimit.nofile = 1234:unlimited\nlxc.prlimit.core = 0\n");
        assert_get(
                config, "lxc.cgroup2",
                "lxc.cgroup2.devices.allow = c 1:3 rwm\nlxc.cgroup2.devices.allow = c 1:5 rwm\n");
        assert_get(config, "lxc.cgroup2.devices.allow", "c 1:3 rwm\nc 1:5 rwm\n");
        assert_get(config, "lxc.sysctl", "lxc.sysctl.net.core.somaxconn = 10\n");
        assert_get(config, "lxc.sysctl.net.core.somaxconn", "10");
}

static void test_old_names_are_taken(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok(
                "lxc.uts.name = a\nlxc.net.0.type = empty\nlxc.net.0.ipv4.address = 10.0.0.1/24");

        assert_get(config, "lxc.utsname", "a");
        assert_get(config, "lxc.network.0.type", "empty");
        assert_get(config, "lxc.network.ipv4", "10.0.0.1/24\n");
}

static void test_no_such_key(void)
{
        static const char *const names[] = {
                "lxc.nonsense",
                "lxc.net.0",
                "lxc.net.1.type",
                "lxc.net.0.vlan.id",
                "lxc.net.0.foo",
                "lxc.prlimit.foo",
                "lxc.namespace.share.foo",
                "uts.name",
                "",
        };
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.net.0.type = veth\n");

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                _cleanup_(error_done) Error error = ERROR_NULL;
                char *text = NULL;

                g_assert_cmpint(config_get(config, names[i], &text, &error), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_NO_SUCH_KEY);
                g_assert_null(text);
        }
}

static void test_list_keys(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.net.2.type = vlan\n");
        _cleanup_(strv_free_p) char **all = NULL, **some = NULL, **nic = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;

        g_assert_cmpint(config_list_keys(config, NULL, &all, NULL), ==, 0);
        g_assert_true(strv_contains(all, "lxc.uts.name"));
        g_assert_true(strv_contains(all, "lxc.net"));
        g_assert_cmpint(config_list_keys(config, "lxc.start.", &some, NULL), ==, 0);
        g_assert_cmpint(strv_length(some), ==, 3);
        g_assert_cmpint(config_list_keys(config, "lxc.net.2", &nic, NULL), ==, 0);
        g_assert_cmpstr(nic[0], ==, "type");
        g_assert_true(strv_contains(nic, "vlan.id"));
        g_assert_false(strv_contains(nic, "veth.pair"));
        g_assert_cmpint(config_list_keys(config, "lxc.net.3", &nic, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NO_SUCH_KEY);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-get/unset-keys-give-their-defaults", test_unset);
        g_test_add_func("/config-get/families-give-lines", test_families);
        g_test_add_func("/config-get/old-names-are-taken", test_old_names_are_taken);
        g_test_add_func("/config-get/other-names-are-no-such-key", test_no_such_key);
        g_test_add_func("/config-get/keys-are-listed-by-prefix", test_list_keys);
        return g_test_run();
}
