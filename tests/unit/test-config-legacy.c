/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config-fixture.h"

#include "config/keys.h"

static const char old[] = "lxc.utsname = ct01\n"
                          "lxc.rootfs.backend = overlayfs\n"
                          "lxc.rootfs = /low:/up\n"
                          "lxc.mount = /f\n"
                          "lxc.tty = 4\n"
                          "lxc.pts = 1024\n"
                          "lxc.devttydir = lxc\n"
                          "lxc.haltsignal = SIGPWR\n"
                          "lxc.id_map = u 0 100000 65536\n"
                          "lxc.seccomp = /s\n"
                          "lxc.kmsg = 0\n"
                          "lxc.pivotdir = lxc_putold\n"
                          "lxc.limit.nofile = 10\n"
                          "lxc.cgroup.memory.limit_in_bytes = 1G\n"
                          "lxc.network.type = veth\n"
                          "lxc.network.link = br0\n"
                          "lxc.network.ipv4 = 10.0.0.2/24\n"
                          "lxc.network.type = empty\n"
                          "lxc.network.name = eth9\n";

static void test_old_names_mean_their_successors(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok(old);

        g_assert_cmpstr(config->uts_name, ==, "ct01");
        g_assert_cmpstr(config->rootfs.path, ==, "overlayfs:/low:/up");
        g_assert_cmpstr(config->mount.fstab, ==, "/f");
        g_assert_cmpint(config->terminal.tty_max, ==, 4);
        g_assert_cmpint(config->namespace.n_idmaps, ==, 1);
        assert_get(config, "lxc.prlimit.nofile", "10");
        assert_get(config, "lxc.net", "veth\nempty\n");
        assert_get(config, "lxc.net.0.link", "br0");
        assert_get(config, "lxc.net.0.ipv4.address", "10.0.0.2/24\n");
        assert_get(config, "lxc.net.1.name", "eth9");
}

static void test_every_old_name_is_taken(void)
{
        for (size_t i = 0; i < config_keys_n; i++) {
                _cleanup_(config_free_p) Config *config = NULL;
                g_autofree char *line = NULL;

                if (!config_keys[i].legacy || streq(config_keys[i].name, "lxc.mount.fstab"))
                        continue;
                /* An empty value is right for every key. */
                line = g_strdup_printf("%s =\n", config_keys[i].legacy);
                config = parse_ok(line);
        }
}

static void test_old_names_are_no_current_ones(void)
{
        for (size_t i = 0; i < config_keys_n; i++) {
                KeyRef key;

                if (config_keys[i].legacy)
                        g_assert_false(config_key_find(config_keys[i].legacy, &key));
        }
}

static void test_backend_before_or_behind_the_path(void)
{
        assert_text_get("lxc.rootfs = /x\nlxc.rootfs.backend = lvm\n", "lxc.rootfs.path", "/x");
        {
                _cleanup_(config_free_p) Config *config =
                        parse_ok("lxc.rootfs = /x\nlxc.rootfs.backend = lvm\n");

                g_assert_cmpstr(config->rootfs.path, ==, "lvm:/x");
        }
        assert_parse_error("lxc.rootfs.backend = floppy\n",
                           "Line 1 of 'test.conf': The key 'lxc.rootfs.backend' has the value "
                           "'floppy', expected a storage backend such as dir, btrfs, lvm, loop, "
                           "zfs or overlay");
}

static void test_one_warning_a_key(void)
{
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(config_free_p) Config *config = NULL;

        g_assert_cmpint(config_parse_text("\nlxc.utsname = a\nlxc.utsname = b\nlxc.kmsg = 1\n"
                                          "lxc.network.type = empty\nlxc.rootfs.backend = dir\n",
                                          "old.conf", &config, &warnings, NULL),
                        ==, 0);
        g_assert_cmpint(strv_length(warnings), ==, 4);
        g_assert_cmpstr(
                warnings[0], ==,
                "The key 'lxc.utsname' is now called 'lxc.uts.name' (line 2 of 'old.conf')");
        g_assert_cmpstr(warnings[1], ==,
                        "The key 'lxc.kmsg' was removed in LXC 3.0 and has no effect (line 4 of "
                        "'old.conf')");
        g_assert_cmpstr(
                warnings[2], ==,
                "The key 'lxc.network.type' is now called 'lxc.net.0.type' (line 5 of 'old.conf')");
        g_assert_cmpstr(warnings[3], ==,
                        "The key 'lxc.rootfs.backend' is now part of 'lxc.rootfs.path', "
                        "BACKEND:SOURCE (line 6 of 'old.conf')");
}

static void test_nic_key_before_the_first_type(void)
{
        assert_parse_error("lxc.network.link = br0\n",
                           "Line 1 of 'test.conf': The key 'lxc.network.link' stands before the "
                           "first 'lxc.network.type'");
}

static void test_names_between_the_generations(void)
{
        assert_text_get("lxc.net.2.type = veth\nlxc.net.2.ipv4 = 10.0.0.1/24\n",
                        "lxc.net.2.ipv4.address", "10.0.0.1/24\n");
        assert_parse_error("lxc.net.2.ipv4.ipv4 = 10.0.0.1/24\n",
                           "Line 1 of 'test.conf': Unknown key 'lxc.net.2.ipv4.ipv4'");
        assert_parse_error("lxc.network.2.foo = 1\n",
                           "Line 1 of 'test.conf': Unknown key 'lxc.network.2.foo'");
}

static void test_what_is_printed_is_current(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok(old);
        _cleanup_(free_p) char *text = config_print(config);
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(config_free_p) Config *again = NULL;

        g_assert_cmpint(config_parse_text(text, "new", &again, &warnings, NULL), ==, 0);
        g_assert_null(warnings);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-legacy/old-names-mean-their-successors",
                        test_old_names_mean_their_successors);
        g_test_add_func("/config-legacy/every-old-name-is-taken", test_every_old_name_is_taken);
        g_test_add_func("/config-legacy/old-names-are-no-current-ones",
                        test_old_names_are_no_current_ones);
        g_test_add_func("/config-legacy/the-backend-stands-before-or-behind-the-path",
                        test_backend_before_or_behind_the_path);
        g_test_add_func("/config-legacy/there-is-one-warning-a-key", test_one_warning_a_key);
        g_test_add_func("/config-legacy/a-nic-key-needs-a-type-before-it",
                        test_nic_key_before_the_first_type);
        g_test_add_func("/config-legacy/names-between-the-generations-are-taken",
                        test_names_between_the_generations);
        g_test_add_func("/config-legacy/what-is-printed-has-current-names",
                        test_what_is_printed_is_current);
        return g_test_run();
}
