/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "scratch.h"
#include "storage/backend/layers.h"
#include "storage/backend/rootfs.h"

static void test_parse(void)
{
        static const struct {
                const char *path, *backend, *source;
        } forms[] = {
                { "dir:/srv/root", "dir", "/srv/root" },
                { "/srv/not-there", "dir", "/srv/not-there" },
                { "none:/srv/root", "dir", "/srv/root" },
                { "btrfs:/srv/root", "btrfs", "/srv/root" },
                { "lvm:/dev/vg/lv", "lvm", "/dev/vg/lv" },
                { "loop:/srv/rootdev", "loop", "/srv/rootdev" },
                { "zfs:tank/ct01", "zfs", "tank/ct01" },
                { "zfs:/tank/ct01", "zfs", "/tank/ct01" },
                { "overlay:/a:/b:/c", "overlay", "/a:/b:/c" },
                { "overlayfs:/a:/b", "overlayfs", "/a:/b" },
                { "aufs:/a:/b", "aufs", "/a:/b" },
                { "nbd:/srv/disk.qcow2:1", "nbd", "/srv/disk.qcow2:1" },
                { "rbd:/dev/rbd/lxc/ct01", "rbd", "/dev/rbd/lxc/ct01" },
                { "/proc/self", "dir", "/proc/self" },
                { "/a:/b", "overlay", "/a:/b" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
                Rootfs rootfs = ROOTFS_NULL;

                g_assert_cmpint(rootfs_parse(forms[i].path, &rootfs, NULL), ==, 0);
                g_assert_cmpstr(rootfs.backend->name, ==, forms[i].backend);
                g_assert_cmpstr(rootfs.source, ==, forms[i].source);
                rootfs_done(&rootfs);
        }
}

static void assert_no_rootfs(const char *path, ErrorCode code)
{
        Rootfs rootfs = ROOTFS_NULL;
        Error error = ERROR_NULL;

        g_assert_cmpint(rootfs_parse(path, &rootfs, &error), <, 0);
        g_assert_cmpint(error.code, ==, (int) code);
        error_done(&error);
}

static void test_refused(void)
{
        assert_no_rootfs("dir:", ERROR_INVALID_CONFIG);
        assert_no_rootfs("/dev/null", ERROR_NOT_SUPPORTED);
}

static void test_layers(void)
{
        static const struct {
                const char *source, *lowers, *upper, *work;
        } forms[] = {
                { "/a:/b/delta0", "/a", "/b/delta0", "/b/olwork" },
                { "/a:/c:/b/overlay/delta", "/a /c", "/b/overlay/delta", "/b/overlay/work" },
                { "/a\\:b:/c\\\\d:/e", "/a:b /c\\d", "/e", "/olwork" },
        };
        static const char *const refused[] = { "",    "/a",     "/a:b",       "a:/b",
                                               "/a:", ":/a:/b", "/a:/b/../c", "/a:/" };

        for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
                g_autofree char *lowers = NULL, *printed = NULL;
                Overlay overlay = OVERLAY_NULL;

                g_assert_cmpint(overlay_parse(forms[i].source, &overlay, NULL), ==, 0);
                lowers = g_strjoinv(" ", overlay.lowers);
                g_assert_cmpstr(lowers, ==, forms[i].lowers);
                g_assert_cmpstr(overlay.upper, ==, forms[i].upper);
                g_assert_cmpstr(overlay.work, ==, forms[i].work);
                printed = overlay_print(overlay.lowers, overlay.upper);
                g_assert_cmpstr(printed, ==, forms[i].source);
                overlay_done(&overlay);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
                Overlay overlay = OVERLAY_NULL;
                Error error = ERROR_NULL;

                g_assert_cmpint(overlay_parse(refused[i], &overlay, &error), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
                error_done(&error);
        }
}

static void test_move(void)
{
        static const struct {
                const char *path, *expected;
        } paths[] = {
                { "/lxc/ct1", "/lxc/ct2" },
                { "/lxc/ct1/rootfs", "/lxc/ct2/rootfs" },
                { "/lxc/ct10/rootfs", "/lxc/ct10/rootfs" },
                { "/srv/lxc/ct1", "/srv/lxc/ct1" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                g_autofree char *moved = rootfs_path_move(paths[i].path, "/lxc/ct1", "/lxc/ct2");

                g_assert_cmpstr(moved, ==, paths[i].expected);
        }
}

static char *rename_to_ct2(const Backend *backend, const char *source, bool legacy)
{
        Volume volume = { .directory = "/lxc/ct2", .name = "ct2", .legacy = legacy };
        char *path = NULL;

        g_assert_cmpint(backend->rename(source, "/lxc/ct1", &volume, &path, NULL), ==, 0);
        return path;
}

static void test_rename(void)
{
        g_autofree char *dir = rename_to_ct2(&backend_dir, "/lxc/ct1/rootfs", false);
        g_autofree char *overlay =
                rename_to_ct2(&backend_overlay, "/lxc/base/rootfs:/lxc/ct1/overlay/delta", false);
        g_autofree char *own =
                rename_to_ct2(&backend_overlay, "/lxc/ct1/rootfs:/lxc/ct1/overlay/delta", false);
        g_autofree char *legacy =
                rename_to_ct2(&backend_overlayfs, "/lxc/base/rootfs:/lxc/ct1/delta0", true);

        g_assert_cmpstr(dir, ==, "dir:/lxc/ct2/rootfs");
        g_assert_cmpstr(overlay, ==, "overlay:/lxc/base/rootfs:/lxc/ct2/overlay/delta");
        g_assert_cmpstr(own, ==, "overlay:/lxc/ct2/rootfs:/lxc/ct2/overlay/delta");
        g_assert_cmpstr(legacy, ==, "overlayfs:/lxc/base/rootfs:/lxc/ct2/delta0");
}

/* A base with a file, a snapshot of it, and a snapshot of that. */
static void test_snapshot(gconstpointer data)
{
        bool legacy = data != NULL;
        g_autofree char *base = NULL, *first = NULL, *second = NULL, *one = NULL, *two = NULL,
                        *expected = NULL;
        Rootfs from = { .backend = &backend_dir };
        Scratch scratch;
        struct stat st;
        Volume volume;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "base");
        scratch_mkdir(&scratch, "one");
        scratch_mkdir(&scratch, "two");
        base = from.source = scratch_path(&scratch, "base");
        g_assert_cmpint(chmod(base, 0711), ==, 0);
        one = scratch_path(&scratch, "one");
        two = scratch_path(&scratch, "two");
        volume = (Volume){ .directory = one, .name = "one", .legacy = legacy };
        volume.dir_fd = openat(scratch.fd, "one", O_RDONLY | O_DIRECTORY);
        g_assert_cmpint(backend_overlay.snapshot(&from, &volume, &first, NULL), ==, 0);
        (void) close(volume.dir_fd);
        expected = legacy ? g_strdup_printf("overlayfs:%s:%s/delta0", base, one)
                          : g_strdup_printf("overlay:%s:%s/overlay/delta", base, one);
        g_assert_cmpstr(first, ==, expected);
        g_assert_true(scratch_has(&scratch, legacy ? "one/olwork" : "one/overlay/work"));
        g_assert_true(scratch_has(&scratch, "one/rootfs"));
        g_assert_cmpint(fstatat(scratch.fd, legacy ? "one/delta0" : "one/overlay/delta", &st, 0),
                        ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0711);
        g_assert_true(backend_overlay.needs_dependency(&from, NULL));

        g_assert_cmpint(rootfs_parse(first, &from, NULL), ==, 0);
        volume = (Volume){ .directory = two, .name = "two", .legacy = legacy };
        volume.dir_fd = openat(scratch.fd, "two", O_RDONLY | O_DIRECTORY);
        g_assert_cmpint(backend_overlay.snapshot(&from, &volume, &second, NULL), ==, 1);
        (void) close(volume.dir_fd);
        g_assert_true(g_str_has_prefix(backend_path(second), base));
        g_assert_null(strstr(second, "/one/"));
        g_assert_false(backend_overlay.needs_dependency(&from, NULL));
        rootfs_done(&from);
        scratch_done(&scratch);
}

static int open_rootfs(const char *path, const RootfsMount *mount, Error *reterr)
{
        Rootfs rootfs = ROOTFS_NULL;
        int fd = -EBADF, r;

        g_assert_cmpint(rootfs_parse(path, &rootfs, NULL), ==, 0);
        r = rootfs_open(&rootfs, mount, &fd, reterr);
        rootfs_done(&rootfs);
        return r < 0 ? r : fd;
}

static void test_open(void)
{
        g_autofree char *lower = NULL, *overlay = NULL;
        Scratch scratch;
        int fd;

        if (geteuid() != 0) {
                g_test_skip("mounting needs root");
                return;
        }
        scratch_init(&scratch);
        scratch_mkdir(&scratch, "low");
        scratch_mkdir(&scratch, "ct");
        scratch_write(&scratch, "low/file", "below", 0644);
        lower = scratch_path(&scratch, "low");
        fd = open_rootfs(lower, &(RootfsMount){ .flags = MS_RDONLY }, NULL);
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(mkdirat(fd, "no", 0755), <, 0);
        g_assert_cmpint(errno, ==, EROFS);
        (void) close(fd);

        overlay = g_strdup_printf("overlay:%s:%s/ct/delta", lower, scratch.path);
        fd = open_rootfs(overlay, &(RootfsMount){ .flags = 0 }, NULL);
        if (fd == -EROFS || fd == -EINVAL) {
                g_test_skip("the directory for temporary files cannot hold an upper directory");
        } else {
                g_assert_cmpint(fd, >=, 0);
                g_assert_cmpint(unlinkat(fd, "file", 0), ==, 0);
                g_assert_cmpint(mkdirat(fd, "new", 0755), ==, 0);
                (void) close(fd);
                g_assert_true(scratch_has(&scratch, "low/file"));
                g_assert_true(scratch_has(&scratch, "ct/delta/new"));
                g_assert_false(scratch_has(&scratch, "low/new"));
        }
        scratch_done(&scratch);
}

static void test_open_refused(void)
{
        Error error = ERROR_NULL;

        g_assert_cmpint(open_rootfs("dir:/", &(RootfsMount){ .data = "compress=zstd" }, &error), <,
                        0);
        g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
        error_done(&error);
        g_assert_cmpint(open_rootfs("dir:/nowhere", &(RootfsMount){ .flags = 0 }, &error), ==,
                        -ENOENT);
        error_done(&error);
        g_assert_cmpint(
                open_rootfs("overlay:/nowhere:/tmp/x", &(RootfsMount){ .flags = 0 }, &error), ==,
                -ENOENT);
        error_done(&error);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/rootfs/path-is-parsed-in-the-forms-of-all-generations", test_parse);
        g_test_add_func("/rootfs/path-that-names-nothing-is-refused", test_refused);
        g_test_add_func("/rootfs/layers-are-read-and-written", test_layers);
        g_test_add_func("/rootfs/path-follows-its-directory", test_move);
        g_test_add_func("/rootfs/rename-changes-what-lies-in-the-container", test_rename);
        g_test_add_data_func("/rootfs/overlay-snapshot-shares-the-lower", NULL, test_snapshot);
        g_test_add_data_func("/rootfs/overlay-snapshot-in-the-layout-of-lxc-1", "legacy",
                             test_snapshot);
        g_test_add_func("/rootfs/open-gives-a-detached-mount", test_open);
        g_test_add_func("/rootfs/open-says-why-not", test_open_refused);
        return g_test_run();
}
