/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Two trees held against each other: everything that a copy is to keep. */

#include <dirent.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "scratch.h"
#include "storage/copy/copy.h"

/* Copies from/ to to/, which is made. */
static inline int tree_try_copy(const Scratch *scratch, unsigned threads, Error *reterr)
{
        CopyStats stats;
        int from_fd, to_fd, r;

        scratch_mkdir(scratch, "to");
        from_fd = openat(scratch->fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        to_fd = openat(scratch->fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = tree_copy(&(TreeCopy){ .from_fd = from_fd,
                                   .to_fd = to_fd,
                                   .from = "FROM",
                                   .to = "TO",
                                   .threads = threads },
                      &stats, reterr);
        (void) close(from_fd);
        (void) close(to_fd);
        return r;
}

static inline void tree_copy_well(const Scratch *scratch, unsigned threads)
{
        Error error = ERROR_NULL;

        if (tree_try_copy(scratch, threads, &error) < 0)
                g_error("%s", error_message(&error));
}

static inline int tree_flags(int fd)
{
        int flags = 0;

        return ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0
                       ? 0
                       : flags & (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL);
}

/* Type, owner, mode, times, size, device: as text, so that a difference can be read. The time at which
 * a symlink was read is none of it, as that cannot be done without a trace. */
static inline char *tree_status(int dir_fd, const char *name)
{
        struct stat st;

        g_assert_cmpint(fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
        return g_strdup_printf("%s: mode %o, owner %u:%u, links %lu, size %ld, device %u:%u, "
                               "modified %ld.%09ld, read %ld.%09ld",
                               name, st.st_mode, st.st_uid, st.st_gid,
                               S_ISDIR(st.st_mode) ? 0 : (unsigned long) st.st_nlink,
                               S_ISDIR(st.st_mode) ? 0 : st.st_size, major(st.st_rdev),
                               minor(st.st_rdev), st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                               S_ISLNK(st.st_mode) ? 0 : st.st_atim.tv_sec,
                               S_ISLNK(st.st_mode) ? 0 : st.st_atim.tv_nsec);
}

static inline int tree_compare_strings(gconstpointer a, gconstpointer b)
{
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* "NAME=VALUE" in hexadecimal, sorted, in lines. */
static inline char *tree_xattrs(int dir_fd, const char *name)
{
        g_autofree char *path = g_strdup_printf("/proc/self/fd/%d/%s", dir_fd, name);
        g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
        static char names[65536], value[65536];
        ssize_t n = llistxattr(path, names, sizeof(names));

        for (const char *at = names; n > 0 && at < names + n; at += strlen(at) + 1) {
                GString *line = g_string_new(at);
                ssize_t length = lgetxattr(path, at, value, sizeof(value));

                g_assert_cmpint(length, >=, 0);
                g_string_append_c(line, '=');
                for (ssize_t i = 0; i < length; i++)
                        g_string_append_printf(line, "%02x", (unsigned char) value[i]);
                g_ptr_array_add(lines, g_string_free(line, FALSE));
        }
        g_ptr_array_sort(lines, tree_compare_strings);
        g_ptr_array_add(lines, NULL);
        return g_strjoinv("\n", (char **) lines->pdata);
}

static inline void tree_same_text(char *from, char *to)
{
        g_assert_cmpstr(from, ==, to);
        g_free(from);
        g_free(to);
}

static inline void tree_same_content(int from_fd, int to_fd)
{
        char a[65536], b[sizeof(a)];
        ssize_t n;

        do {
                n = read(from_fd, a, sizeof(a));
                g_assert_cmpint(n, >=, 0);
                g_assert_cmpint(read(to_fd, b, sizeof(b)), ==, n);
                g_assert_cmpint(memcmp(a, b, (size_t) n), ==, 0);
        } while (n > 0);
}

static inline void tree_same(int from_dir, int to_dir);

static inline void tree_same_opened(int from_dir, int to_dir, const char *name)
{
        int from_fd = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
        int to_fd = openat(to_dir, name, O_RDONLY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC);
        struct stat st;

        g_assert_cmpint(from_fd, >=, 0);
        g_assert_cmpint(to_fd, >=, 0);
        g_assert_cmpint(tree_flags(to_fd), ==, tree_flags(from_fd));
        g_assert_cmpint(fstat(from_fd, &st), ==, 0);
        if (S_ISDIR(st.st_mode))
                tree_same(from_fd, to_fd);
        else
                tree_same_content(from_fd, to_fd);
        (void) close(from_fd);
        (void) close(to_fd);
}

static inline void tree_same_entry(int from_dir, int to_dir, const char *name)
{
        char from[PATH_MAX] = "", to[PATH_MAX] = "";
        struct stat st;

        tree_same_text(tree_status(from_dir, name), tree_status(to_dir, name));
        tree_same_text(tree_xattrs(from_dir, name), tree_xattrs(to_dir, name));
        g_assert_cmpint(fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
        if (S_ISLNK(st.st_mode)) {
                g_assert_cmpint(readlinkat(from_dir, name, from, sizeof(from) - 1), >, 0);
                g_assert_cmpint(readlinkat(to_dir, name, to, sizeof(to) - 1), >, 0);
                g_assert_cmpstr(from, ==, to);
        } else if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
                tree_same_opened(from_dir, to_dir, name);
}

static inline unsigned tree_count(int fd)
{
        DIR *dir = fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 3));
        unsigned n = 0;

        g_assert_nonnull(dir);
        rewinddir(dir);
        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n;
}

/* Each entry's status before its content is read, which would change its times. */
static inline void tree_same(int from_dir, int to_dir)
{
        DIR *dir = fdopendir(fcntl(from_dir, F_DUPFD_CLOEXEC, 3));
        struct dirent *entry;

        g_assert_nonnull(dir);
        rewinddir(dir);
        while ((entry = readdir(dir)))
                if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                        tree_same_entry(from_dir, to_dir, entry->d_name);
        (void) closedir(dir);
        g_assert_cmpuint(tree_count(to_dir), ==, tree_count(from_dir));
}

static inline void tree_same_trees(const Scratch *scratch)
{
        int from_fd = openat(scratch->fd, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int to_fd = openat(scratch->fd, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        tree_same_text(tree_status(from_fd, "."), tree_status(to_fd, "."));
        tree_same_text(tree_xattrs(from_fd, "."), tree_xattrs(to_fd, "."));
        tree_same(from_fd, to_fd);
        (void) close(from_fd);
        (void) close(to_fd);
}
