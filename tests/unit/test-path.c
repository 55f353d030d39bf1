/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"

typedef struct Root {
        char *path;
        int fd;
} Root;

static void root_open(Root *root)
{
        root->path = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        g_assert_nonnull(root->path);
        root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(root->fd, >=, 0);
}

static void root_close(Root *root)
{
        (void) fd_close(root->fd);
        g_assert_cmpint(remove_tree(AT_FDCWD, root->path), ==, 0);
        g_assert_false(g_file_test(root->path, G_FILE_TEST_EXISTS));
        g_free(root->path);
}

static void test_links_stay_inside(void)
{
        g_autofree char *inside = NULL;
        Root root;
        int fd;

        root_open(&root);
        g_assert_cmpint(mkdirat(root.fd, "etc", 0755), ==, 0);
        g_assert_cmpint(file_write_atomic(root.fd, "etc/passwd", "inside", 0644, false), ==, 0);
        g_assert_cmpint(symlinkat("/etc/passwd", root.fd, "link"), ==, 0);
        g_assert_cmpint(symlinkat("../../../../etc/passwd", root.fd, "up"), ==, 0);
        fd = path_open_in_root(root.fd, "/link", O_RDONLY, 0);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(file_read_fd(fd, 100, &inside, NULL), ==, 0);
        g_assert_cmpstr(inside, ==, "inside");
        (void) fd_close(fd);
        fd = path_open_in_root(root.fd, "up", O_RDONLY, 0);
        g_assert_cmpint(fd, >=, 0);
        (void) fd_close(fd);
        root_close(&root);
}

static void test_no_link_is_followed_beneath(void)
{
        Root root;

        root_open(&root);
        g_assert_cmpint(symlinkat("/etc", root.fd, "etc"), ==, 0);
        g_assert_cmpint(path_open_beneath(root.fd, "/etc/passwd", O_PATH, 0), ==, -ELOOP);
        g_assert_cmpint(path_make_directory(root.fd, "etc/x"), ==, -ELOOP);
        g_assert_cmpint(path_make_file(root.fd, "etc/x/y"), ==, -ELOOP);
        g_assert_cmpint(path_make_directory(root.fd, "a/../../b"), ==, -EXDEV);
        g_assert_false(g_file_test("/etc/x", G_FILE_TEST_EXISTS));
        root_close(&root);
}

static void test_making_is_idempotent(void)
{
        Root root;

        root_open(&root);
        for (int i = 0; i < 2; i++) {
                int dir = path_make_directory(root.fd, "/a/b//c/"),
                    file = path_make_file(root.fd, "a/b/f");

                g_assert_cmpint(dir, >=, 0);
                g_assert_cmpint(file, >=, 0);
                (void) fd_close(dir);
                (void) fd_close(file);
        }
        g_assert_cmpint(path_make_file(root.fd, "a/b/c"), ==, -EISDIR);
        root_close(&root);
}

static void test_atomic_write_keeps_the_old_file(void)
{
        g_autofree char *text = NULL;
        Root root;

        root_open(&root);
        g_assert_cmpint(file_write_atomic(root.fd, "f", "old", 0640, true), ==, 0);
        g_assert_cmpint(file_write_atomic(root.fd, "missing/f", "new", 0640, true), ==, -ENOENT);
        g_assert_cmpint(file_write_atomic(root.fd, "f", "new", 0640, true), ==, 0);
        g_assert_cmpint(file_read(root.fd, "f", 10, &text, NULL), ==, 0);
        g_assert_cmpstr(text, ==, "new");
        root_close(&root);
}

static void test_reading_is_careful(void)
{
        char *text = NULL;
        Root root;
        int fd;

        root_open(&root);
        g_assert_cmpint(mkfifoat(root.fd, "fifo", 0600), ==, 0);
        g_assert_cmpint(symlinkat("fifo", root.fd, "link"), ==, 0);
        fd = openat(root.fd, "nul", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        g_assert_cmpint(write(fd, "a\0b", 3), ==, 3);
        (void) fd_close(fd);
        g_assert_cmpint(file_read(root.fd, "fifo", 10, &text, NULL), ==, -EINVAL);
        g_assert_cmpint(file_read(root.fd, "link", 10, &text, NULL), ==, -ELOOP);
        g_assert_cmpint(file_read(root.fd, ".", 10, &text, NULL), ==, -EISDIR);
        g_assert_cmpint(file_read(root.fd, "nul", 10, &text, NULL), ==, -EBADMSG);
        g_assert_cmpint(file_read(root.fd, "nul", 2, &text, NULL), ==, -EFBIG);
        root_close(&root);
}

static void test_normalized(void)
{
        static const char *const good[] = { "/", "/a", "/a/b.c", "/..a" };
        static const char *const bad[] = { "", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/../a" };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
                g_assert_true(path_is_normalized(good[i]));
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_false(path_is_normalized(bad[i]));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/path/links-stay-inside-the-root", test_links_stay_inside);
        g_test_add_func("/path/no-link-is-followed-beneath", test_no_link_is_followed_beneath);
        g_test_add_func("/path/making-twice-is-the-same", test_making_is_idempotent);
        g_test_add_func("/file/failed-write-keeps-the-old-file",
                        test_atomic_write_keeps_the_old_file);
        g_test_add_func("/file/only-plain-text-files-are-read", test_reading_is_careful);
        g_test_add_func("/path/normalized-paths-are-known", test_normalized);
        return g_test_run();
}
