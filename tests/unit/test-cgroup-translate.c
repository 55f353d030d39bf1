/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <glib.h>

#include "runtime/cgroup-translate.h"

static void
assert_translation(const char *file, const char *value, const char *v2, const char *expected)
{
        const char *translated = NULL;
        char text[64] = "";

        g_assert_cmpint(cgroup_translate(file, value, &translated, text, sizeof(text)), ==, 0);
        g_assert_cmpstr(translated, ==, v2);
        g_assert_cmpstr(text, ==, expected);
}

static void test_version_1(void)
{
        assert_translation("cpu.shares", "1024", "cpu.weight", "39");
        assert_translation("memory.limit_in_bytes", "-1", "memory.max", "max");
        assert_translation("memory.limit_in_bytes", "64M", "memory.max", "64M");
        assert_translation("cpuset.cpus", "0-1", "cpuset.cpus", "0-1");
        /* Only the quota: the period in force stays. */
        assert_translation("cpu.cfs_quota_us", "50000", "cpu.max", "50000");
        assert_translation("cpu.cfs_quota_us", "-1", "cpu.max", "max");
}

static void test_version_2(void)
{
        assert_translation("memory.max", "1G", "memory.max", "1G");
        assert_translation("no.such", "1", "no.such", "1");
}

static void test_name_alone(void)
{
        const char *translated = NULL;

        g_assert_cmpint(cgroup_translate("cpu.shares", NULL, &translated, NULL, 0), ==, 0);
        g_assert_cmpstr(translated, ==, "cpu.weight");
}

static void test_bad(void)
{
        const char *translated = NULL;
        char text[8];

        g_assert_cmpint(cgroup_translate("cpu.shares", "many", &translated, text, sizeof(text)), ==,
                        -EINVAL);
        g_assert_cmpint(
                cgroup_translate("memory.max", "123456789", &translated, text, sizeof(text)), ==,
                -EINVAL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cgroup-translate/version-1-is-translated", test_version_1);
        g_test_add_func("/cgroup-translate/version-2-stays", test_version_2);
        g_test_add_func("/cgroup-translate/a-name-to-read", test_name_alone);
        g_test_add_func("/cgroup-translate/what-is-no-value-is-refused", test_bad);
        return g_test_run();
}
