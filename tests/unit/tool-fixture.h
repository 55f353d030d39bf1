/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Programs in PATH that write down how they were called, for backends whose tools or kernels a test machine
 * lacks. */

#include "base/strv.h"
#include "interfaces/errors.h"
#include "scratch.h"
#include "storage/backend/rootfs.h"

typedef struct Fixture {
        Scratch scratch; /* bin/, log, ct/ */
        int dir_fd;
        char *path; /* PATH of before */
} Fixture;

static inline void set_up(Fixture *fixture, gconstpointer data)
{
        g_autofree char *bin = NULL;

        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "bin");
        scratch_mkdir(&fixture->scratch, "ct");
        scratch_write(&fixture->scratch, "log", "", 0644);
        fixture->dir_fd = openat(fixture->scratch.fd, "ct", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bin = scratch_path(&fixture->scratch, "bin");
        fixture->path = g_strdup(g_getenv("PATH"));
        (void) g_setenv("PATH", bin, true);
}

static inline void tear_down(Fixture *fixture, gconstpointer data)
{
        (void) g_setenv("PATH", fixture->path, true);
        g_free(fixture->path);
        (void) close(fixture->dir_fd);
        scratch_done(&fixture->scratch);
}

/* A program that notes its name and words, then does what `body` says. */
static inline void program(Fixture *fixture, const char *name, const char *body)
{
        g_autofree char *text = g_strdup_printf("#!/bin/sh\necho \"${0##*/} $*\" >>%s/log\n%s\n",
                                                fixture->scratch.path, body);
        g_autofree char *path = g_build_filename("bin", name, NULL);

        scratch_write(&fixture->scratch, path, text, 0755);
}

/* What was called since the last time. */
static inline void assert_called(Fixture *fixture, const char *expected)
{
        g_autofree char *log = scratch_read(&fixture->scratch, "log");

        g_assert_cmpstr(log, ==, expected);
        scratch_write(&fixture->scratch, "log", "", 0644);
}

static inline Volume volume(const Fixture *fixture, const BackendOptions *options)
{
        return (Volume){
                .dir_fd = fixture->dir_fd,
                .directory = "/lxc/ct1",
                .name = "ct1",
                .options = options,
        };
}

static inline void assert_message(const Error *error, const char *part)
{
        g_test_message("%s", error_message(error));
        g_assert_nonnull(strstr(error_message(error), part));
}

static inline char *renamed(const Backend *backend, Fixture *fixture, const char *source)
{
        Volume v = volume(fixture, NULL);
        char *path = NULL;

        g_assert_cmpint(backend->rename(source, "/lxc/old", &v, &path, NULL), ==, 0);
        return path;
}

static inline int open_rootfs(const Backend *backend, const char *source, Error *reterr)
{
        int fd = -EBADF;

        return backend->open(source, &(RootfsMount){ .flags = 0 }, &fd, reterr);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
