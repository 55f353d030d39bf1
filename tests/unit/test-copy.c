/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a copy keeps. How it behaves when it is hindered: test-copy-hostile.c. */

#include "tree-fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

static void age(const Scratch *scratch, const char *name)
{
        const struct timespec times[] = { { 1000000000, 123456789 }, { 1100000000, 987654321 } };

        g_assert_cmpint(utimensat(scratch->fd, name, times, AT_SYMLINK_NOFOLLOW), ==, 0);
}

static void make_socket(const Scratch *scratch, const char *name)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
                        scratch->fd, name);
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        (void) close(fd);
}

/* One of each type that needs no right, with names that nobody would choose. */
static void make_some(const Scratch *scratch)
{
        static const char *const names[] = {
                "a b", "\xff\xfe", "new\nline", "-rf", "...", ".#links"
        };

        scratch_mkdir(scratch, "from");
        scratch_mkdir(scratch, "from/dir");
        scratch_mkdir(scratch, "from/dir/sub");
        scratch_mkdir(scratch, "from/empty");
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *file = g_strdup_printf("from/dir/sub/%s", names[i]);
                g_autofree char *dir = g_strdup_printf("from/empty/%s", names[i]);

                scratch_write(scratch, file, names[i], 0600 + (mode_t) i);
                scratch_mkdir(scratch, dir);
                age(scratch, file);
        }
        scratch_write(scratch, "from/dir/nothing", "", 0444);
        scratch_write(scratch, "from/dir/everybody", "x", 0666);
        scratch_write(scratch, "from/dir/setuid", "x", 06755);
        g_assert_cmpint(mkfifoat(scratch->fd, "from/dir/fifo", 0640), ==, 0);
        g_assert_cmpint(symlinkat("/nowhere/at all", scratch->fd, "from/dir/link"), ==, 0);
        make_socket(scratch, "from/dir/socket");
        age(scratch, "from/dir/link");
        age(scratch, "from/dir/fifo");
        g_assert_cmpint(fchmodat(scratch->fd, "from/empty", 01777, 0), ==, 0);
        g_assert_cmpint(fchmodat(scratch->fd, "from/dir", 02750, 0), ==, 0);
        age(scratch, "from/dir/sub");
        age(scratch, "from/dir");
        age(scratch, "from");
}

static void test_any_names_and_types(gconstpointer threads)
{
        Scratch scratch;

        scratch_init(&scratch);
        make_some(&scratch);
        tree_copy_well(&scratch, GPOINTER_TO_UINT(threads));
        tree_same_trees(&scratch);
        scratch_done(&scratch);
}

static void test_umask_and_acl_are_not_inherited(void)
{
        /* user::rwx, user:1000:rwx, group::r-x, mask::rwx, other::r-x */
        static const unsigned char acl[] = { 2,    0,    0,   0, 1,   0,   7,   0,    255,
                                             255,  255,  255, 2, 0,   7,   0,   0xe8, 3,
                                             0,    0,    4,   0, 5,   0,   255, 255,  255,
                                             255,  0x10, 0,   7, 0,   255, 255, 255,  255,
                                             0x20, 0,    5,   0, 255, 255, 255, 255 };
        g_autofree char *path = NULL;
        Scratch scratch;
        mode_t mask = umask(0077);

        scratch_init(&scratch);
        path = g_strdup_printf("/proc/self/fd/%d", scratch.fd);
        make_some(&scratch);
        if (setxattr(path, "system.posix_acl_default", acl, sizeof(acl), 0) < 0)
                g_test_message("This file system has no ACLs");
        tree_copy_well(&scratch, 0);
        tree_same_trees(&scratch);
        g_assert_cmpint(umask(mask), ==, 0077);
        scratch_done(&scratch);
}

