/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/resource.h>

#include "scratch.h"
#include "storage/hostname.h"

static void test_replaced(void)
{
        static const struct {
                const char *before, *after;
                int result;
        } cases[] = {
                { "old", "new1", 1 },
                { "old\n", "new1", 1 },
                { "  old \n\n", "new1", 1 },
                { "new1", "new1", 0 },
                { "new1\n", "new1\n", 0 },
                { "older\n", "older\n", 0 },
                { "", "", 0 },
                { "# a comment\nold\n", "# a comment\nold\n", 0 },
                /* Killed before the end of the longer name was cut off. */
                { "new1\n\n\n\n", "new1", 1 },
                { "new1\n\nx\n", "new1\n\nx\n", 0 },
                { "new12\n\n", "new12\n\n", 0 },
        };
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "etc");
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *text = NULL;

                scratch_write(&scratch, "etc/hostname", cases[i].before, 0644);
                g_assert_cmpint(hostname_replace(scratch.fd, "old", "new1", NULL), ==,
                                cases[i].result);
                text = scratch_read(&scratch, "etc/hostname");
                g_assert_cmpstr(text, ==, cases[i].after);
        }
        scratch_done(&scratch);
}

/* Other names of the file, its mode and its inode stay, and links lead nowhere. */
static void test_in_place(void)
{
        g_autofree char *text = NULL, *outside = NULL;
        struct stat st;
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "root");
        scratch_mkdir(&scratch, "root/etc");
        scratch_write(&scratch, "outside", "old-and-long\n", 0644);
        scratch_write(&scratch, "root/file", "old-and-long\n", 0640);
        g_assert_cmpint(symlinkat("../../outside", scratch.fd, "root/etc/hostname"), ==, 0);
        {
                int root_fd = openat(scratch.fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

                g_assert_cmpint(hostname_write(root_fd, "new", NULL), ==, 0);
                g_assert_cmpint(unlinkat(root_fd, "etc/hostname", 0), ==, 0);
                g_assert_cmpint(hostname_write(root_fd, "new", NULL), ==, 0);
                g_assert_cmpint(linkat(root_fd, "file", root_fd, "etc/hostname", 0), ==, 0);
                g_assert_cmpint(hostname_write(root_fd, "new", NULL), ==, 1);
                (void) close(root_fd);
        }
        outside = scratch_read(&scratch, "outside");
        g_assert_cmpstr(outside, ==, "old-and-long\n");
        text = scratch_read(&scratch, "root/file");
        g_assert_cmpstr(text, ==, "new");
        g_assert_cmpint(fstatat(scratch.fd, "root/etc/hostname", &st, 0), ==, 0);
        g_assert_cmpint(st.st_nlink, ==, 2);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        scratch_done(&scratch);
}

/* What cannot be written is what it was. */
static void test_no_room(void)
{
        const struct rlimit none = { .rlim_cur = 0, .rlim_max = RLIM_INFINITY };
        struct rlimit before;
        g_autofree char *text = NULL;
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "etc");
        scratch_write(&scratch, "etc/hostname", "old\n", 0644);
        g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
        (void) signal(SIGXFSZ, SIG_IGN);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
        g_assert_cmpint(hostname_replace(scratch.fd, "old", "new", NULL), ==, -EFBIG);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
        text = scratch_read(&scratch, "etc/hostname");
        g_assert_cmpstr(text, ==, "old\n");
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/hostname/is-replaced-where-it-is-the-old-one", test_replaced);
        g_test_add_func("/hostname/is-written-in-place-and-inside", test_in_place);
        g_test_add_func("/hostname/stays-where-there-is-no-room", test_no_room);
        return g_test_run();
}
