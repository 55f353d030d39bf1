/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config-fixture.h"

#include "config/data-path.h"
#include "config/summary.h"
#include "config/system-config.h"

static void assert_system(const SystemConfig *config, const char *key, const char *expected)
{
        const char *value;

        g_assert_cmpint(system_config_get(config, key, &value, NULL), ==, 0);
        g_assert_cmpstr(value, ==, expected);
}

static void test_system(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *path = scratch_path(&scratch, "lxc.conf");
        _cleanup_(system_config_free_p) SystemConfig *config = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        const char *value;

        scratch_write(&scratch, "lxc.conf",
                      "# x\nlxc.lxcpath = /srv/lxc//\nlxc.lxcpath = /other\n"
                      "lxc.default_config=/d\nlxc.bdev.zfs.root = tank/lxc\nlxc.what = 1\n"
                      "lxc.hook.timeout = 90\n");
        g_assert_cmpint(system_config_load_file(path, &config, NULL), ==, 0);
        g_assert_cmpstr(system_config_container_path(config), ==, "/srv/lxc");
        g_assert_cmpstr(system_config_default_config(config), ==, "/d");
        assert_system(config, "lxc.bdev.zfs.root", "tank/lxc");
        assert_system(config, "lxc.bdev.lvm.vg", "lxc");
        assert_system(config, "lxc.cgroup.use", "");
        assert_system(config, "lxc.hook.timeout", "90");
        g_assert_cmpuint(system_config_hook_timeout(config), ==, 90000000);
        g_assert_cmpint(system_config_get(config, "lxc.what", &value, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NO_SUCH_KEY);
        scratch_remove(&scratch);
}

static void test_system_errors(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *path = scratch_path(&scratch, "lxc.conf");
        _cleanup_(error_done) Error error = ERROR_NULL;
        SystemConfig *config = NULL;

        g_assert_cmpint(system_config_load_file(path, &config, NULL), ==, -ENOENT);
        scratch_write(&scratch, "lxc.conf", "\nlxc.lxcpath\n");
        g_assert_cmpint(system_config_load_file(path, &config, &error), <, 0);
        g_assert_true(g_str_has_prefix(error_message(&error), "Line 2 of '"));
        scratch_write(&scratch, "lxc.conf", "lxc.lxcpath = here\n");
        g_assert_cmpint(system_config_load_file(path, &config, &error), <, 0);
        g_assert_nonnull(strstr(error_message(&error), "expected an absolute path"));
        scratch_write(&scratch, "lxc.conf", "lxc.hook.timeout = soon\n");
        g_assert_cmpint(system_config_load_file(path, &config, &error), <, 0);
        g_assert_nonnull(strstr(error_message(&error), "expected seconds"));
        scratch_remove(&scratch);
}

static void test_system_keys_have_values(void)
{
        _cleanup_(system_config_free_p) SystemConfig *config = NULL;

        g_assert_cmpint(system_config_load_file("/dev/null", &config, NULL), <, 0);
        g_assert_cmpint(system_config_load(&config, NULL), ==, 0);
        for (const char *const *key = system_config_keys(); *key; key++) {
                const char *value = NULL;

                g_assert_cmpint(system_config_get(config, *key, &value, NULL), ==, 0);
                g_assert_nonnull(value);
        }
        g_assert_cmpint(system_config_container_path(config)[0], ==, '/');
        g_assert_cmpuint(system_config_hook_timeout(config), ==, 0);
}

static void test_summary(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *path = scratch_path(&scratch, "config");
        _cleanup_(config_summary_done) ConfigSummary summary = { 0 };

        scratch_write(&scratch, "config",
                      "lxc.rootfs.path = overlay:/l:/u\nlxc.group = a b\nlxc.start.auto = 1\n"
                      "lxc.start.order = -2\nlxc.start.delay = 3\nlxc.idmap = u 0 100000 10\n"
                      "lxc.ephemeral = 1\n");
        g_assert_cmpint(config_summary_load(path, &summary), ==, 0);
        g_assert_cmpstr(summary.rootfs, ==, "/l:/u");
        g_assert_cmpstr(summary.backend, ==, "overlay");
        g_assert_cmpint(strv_length(summary.groups), ==, 2);
        g_assert_true(summary.start_auto && summary.ephemeral && summary.unprivileged);
        g_assert_cmpint(summary.start_order, ==, -2);
        g_assert_cmpint(summary.start_delay, ==, 3);
        g_assert_null(summary.broken);
        g_assert_true(config_summary_is_current(&summary));
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_false(config_summary_is_current(&summary));
        scratch_remove(&scratch);
}

static void test_summary_of_a_broken_config(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *path = scratch_path(&scratch, "config");
        g_autofree char *expected =
                g_strdup_printf("Line 1 of '%s': Unknown key 'lxc.foo.bar'", path);
        _cleanup_(config_summary_done) ConfigSummary summary = { 0 };

        scratch_write(&scratch, "config", "lxc.foo.bar = 1\n");
        g_assert_cmpint(config_summary_load(path, &summary), ==, 0);
        g_assert_cmpstr(summary.broken, ==, expected);
        g_assert_true(config_summary_is_current(&summary));
        scratch_remove(&scratch);
}

static void test_data_path(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *ours = scratch_path(&scratch, "config/nagaya-test.conf");
        _cleanup_(free_p) char *a = NULL, *b = NULL, *c = NULL;

        scratch_write(&scratch, "config/nagaya-test.conf", "");
        g_assert_cmpint(
                data_path_resolve("/usr/share/lxc/config/nagaya-test.conf", scratch.path, &a), ==,
                0);
        g_assert_cmpstr(a, ==, ours);
        g_assert_cmpint(data_path_resolve("/usr/share/lxc/nagaya-none", scratch.path, &b), ==, 0);
        g_assert_cmpstr(b, ==, "/usr/share/lxc/nagaya-none");
        g_assert_cmpint(data_path_resolve("/etc/passwd", scratch.path, &c), ==, 0);
        g_assert_cmpstr(c, ==, "/etc/passwd");
        scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-system/the-first-line-of-a-key-wins", test_system);
        g_test_add_func("/config-system/errors-name-file-and-line", test_system_errors);
        g_test_add_func("/config-system/every-key-has-a-value", test_system_keys_have_values);
        g_test_add_func("/config-summary/a-summary-holds-what-a-list-shows", test_summary);
        g_test_add_func("/config-summary/a-broken-config-is-a-sentence",
                        test_summary_of_a_broken_config);
        g_test_add_func("/config-data/ours-stands-in-for-a-missing-file-of-lxc", test_data_path);
        return g_test_run();
}
