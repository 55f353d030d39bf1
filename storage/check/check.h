/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The brief job "check-host": what this host offers to containers, feature by feature, as
 * lxc-checkconfig(1) tells. A job since a probe may wait for a disk, run a program or need rights that
 * the service has not. Nothing stays changed, but for modules that the kernel loads when it is asked
 * for what is in them.
 *
 * Parameters: path (the container path). Result: checks, a list of {feature, status, detail}. */

#include "storage/job/job.h"

/* What is said of a feature that is not there, by how much it matters. */
typedef enum CheckStatus {
        CHECK_ENABLED,
        CHECK_MISSING,  /* what needs it does not work */
        CHECK_WARNING,  /* all works, and something is not as it should be */
        CHECK_REQUIRED, /* no container works */
} CheckStatus;

typedef struct CheckInput {
        const char *container_path;
        const char *const *template_directories;
} CheckInput;

typedef struct CheckRow {
        const char *feature;
        CheckStatus otherwise; /* when the probe says no */
        /* *ret_detail, when it is set, is shown; the caller frees. Return: > 0 yes, 0 no, -errno it
         * cannot be known. */
        int (*probe)(const CheckInput *input, const char *argument, char **ret_detail);
        const char *argument;
        const char *without; /* why it matters, where the probe has no detail */
} CheckRow;

/* Each ended by a row without a feature. */
extern const CheckRow checks_kernel[], checks_network[], checks_system[];

int check_host_job(const JobRequest *request,
                   const Report *report,
                   json_t **ret_result,
                   Error *reterr);
