/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The verbs of org.nagaya1.Job. */

#include "container/jobs.h"
#include "container/manager.h"
#include "container/reply.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* clang-format off */
static const Field none[]         = { { NULL } };
static const Field out_describe[] = {
        { "kind", "s", ACTION_NONE }, { "container", "s", ACTION_NONE }, { "owner", "u", ACTION_NONE },
        { "state", "s", ACTION_NONE }, { "progress", "d", ACTION_NONE },
        { "files", "t", ACTION_NONE }, { "bytes", "t", ACTION_NONE },
        { "totalFiles", "t", ACTION_NONE }, { "totalBytes", "t", ACTION_NONE }, { "result", "a{sv}", ACTION_NONE }, { NULL },
};
/* On D-Bus: only the result; the rest are signals. */
static const Field out_wait[]     = { { "result", "a{sv}", ACTION_NONE }, { NULL } };
/* clang-format on */

const Field job_result_fields[] = {
        { "container", "o", ACTION_NONE },
        { "name", "s", ACTION_NONE },
        { "snapshot", "s", ACTION_NONE },
        { "method", "s", ACTION_NONE },
        { NULL },
};

/* Owner and root may; others who hold the action of the verb that started it. */
static Action job_extra(const Call *call)
{
        const Job *job = manager_job(call->manager, call_integer(call, "job", 0));

        return job && job->owner != call->peer.uid ? job_kind_row(job->kind)->action : ACTION_NONE;
}

static int run_describe(Call *call, Job *job, Error *reterr)
{
        return reply_pack(call, reterr, "{s:s,s:s,s:I,s:s,s:f,s:I,s:I,s:I,s:I,s:O}", "kind",
                          job->kind, "container", job->container, "owner", (json_int_t) job->owner,
                          "state", job_state_name(job->state), "progress", job->progress, "files",
                          (json_int_t) job->files, "bytes", (json_int_t) job->bytes, "totalFiles",
                          (json_int_t) job->total_files, "totalBytes",
                          (json_int_t) job->total_bytes, "result", job->result);
}

static int run_wait(Call *call, Job *job, Error *reterr)
{
        return job_wait(job, call, reterr);
}

static int run_cancel(Call *call, Job *job, Error *reterr)
{
        return job_cancel(job, call, reterr);
}

/* clang-format off */
static const Verb verbs[] = {
        { "Describe", NULL, NULL, out_describe, job_result_fields, ACTION_NONE, VERB_VARLINK_ONLY, NULL, { .on_job = run_describe } },
        { "Wait", NULL, none, out_wait, job_result_fields, ACTION_NONE, VERB_MORE_OPTIONAL, job_extra, { .on_job = run_wait } },
        { "Cancel", NULL, none, NULL, NULL, ACTION_NONE, 0, job_extra, { .on_job = run_cancel } },
        { NULL },
};
/* clang-format on */

static int run(Call *call, Error *reterr)
{
        int64_t number = call_integer(call, "job", 0);
        Job *job = manager_job(call->manager, number);

        return job ? call->verb->run.on_job(call, job, reterr)
                   : error_public(reterr, ERROR_NO_SUCH_JOB, "There is no job %lld",
                                  (long long) number);
}

const VerbTable job_table = { INTERFACE_JOB, "job", "x", verbs, run };
