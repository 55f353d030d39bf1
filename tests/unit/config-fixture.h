/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the tests of the configuration share. Everything aborts the test when it fails. */

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "base/strv.h"
#include "config/get.h"
#include "config/parse.h"
#include "interfaces/errors.h"

static inline Config *parse_ok(const char *text)
{
        Error error = ERROR_NULL;
        Config *config = NULL;
        int r = config_parse_text(text, "test.conf", &config, NULL, &error);

        if (r < 0)
                g_error("%s", error_message(&error));
        return config;
}

/* The sentence of the error; the caller frees. */
static inline char *parse_error_text(const char *text, int code)
{
        Error error = ERROR_NULL;
        Config *config = NULL;
        char *message;
        int r = config_parse_text(text, "test.conf", &config, NULL, &error);

        g_assert_cmpint(r, <, 0);
        g_assert_null(config);
        g_assert_cmpint(error.code, ==, code);
        message = g_strdup(error_message(&error));
        error_done(&error);
        return message;
}

static inline void assert_parse_error(const char *text, const char *expected)
{
        g_autofree char *message = parse_error_text(text, ERROR_INVALID_CONFIG);

        g_assert_cmpstr(message, ==, expected);
}

/* The getter's text; the caller frees. */
static inline char *get_ok(const Config *config, const char *key)
{
        Error error = ERROR_NULL;
        char *text = NULL;
        int r = config_get(config, key, &text, &error);

        if (r < 0)
                g_error("%s", error_message(&error));
        return text;
}

static inline void assert_get(const Config *config, const char *key, const char *expected)
{
        _cleanup_(free_p) char *text = get_ok(config, key);

        g_assert_cmpstr(text, ==, expected);
}

static inline void assert_text_get(const char *text, const char *key, const char *expected)
{
        _cleanup_(config_free_p) Config *config = parse_ok(text);

        assert_get(config, key, expected);
}

/* A directory for files of one test. */
typedef struct Scratch {
        char *path;
} Scratch;

static inline Scratch scratch_new(void)
{
        Scratch scratch = { .path = g_dir_make_tmp("nagaya-test-XXXXXX", NULL) };

        g_assert_nonnull(scratch.path);
        return scratch;
}

static inline void scratch_remove(Scratch *scratch)
{
        const char *argv[] = { "rm", "-rf", scratch->path, NULL };

        g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                     NULL);
        g_free(scratch->path);
}

/* The path of a file or directory in it; the caller frees. */
static inline char *scratch_path(const Scratch *scratch, const char *name)
{
        return g_build_filename(scratch->path, name, NULL);
}

static inline void scratch_write(const Scratch *scratch, const char *name, const char *text)
{
        g_autofree char *path = scratch_path(scratch, name);
        g_autofree char *parent = g_path_get_dirname(path);

        g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
}