static void test_source_is_not_touched(void)
{
        g_autofree char *before = NULL, *after = NULL;
        Scratch scratch;

        scratch_init(&scratch);
        make_some(&scratch);
        before = tree_status(scratch.fd, "from/dir/sub/a b");
        tree_copy_well(&scratch, 0);
        after = tree_status(scratch.fd, "from/dir/sub/a b");
        g_assert_cmpstr(before, ==, after);
        scratch_done(&scratch);
}

static struct stat status(const Scratch *scratch, const char *name)
{
        struct stat st;

        g_assert_cmpint(fstatat(scratch->fd, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
        return st;
}

static void make_link(const Scratch *scratch, const char *from, const char *to)
{
        g_assert_cmpint(linkat(scratch->fd, from, scratch->fd, to, 0), ==, 0);
}

static void test_hard_links(gconstpointer threads)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_write(&scratch, "from/file", "content", 0640);
        g_assert_cmpint(symlinkat("file", scratch.fd, "from/link"), ==, 0);
        g_assert_cmpint(mkfifoat(scratch.fd, "from/fifo", 0600), ==, 0);
        for (unsigned i = 0; i < 50; i++) {
                g_autofree char *dir = g_strdup_printf("from/%u", i);
                g_autofree char *file = g_strdup_printf("%s/file", dir);
                g_autofree char *link = g_strdup_printf("%s/link", dir);
                g_autofree char *fifo = g_strdup_printf("%s/fifo", dir);

                scratch_mkdir(&scratch, dir);
                make_link(&scratch, "from/file", file);
                make_link(&scratch, "from/link", link);
                make_link(&scratch, "from/fifo", fifo);
        }
        tree_copy_well(&scratch, GPOINTER_TO_UINT(threads));
        tree_same_trees(&scratch);
        g_assert_cmpuint(status(&scratch, "to/7/file").st_ino, ==,
                         status(&scratch, "to/file").st_ino);
        g_assert_cmpuint(status(&scratch, "to/9/link").st_ino, ==,
                         status(&scratch, "to/link").st_ino);
        g_assert_cmpuint(status(&scratch, "to/3/fifo").st_ino, ==,
                         status(&scratch, "to/fifo").st_ino);
        scratch_done(&scratch);
}

/* One name of two lies outside of the tree. */
static void test_hard_link_out_of_the_tree(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_write(&scratch, "outside", "content", 0640);
        make_link(&scratch, "outside", "from/file");
        tree_copy_well(&scratch, 0);
        g_assert_cmpuint(status(&scratch, "to/file").st_nlink, ==, 1);
        g_assert_cmpuint(scratch_count(&scratch, "to"), ==, 1);
        g_assert_cmpuint(status(&scratch, "outside").st_nlink, ==, 2);
        scratch_done(&scratch);
}

static void write_at(int fd, off_t offset)
{
        g_assert_cmpint(pwrite(fd, "data", 4, offset), ==, 4);
}

static void test_holes(void)
{
        const off_t size = 64 << 20;
        Scratch scratch;
        int fd;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        fd = openat(scratch.fd, "from/sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        write_at(fd, 0);
        write_at(fd, size / 2 + 12345);
        g_assert_cmpint(ftruncate(fd, size), ==, 0);
        (void) close(fd);
        fd = openat(scratch.fd, "from/only-a-hole", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        g_assert_cmpint(ftruncate(fd, 12345), ==, 0);
        (void) close(fd);
        tree_copy_well(&scratch, 0);
        tree_same_trees(&scratch);
        g_assert_cmpint(status(&scratch, "to/sparse").st_blocks * 512, <, 1 << 20);
        g_assert_cmpint(status(&scratch, "to/only-a-hole").st_blocks, ==, 0);
        scratch_done(&scratch);
}

static void test_large_files(void)
{
        g_autofree char *data = g_malloc(5 << 20);
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        for (size_t i = 0; i < 5 << 20; i++)
                data[i] = (char) (i * 2654435761U >> 11);
        for (unsigned i = 0; i < 8; i++) {
                g_autofree char *name = g_strdup_printf("from/%u", i);
                g_autofree char *path = scratch_path(&scratch, name);

                /* About the sizes at which the engine changes its mind. */
                g_assert_true(g_file_set_contents(path, data,
                                                  (gssize) ((1 << (15 + i)) + i % 3) - 1, NULL));
        }
        tree_copy_well(&scratch, 4);
        tree_same_trees(&scratch);
        scratch_done(&scratch);
}

static void set_xattr(const Scratch *scratch, const char *name, const char *xattr, size_t size)
{
        g_autofree char *path = scratch_path(scratch, name);
        g_autofree char *value = g_malloc0(size + 1);

        (void) memset(value, 'v', size);
        if (lsetxattr(path, xattr, value, size, 0) < 0)
                g_test_message("No '%s' on '%s': %s", xattr, name, g_strerror(errno));
}

static void test_xattrs(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        make_some(&scratch);
        set_xattr(&scratch, "from", "user.top", 3);
        set_xattr(&scratch, "from/dir", "user.dir", 0);
        set_xattr(&scratch, "from/dir/everybody", "user.one", 10);
        set_xattr(&scratch, "from/dir/everybody", "user.two", 2000);
        tree_copy_well(&scratch, 0);
        tree_same_trees(&scratch);
        scratch_done(&scratch);
}

/* What only root can make: owners, devices, capabilities, layers of an overlay. */
static void make_privileged(const Scratch *scratch)
{
        /* struct vfs_ns_cap_data, version 2: CAP_NET_RAW, effective */
        static const unsigned char capability[20] = { 1, 0, 0, 2, 0, 0x20 };
        g_autofree char *path = scratch_path(scratch, "from/dir/ping");

        scratch_write(scratch, "from/dir/ping", "x", 0755);
        g_assert_cmpint(fchownat(scratch->fd, "from/dir/ping", 7, 8, 0), ==, 0);
        g_assert_cmpint(setxattr(path, "security.capability", capability, sizeof(capability), 0),
                        ==, 0);
        g_assert_cmpint(mknodat(scratch->fd, "from/null", S_IFCHR | 0666, makedev(1, 3)), ==, 0);
        g_assert_cmpint(mknodat(scratch->fd, "from/loop", S_IFBLK | 0660, makedev(7, 99)), ==, 0);
        g_assert_cmpint(mknodat(scratch->fd, "from/whiteout", S_IFCHR, makedev(0, 0)), ==, 0);
        set_xattr(scratch, "from/empty", "trusted.overlay.opaque", 1);
        set_xattr(scratch, "from/dir/link", "trusted.of-a-link", 5);
        set_xattr(scratch, "from/null", "trusted.of-a-device", 5);
        g_assert_cmpint(fchownat(scratch->fd, "from/dir/link", 100000, 100001, AT_SYMLINK_NOFOLLOW),
                        ==, 0);
        g_assert_cmpint(fchownat(scratch->fd, "from/null", 0, 5, 0), ==, 0);
        g_assert_cmpint(fchownat(scratch->fd, "from/dir/setuid", 100, 0, 0), ==, 0);
        g_assert_cmpint(fchmodat(scratch->fd, "from/dir/setuid", 06711, 0), ==, 0);
        g_assert_cmpint(fchownat(scratch->fd, "from/empty", 1, 1, 0), ==, 0);
        g_assert_cmpint(fchownat(scratch->fd, "from", 12, 13, 0), ==, 0);
}

static void test_privileged(gconstpointer threads)
{
        Scratch scratch;

        if (skip_unless_root())
                return;
        scratch_init(&scratch);
        make_some(&scratch);
        make_privileged(&scratch);
        tree_copy_well(&scratch, GPOINTER_TO_UINT(threads));
        tree_same_trees(&scratch);
        scratch_done(&scratch);
}

static gboolean set_flags(const Scratch *scratch, const char *name, int add)
{
        int flags = 0, fd = openat(scratch->fd, name, O_RDONLY | O_CLOEXEC);
        gboolean done = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0;

        flags |= add;
        done = done && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
        (void) close(fd);
        return done;
}

static void test_flags(void)
{
        Scratch scratch;

        if (skip_unless_root())
                return;
        scratch_init(&scratch);
        make_some(&scratch);
        make_link(&scratch, "from/dir/everybody", "from/dir/sub/everybody");
        if (!set_flags(&scratch, "from/dir/everybody", FS_IMMUTABLE_FL))
                g_test_skip("this file system has no immutable flag");
        else {
                g_assert_true(set_flags(&scratch, "from/dir/sub/a b", FS_APPEND_FL));
                g_assert_true(set_flags(&scratch, "from/dir/nothing", FS_NODUMP_FL));
                g_assert_true(set_flags(&scratch, "from/dir/sub", FS_IMMUTABLE_FL));
                g_assert_true(set_flags(&scratch, "from/dir", FS_IMMUTABLE_FL));
                g_assert_true(set_flags(&scratch, "from", FS_APPEND_FL));
                tree_copy_well(&scratch, 2);
                tree_same_trees(&scratch);
        }
        scratch_done(&scratch);
}

typedef struct Progress {
        CopyStats last;
        unsigned n;
} Progress;

static void on_progress(const CopyStats *done, void *userdata)
{
        Progress *progress = userdata;

        g_assert_cmpuint(done->files, >=, progress->last.files);
        g_assert_cmpuint(done->bytes, >=, progress->last.bytes);
        progress->last = *done;
        progress->n++;
}

static void test_progress(void)
{
        Progress progress = { 0 };
        CopyStats stats;
        Scratch scratch;
        int from_fd, to_fd;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "from");
        scratch_mkdir(&scratch, "to");
        scratch_mkdir(&scratch, "from/dir");
        scratch_write(&scratch, "from/dir/file", "12345", 0644);
        g_assert_cmpint(symlinkat("x", scratch.fd, "from/link"), ==, 0);
        from_fd = openat(scratch.fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        to_fd = openat(scratch.fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(tree_copy(&(TreeCopy){ .from_fd = from_fd,
                                               .to_fd = to_fd,
                                               .from = "FROM",
                                               .to = "TO",
                                               .progress = on_progress,
                                               .userdata = &progress },
                                  &stats, NULL),
                        ==, 0);
        /* The directory itself is one of them. */
        g_assert_cmpuint(stats.files, ==, 4);
        g_assert_cmpuint(stats.bytes, ==, 5);
        /* The first at once, the others some time apart. */
        g_assert_cmpuint(progress.n, >=, 1);
        g_assert_cmpuint(progress.n, <, 4);
        (void) close(from_fd);
        (void) close(to_fd);
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (unsigned i = 1; i <= 8; i *= 2) {
                g_autofree char *any =
                        g_strdup_printf("/copy/keeps-any-name-and-type/%u-threads", i);
                g_autofree char *links = g_strdup_printf("/copy/keeps-hard-links/%u-threads", i);
                g_autofree char *root = g_strdup_printf("/copy/keeps-what-is-root's/%u-threads", i);

                g_test_add_data_func(any, GUINT_TO_POINTER(i), test_any_names_and_types);
                g_test_add_data_func(links, GUINT_TO_POINTER(i), test_hard_links);
                g_test_add_data_func(root, GUINT_TO_POINTER(i), test_privileged);
        }
        g_test_add_func("/copy/inherits-no-umask-and-no-acl", test_umask_and_acl_are_not_inherited);
        g_test_add_func("/copy/leaves-no-trace-in-the-source", test_source_is_not_touched);
        g_test_add_func("/copy/links-nothing-out-of-the-tree", test_hard_link_out_of_the_tree);
        g_test_add_func("/copy/keeps-holes", test_holes);
        g_test_add_func("/copy/takes-files-of-any-size", test_large_files);
        g_test_add_func("/copy/keeps-extended-attributes", test_xattrs);
        g_test_add_func("/copy/keeps-flags", test_flags);
        g_test_add_func("/copy/counts-and-tells", test_progress);
        return g_test_run();
}
