/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/error.h"
#include "scratch.h"
#include "storage/unit-files.h"

static void make_link(const Scratch *scratch, const char *name, const char *target)
{
        g_assert_cmpint(symlinkat(target, scratch->fd, name), ==, 0);
}

static void test_move(void)
{
        g_autofree char *system = NULL, *control = NULL, *absent = NULL, *text = NULL;
        char target[64] = "";
        Scratch scratch;

        scratch_init(&scratch);
        system = scratch_path(&scratch, "system");
        control = scratch_path(&scratch, "control");
        absent = scratch_path(&scratch, "absent");
        {
                const char *const directories[] = { system, absent, control, NULL };

                scratch_mkdir(&scratch, "system");
                scratch_mkdir(&scratch, "system/multi-user.target.wants");
                scratch_mkdir(&scratch, "system/other.wants");
                scratch_mkdir(&scratch, "control");
                scratch_mkdir(&scratch, "control/nagaya@a.service.d");
                make_link(&scratch, "system/multi-user.target.wants/nagaya@a.service",
                          "/lib/systemd/system/nagaya@.service");
                make_link(&scratch, "system/nagaya@a.service", "/dev/null");
                scratch_write(&scratch, "control/nagaya@a.service.d/50-MemoryMax.conf", "x\n",
                              0644);
                /* The administrator's own. */
                scratch_write(&scratch, "control/nagaya@a.service", "[Service]\n", 0644);
                g_assert_cmpint(
                        unit_files_move(directories, "nagaya@a.service", "nagaya@b.service", NULL),
                        >, 0);
                /* Done twice it is the same. */
                g_assert_cmpint(
                        unit_files_move(directories, "nagaya@a.service", "nagaya@b.service", NULL),
                        ==, 0);
        }
        g_assert_cmpint(readlinkat(scratch.fd, "system/multi-user.target.wants/nagaya@b.service",
                                   target, sizeof(target) - 1),
                        >, 0);
        g_assert_cmpstr(target, ==, "/lib/systemd/system/nagaya@.service");
        g_assert_true(scratch_has(&scratch, "system/nagaya@b.service"));
        g_assert_cmpuint(scratch_count(&scratch, "system/other.wants"), ==, 0);
        text = scratch_read(&scratch, "control/nagaya@b.service.d/50-MemoryMax.conf");
        g_assert_cmpstr(text, ==, "x\n");
        g_assert_cmpuint(scratch_count(&scratch, "system/multi-user.target.wants"), ==, 1);
        g_assert_false(scratch_has(&scratch, "system/nagaya@a.service"));
        g_assert_false(scratch_has(&scratch, "control/nagaya@a.service.d"));
        g_assert_true(scratch_has(&scratch, "control/nagaya@a.service"));
        scratch_done(&scratch);
}

static void test_remove(void)
{
        g_autofree char *system = NULL;
        Scratch scratch;

        scratch_init(&scratch);
        system = scratch_path(&scratch, "system");
        {
                const char *const directories[] = { system, NULL };

                scratch_mkdir(&scratch, "system");
                scratch_mkdir(&scratch, "system/multi-user.target.wants");
                scratch_mkdir(&scratch, "system/nagaya@a.service.d");
                make_link(&scratch, "system/multi-user.target.wants/nagaya@a.service",
                          "/lib/systemd/system/nagaya@.service");
                make_link(&scratch, "system/multi-user.target.wants/nagaya@aa.service",
                          "/lib/systemd/system/nagaya@.service");
                scratch_write(&scratch, "system/nagaya@a.service.d/50-MemoryMax.conf", "x\n", 0644);
                g_assert_cmpint(unit_files_remove(directories, "nagaya@a.service", NULL), >, 0);
                g_assert_cmpint(unit_files_remove(directories, "nagaya@a.service", NULL), ==, 0);
        }
        g_assert_false(scratch_has(&scratch, "system/nagaya@a.service.d"));
        g_assert_cmpuint(scratch_count(&scratch, "system/multi-user.target.wants"), ==, 1);
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/unit-files/enablement-mask-and-drop-ins-are-moved", test_move);
        g_test_add_func("/unit-files/all-of-a-unit-is-removed", test_remove);
        return g_test_run();
}
