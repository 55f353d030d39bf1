/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <signal.h>

#include "runtime/attach-child.h"
#include "runtime/stop.h"

static void test_a_user_is_a_line_of_passwd(void)
{
        static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
                                     "short:x:5:5\n"
                                     "bad:x:six:6::/:/bin/sh\n"
                                     "relative:x:7:7::home:/bin/sh\n"
                                     ":x:8:8::/:/bin/sh\n"
                                     "joe:x:1000:100:Joe,,:/home/joe:/bin/sh\n"
                                     "joe2:x:1000:101::/home/joe2:/bin/sh";
        static const struct {
                uid_t uid;
                const char *name;
                const char *home;
                gid_t gid;
        } cases[] = {
                { 0, "root", "/root", 0 }, { 1000, "joe", "/home/joe", 100 }, /* the first of two */
                { 5, NULL, NULL, 0 },      { 6, NULL, NULL, 0 },
                { 7, NULL, NULL, 0 },      { 8, NULL, NULL, 0 },
                { 4000, NULL, NULL, 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *name = NULL, *home = NULL;
                gid_t gid = 0;

                g_assert_cmpint(attach_find_user(passwd, cases[i].uid, &name, &home, &gid), ==,
                                cases[i].name ? 1 : 0);
                g_assert_cmpstr(name, ==, cases[i].name);
                g_assert_cmpstr(home, ==, cases[i].home);
                g_assert_cmpuint(gid, ==, cases[i].gid);
        }
}

static void test_blocked_signals_are_read(void)
{
        /* Of a systemd as init. */
        static const char status[] = "Name:\tsystemd\nSigPnd:\t0000000000000000\n"
                                     "SigBlk:\t7be3c0fe28014a03\nSigIgn:\t0000000000001000\n";

        g_assert_true(stop_blocks_signal(status, SIGRTMIN + 3));
        g_assert_true(stop_blocks_signal(status, SIGINT));
        g_assert_false(stop_blocks_signal(status, SIGQUIT));
        g_assert_false(stop_blocks_signal(status, 0));
        g_assert_false(stop_blocks_signal(status, 65));
        g_assert_false(stop_blocks_signal("Name:\tSigBlk:ffffffffffffffff\n", SIGRTMIN + 3));
        g_assert_false(stop_blocks_signal("", SIGRTMIN + 3));
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/attach/a-user-is-a-line-of-passwd", test_a_user_is_a_line_of_passwd);
        g_test_add_func("/stop/blocked-signals-are-read", test_blocked_signals_are_read);
        return g_test_run();
}
