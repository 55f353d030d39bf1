/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hooks that a job runs. What they write goes line by line to the job's owner and to the journal, with
 * CONTAINER= and HOOK=. */

#include "config/hook.h"
#include "storage/job/report.h"

typedef struct JobHook {
        const char *container; /* id */
        const Config *config;
        HookType type;
        HookInput input;          /* without the environment, which is our own */
        char *const *arguments;   /* may be NULL */
        char *const *environment; /* more of it; may be NULL */
        const Report *report;
        const char *host_mounts; /* of the request; for job_hooks_run_on_host() */
} JobHook;

/* job_hooks_run() - every hook of the type in order; the first failure ends it. Return: 0,
 * ERROR_HOOK_FAILED, ERROR_INVALID_CONFIG (a line that is none), -errno. */
int job_hooks_run(const JobHook *hook, Error *reterr);

/* job_hooks_run_on_host() - the same in the host's mount namespace, where what a hook mounts or
 * unmounts is not the job's own affair. */
int job_hooks_run_on_host(const JobHook *hook, Error *reterr);
