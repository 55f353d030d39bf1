/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Jobs: verbs that take their time. */

#include "cli/client.h"

/* job_wait() - show its progress until it ends; SIGINT cancels it, a second one leaves it alone.
 * A service that restarts meanwhile is waited for: the job outlives it. ret (may be NULL): its
 * result. Return: 0, -errno (the job's error). */
int job_wait(Context *context, int64_t job, json_t **ret, Error *reterr);

/* A call whose reply is a job, and the wait for its end. `parameters` is taken. */
int job_run(Context *context, const char *method, json_t *parameters, json_t **ret, Error *reterr);
