/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Running a template by LXC's protocol: PROGRAM --path=DIRECTORY --name=NAME --rootfs=ROOTFS ARG... */

#include "base/error.h"
#include "storage/job/report.h"

typedef struct TemplateRun {
        const char *program;
        const char *directory; /* of the container, as the template sees it */
        const char *name;
        const char *rootfs;
        char *const *arguments; /* the user's, unmodified */
        const Report *report;   /* gets every line of output */
} TemplateRun;

/* template_run() - run it to its end. Its environment is ours without what belongs to our service.
 * Return: 0, ERROR_TEMPLATE_FAILED with the last lines of output, -errno. */
int template_run(const TemplateRun *run, Error *reterr);

/* template_header() - what is put on top of a config afterwards. The caller frees; NULL when out of
 * memory. */
char *template_header(const char *program, char *const *arguments);
