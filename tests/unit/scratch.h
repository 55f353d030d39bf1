/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of a test, and what tests write into it. */

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/copy/remove.h"

typedef struct Scratch {
        char *path;
        int fd;
} Scratch;

static inline void scratch_init(Scratch *scratch)
{
        scratch->path = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        g_assert_nonnull(scratch->path);
        scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(scratch->fd, >=, 0);
}

static inline void scratch_done(Scratch *scratch)
{
        g_autofree char *name = g_path_get_basename(scratch->path);
        int parent_fd = openat(scratch->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        g_assert_cmpint(remove_entry(parent_fd, name, NULL), ==, 0);
        g_assert_false(g_file_test(scratch->path, G_FILE_TEST_EXISTS));
        (void) close(parent_fd);
        (void) close(scratch->fd);
        g_free(scratch->path);
}

static inline void
scratch_write(const Scratch *scratch, const char *name, const char *text, mode_t mode)
{
        int fd = openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(write(fd, text, strlen(text)), ==, strlen(text));
        g_assert_cmpint(fchmod(fd, mode), ==, 0);
        (void) close(fd);
}

static inline void scratch_mkdir(const Scratch *scratch, const char *name)
{
        g_assert_cmpint(mkdirat(scratch->fd, name, 0755), ==, 0);
}

static inline gboolean scratch_has(const Scratch *scratch, const char *name)
{
        struct stat st;

        return fstatat(scratch->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline char *scratch_path(const Scratch *scratch, const char *name)
{
        return g_build_filename(scratch->path, name, NULL);
}

static inline char *scratch_read(const Scratch *scratch, const char *name)
{
        g_autofree char *path = scratch_path(scratch, name);
        char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        return text;
}

/* The number of entries, those of ours included. */
static inline unsigned scratch_count(const Scratch *scratch, const char *name)
{
        g_autofree char *path = scratch_path(scratch, name);
        GDir *dir = g_dir_open(path, 0, NULL);
        unsigned n = 0;

        g_assert_nonnull(dir);
        while (g_dir_read_name(dir))
                n++;
        g_dir_close(dir);
        return n;
}

/* For tests that need root: says why it skips. */
static inline gboolean skip_unless_root(void)
{
        if (geteuid() == 0)
                return FALSE;
        g_test_skip("needs root");
        return TRUE;
}
