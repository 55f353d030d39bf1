/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every job is: a function of a request that tells a report. */

#include <jansson.h>

#include "base/error.h"
#include "storage/job/report.h"
#include "storage/job/site.h"

typedef struct JobRequest {
        const char *container; /* id */
        const json_t *parameters;
        const Site *site;           /* where the container is, or will be */
        const char *lock_dir;       /* LOCK_DIR but in tests */
        const char *container_path; /* the host's own; NULL: collected by nobody */
        const char *const *template_directories;
        const char *const *unit_directories; /* of systemd; NULL: no units are looked after */
        const char
                *host_mounts; /* the host's mount namespace, a file of proc; NULL: we are in it */
} JobRequest;

/* Return: 0 (*ret_result may be set to an object), -errno. */
typedef int (*JobFunction)(const JobRequest *request,
                           const Report *report,
                           json_t **ret_result,
                           Error *reterr);

/* Its worker was killed; what was begun and could be brought to its end was. Return: > 0 the job is done
 * (*ret_result as above), 0 it is not and nothing of it is left, -errno (neither, and why). */
typedef int (*JobSettle)(const JobRequest *request, json_t **ret_result, Error *reterr);
