/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <linux/fs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "scratch.h"

static void test_absent_is_done(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        g_assert_cmpint(remove_entry(scratch.fd, "nothing", NULL), ==, 0);
        scratch_done(&scratch);
}

static void test_any_names(void)
{
        static const char *const names[] = { "a b", "\xff\xfe", "new\nline", "-rf", "*", "..." };
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "tree");
        scratch_mkdir(&scratch, "tree/empty");
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *file = g_strdup_printf("tree/%s", names[i]);
                g_autofree char *dir = g_strdup_printf("tree/empty/%s", names[i]);

                scratch_write(&scratch, file, "x", 0000);
                scratch_mkdir(&scratch, dir);
        }
        g_assert_cmpint(mkfifoat(scratch.fd, "tree/fifo", 0600), ==, 0);
        g_assert_cmpint(remove_entry(scratch.fd, "tree", NULL), ==, 0);
        g_assert_false(scratch_has(&scratch, "tree"));
        scratch_done(&scratch);
}

static void test_symlinks_are_not_followed(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "tree");
        scratch_mkdir(&scratch, "outside");
        scratch_write(&scratch, "outside/file", "x", 0644);
        g_assert_cmpint(symlinkat("../outside", scratch.fd, "tree/link"), ==, 0);
        g_assert_cmpint(symlinkat("outside", scratch.fd, "link"), ==, 0);
        g_assert_cmpint(remove_entry(scratch.fd, "tree", NULL), ==, 0);
        g_assert_cmpint(remove_entry(scratch.fd, "link", NULL), ==, 0);
        g_assert_true(scratch_has(&scratch, "outside/file"));
        g_assert_false(scratch_has(&scratch, "link"));
        scratch_done(&scratch);
}

/* Deeper than any path can name, and than there may be open files. */
static void test_depth_has_no_limit(void)
{
        const unsigned depth = 3000;
        Scratch scratch;
        int fd;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "tree");
        fd = openat(scratch.fd, "tree", O_RDONLY | O_DIRECTORY);
        for (unsigned i = 0; i < depth; i++) {
                int next;

                g_assert_cmpint(mkdirat(fd, "directory", 0755), ==, 0);
                next = openat(fd, "directory", O_RDONLY | O_DIRECTORY);
                g_assert_cmpint(next, >=, 0);
                (void) close(fd);
                fd = next;
                if (i % 100 == 0)
                        g_assert_cmpint(symlinkat("x", fd, "leaf"), ==, 0);
        }
        (void) close(fd);
        g_assert_cmpint(remove_entry(scratch.fd, "tree", NULL), ==, 0);
        g_assert_false(scratch_has(&scratch, "tree"));
        scratch_done(&scratch);
}

static void test_many_entries(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "tree");
        for (unsigned i = 0; i < 3000; i++) {
                g_autofree char *name = g_strdup_printf("tree/%u", i);

                if (i % 10 == 0)
                        scratch_mkdir(&scratch, name);
                else
                        scratch_write(&scratch, name, "", 0644);
        }
        g_assert_cmpint(remove_entry(scratch.fd, "tree", NULL), ==, 0);
        g_assert_false(scratch_has(&scratch, "tree"));
        scratch_done(&scratch);
}

static int set_immutable(const Scratch *scratch, const char *name)
{
        int flags = 0, fd = openat(scratch->fd, name, O_RDONLY), r = -1;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
                flags |= FS_IMMUTABLE_FL;
                r = ioctl(fd, FS_IOC_SETFLAGS, &flags);
        }
        (void) close(fd);
        return r;
}

static void test_immutable(void)
{
        Scratch scratch;

        if (skip_unless_root())
                return;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "tree");
        scratch_mkdir(&scratch, "tree/sub");
        scratch_write(&scratch, "tree/sub/file", "x", 0644);
        if (set_immutable(&scratch, "tree/sub/file") < 0)
                g_test_skip("this file system has no immutable flag");
        else {
                g_assert_cmpint(set_immutable(&scratch, "tree/sub"), ==, 0);
                g_assert_cmpint(set_immutable(&scratch, "tree"), ==, 0);
                g_assert_cmpint(remove_entry(scratch.fd, "tree", NULL), ==, 0);
                g_assert_false(scratch_has(&scratch, "tree"));
        }
        scratch_done(&scratch);
}

/* In a mount namespace of its own. Exits 0 when all held, 77 when mounting is not allowed here. */
static void remove_with_mount(const Scratch *scratch)
{
        g_autofree char *target = scratch_path(scratch, "tree/a/mounted");
        g_autofree char *inside = scratch_path(scratch, "tree/a/mounted/file");
        Error error = ERROR_NULL;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", target, "tmpfs", 0, NULL) < 0)
                _exit(77);
        g_assert_true(g_file_set_contents(inside, "x", 1, NULL));
        g_assert_cmpint(remove_entry(scratch->fd, "tree", &error), <, 0);
        g_assert_nonnull(strstr(error_message(&error), "mounted"));
        g_assert_true(g_file_test(inside, G_FILE_TEST_EXISTS));
        g_assert_false(scratch_has(scratch, "tree/b"));
        _exit(0);
}

static void test_mounts_are_not_crossed(void)
{
        Scratch scratch;
        int status;
        pid_t pid;

        if (skip_unless_root())
                return;
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "tree");
        scratch_mkdir(&scratch, "tree/a");
        scratch_mkdir(&scratch, "tree/a/mounted");
        scratch_mkdir(&scratch, "tree/b");
        pid = fork();
        if (pid == 0)
                remove_with_mount(&scratch);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 77)
                g_test_skip("mounting is not allowed here");
        else
                g_assert_cmpint(WEXITSTATUS(status), ==, 0);
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/remove/what-is-absent-is-done", test_absent_is_done);
        g_test_add_func("/remove/takes-any-name-and-type", test_any_names);
        g_test_add_func("/remove/does-not-follow-symlinks", test_symlinks_are_not_followed);
        g_test_add_func("/remove/depth-has-no-limit", test_depth_has_no_limit);
        g_test_add_func("/remove/takes-many-entries", test_many_entries);
        g_test_add_func("/remove/clears-immutable-flags", test_immutable);
        g_test_add_func("/remove/does-not-cross-mounts", test_mounts_are_not_crossed);
        return g_test_run();
}
