/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <glib.h>

#include "kernel/cgroup.h"

static void test_the_version_2_line_is_found(void)
{
        static const struct {
                const char *text;
                const char *expected;
        } cases[] = {
                { "0::/\n", "/" },
                { "0::/machine.slice/nagaya@ct01.service\n", "/machine.slice/nagaya@ct01.service" },
                { "0::/no/newline", "/no/newline" },
                { "9:name=systemd:/x\n8:pids:/y\n0::/z\n", "/z" },
                { "0::/a:b\n", "/a:b" },
                { "0::/..a\n", "/..a" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = NULL;

                g_assert_cmpint(cgroup_path_parse(cases[i].text, &path), ==, 0);
                g_assert_cmpstr(path, ==, cases[i].expected);
        }
}

static void test_what_is_not_ours_is_refused(void)
{
        static const struct {
                const char *text;
                int expected;
        } cases[] = {
                { "", -ENOENT },
                { "9:name=systemd:/x\n", -ENOENT },
                { "10::/x\n", -ENOENT },
                { "0::\n", -EBADMSG },
                { "0::relative\n", -EBADMSG },
                /* A process outside of our cgroup namespace, cgroup_namespaces(7). */
                { "0::/../other\n", -EBADMSG },
                { "0::/..\n", -EBADMSG },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                char *path = NULL;

                g_assert_cmpint(cgroup_path_parse(cases[i].text, &path), ==, cases[i].expected);
                g_assert_null(path);
        }
}

static void test_events_are_read(void)
{
        CgroupEvents events;

        g_assert_cmpint(cgroup_events_parse("populated 1\nfrozen 0\n", &events), ==, 0);
        g_assert_true(events.populated);
        g_assert_false(events.frozen);
        g_assert_cmpint(cgroup_events_parse("populated 0\nfrozen 1\nnew 3\n", &events), ==, 0);
        g_assert_false(events.populated);
        g_assert_true(events.frozen);
        g_assert_cmpint(cgroup_events_parse("populated 0\n", &events), ==, -EBADMSG);
        g_assert_cmpint(cgroup_events_parse("", &events), ==, -EBADMSG);
}

static void test_kills_for_want_of_memory_are_read(void)
{
        uint64_t kills;

        g_assert_cmpint(
                cgroup_oom_kills_parse("low 0\noom 7\noom_kill 3\noom_group_kill 1\n", &kills), ==,
                0);
        g_assert_cmpuint(kills, ==, 3);
        g_assert_cmpint(cgroup_oom_kills_parse("oom_kill 4", &kills), ==, 0);
        g_assert_cmpuint(kills, ==, 4);
        g_assert_cmpint(cgroup_oom_kills_parse("low 0\noom_group_kill 1\n", &kills), ==, -EBADMSG);
        g_assert_cmpint(cgroup_oom_kills_parse("oom_kill \n", &kills), ==, -EBADMSG);
        g_assert_cmpint(cgroup_oom_kills_parse("oom_kill 4x\n", &kills), ==, -EBADMSG);
        g_assert_cmpint(cgroup_oom_kills_parse("", &kills), ==, -EBADMSG);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cgroup/the-version-2-line-is-found", test_the_version_2_line_is_found);
        g_test_add_func("/cgroup/what-is-not-ours-is-refused", test_what_is_not_ours_is_refused);
        g_test_add_func("/cgroup/events-are-read", test_events_are_read);
        g_test_add_func("/cgroup/kills-for-want-of-memory-are-read",
                        test_kills_for_want_of_memory_are_read);
        return g_test_run();
}
