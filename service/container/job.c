/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/job.h"

#include "base/strv.h"

static const char *const state_names[_JOB_STATE_MAX] = {
        [JOB_RUNNING] = "running",
        [JOB_DONE] = "done",
        [JOB_FAILED] = "failed",
        [JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(JobState state)
{
        return state_names[state];
}

/* clang-format off */
static const JobKindRow rows[] = {
        { "create",           ACTION_CREATE,    false },
        { "clone",            ACTION_STORAGE,   false },
        { "rename",           ACTION_CONFIGURE, true  },
        { "destroy",          ACTION_STORAGE,   false },
        { "snapshot",         ACTION_STORAGE,   false },
        { "restore",          ACTION_STORAGE,   false },
        { "destroy-snapshot", ACTION_STORAGE,   false },
        { NULL,               ACTION_HOST,      false },
};
/* clang-format on */

const JobKindRow *job_kind_row(const char *kind)
{
        const JobKindRow *row = rows;

        while (row->kind && !streq(row->kind, kind))
                row++;
        return row;
}

json_t *job_take_progress(Job *job, const json_t *fields)
{
        const struct {
                const char *name;
                uint64_t *value;
        } amounts[] = {
                { "files", &job->files },
                { "bytes", &job->bytes },
                { "totalFiles", &job->total_files },
                { "totalBytes", &job->total_bytes },
        };
        json_t *event;

        job->progress = json_number_value(json_object_get(fields, "progress"));
        event = json_pack("{s:s,s:f}", "event", "progress", "progress", job->progress);
        for (size_t i = 0; i < ELEMENTS(amounts); i++) {
                json_t *amount = json_object_get(fields, amounts[i].name);

                if (!json_is_integer(amount))
                        continue;
                *amounts[i].value = (uint64_t) json_integer_value(amount);
                (void) json_object_set(event, amounts[i].name, amount);
        }
        return event;
}
