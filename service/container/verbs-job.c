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

static int call_job(Call *call, Job **ret, Error *reterr)
{
        int64_t number = call_integer(call, "job", 0);

        *ret = manager_job(call->manager, number);
        if (*ret)
                return 0;
        return error_public(reterr, ERROR_NO_SUCH_JOB, "There is no job %lld", (long long) number);
}

/* Owner and root may; others who hold the action of the verb that started it. */
static Action job_extra(const Call *call)
{
        const Job *job = manager_job(call->manager, call_integer(call, "job", 0));

        return job && job->owner != call->peer.uid ? job_kind_row(job->kind)->action : ACTION_NONE;
}

static int run_describe(Call *call, Error *reterr)
{
        Job *job;
        int r;

        r = call_job(call, &job, reterr);
        if (r < 0)
                return r;
        return reply_pack(call, reterr, "{s:s,s:s,s:I,s:s,s:f,s:I,s:I,s:I,s:I,s:O}", "kind",
                          job->kind, "container", job->container, "owner", (json_int_t) job->owner,
                          "state", job_state_name(job->state), "progress", job->progress, "files",
                          (json_int_t) job->files, "bytes", (json_int_t) job->bytes, "totalFiles",
                          (json_int_t) job->total_files, "totalBytes",
                          (json_int_t) job->total_bytes, "result", job->result);
}

static int run_wait(Call *call, Error *reterr)
{
        Job *job;
        int r;

        r = call_job(call, &job, reterr);
        return r < 0 ? r : job_wait(job, call, reterr);
}

static int run_cancel(Call *call, Error *reterr)
{
        Job *job;
        int r;

        r = call_job(call, &job, reterr);
        return r < 0 ? r : job_cancel(job, call, reterr);
}

/* clang-format off */
static const Verb verbs[] = {
        { "Describe", NULL, NULL, out_describe, job_result_fields, ACTION_NONE, VERB_VARLINK_ONLY, NULL, run_describe },
        { "Wait", NULL, none, out_wait, job_result_fields, ACTION_NONE, VERB_MORE_OPTIONAL, job_extra, run_wait },
        { "Cancel", NULL, none, NULL, NULL, ACTION_NONE, 0, job_extra, run_cancel },
        { NULL },
};
/* clang-format on */

const VerbTable job_table = { INTERFACE_JOB, "job", "x", verbs };
