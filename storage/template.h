/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Templates: programs named lxc-NAME that fill a new root file system (lxc-create(1)). Ours are in
 * DATA_DIR/templates, LXC's in /usr/share/lxc/templates. */

#include <stddef.h>

#include "base/error.h"

/* Where templates are searched, in this order; NULL-terminated. */
extern const char *const template_directories[];

typedef struct Template {
        char *name;    /* "busybox" */
        char *path;    /* of the program */
        char *summary; /* from a line "# summary: ..." near its beginning, else a general one */
} Template;

typedef struct TemplateList {
        Template *items; /* sorted by name, each name once */
        size_t n;
} TemplateList;

void template_list_done(TemplateList *list);

/* Return: 0 (directories that are absent have none), -errno. */
int template_list(const char *const *directories, TemplateList *ret, Error *reterr);

/* template_find() - by name, or by an absolute path; where a path in /usr/share/lxc/templates does
 * not exist, ours of the same name is taken. The program must be root's and writable by nobody else,
 * and so every directory above it. The caller frees *ret. Return: 0, ERROR_NO_SUCH_TEMPLATE,
 * ERROR_ACCESS_DENIED, ERROR_INVALID_ARGS, -errno. */
int template_find(const char *const *directories, const char *template, char **ret, Error *reterr);
