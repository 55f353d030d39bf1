/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside the parser: one load of a configuration with its includes. */

#include "config/parse.h"

typedef struct Loader {
        Config *config;
        ConfigTrace *trace;
        size_t n_files;
        size_t total; /* bytes of all files */
} Loader;

/* Where a line comes from. A chain from the innermost file to the outermost. */
typedef struct Place {
        const char *name; /* the file, or for line 0 what stands for it in messages; may be NULL */
        unsigned line;    /* from 1; 0: no file */
        unsigned depth;
        dev_t device;
        ino_t inode;
        const struct Place *outer; /* the line that includes this file */
} Place;

/* Puts "Line N of 'FILE'" before the sentence, and the code ERROR_INVALID_CONFIG where there is
 * none. Return: r. */
int place_error(const Place *place, int r, Error *reterr);

/* Reads all lines of `text`, which is changed. `place` is that of the file; its line counts. */
int loader_text(Loader *loader, Place *place, char *text, Error *reterr);

/* The file at the top: a symlink is refused. */
int loader_top(Loader *loader, const char *path, Error *reterr);

/* lxc.include = PATH at `place`. */
int loader_include(Loader *loader, const Place *place, const char *path, Error *reterr);

/* stamp.c: what the load depends on. `st` NULL: it does not exist. Return: 0, -ENOMEM. */
int trace_add(ConfigTrace *trace, const char *path, const struct stat *st);
