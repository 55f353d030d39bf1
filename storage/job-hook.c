/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/job-hook.h"

#include "base/strv.h"

typedef struct Listener {
        const Report *report;
        char **fields;
} Listener;

static void on_line(HookType type, const char *line, void *userdata)
{
        const Listener *listener = userdata;

        report_log(listener->report, line);
        hook_output_log(type, line, listener->fields);
}

int job_hooks_run(const JobHook *hook, Error *reterr)
{
        _cleanup_(hook_set_free_p) HookSet *set = NULL;
        _cleanup_(strv_free_p) char **fields = NULL;
        Listener listener = { .report = hook->report };
        HookInput input = hook->input;
        int r;

        if (!hook->config->hook.lines[hook->type])
                return 0;
        input.environment = environ;
        r = hook_set_make(hook->config, &input, &set, reterr);
        if (r < 0)
                return r;
        if (strv_addf(&fields, "CONTAINER=%s", hook->container) < 0)
                return error_oom(reterr);
        listener.fields = fields;
        return hooks_run(
                &(HookCall){
                        .set = set,
                        .type = hook->type,
                        .arguments = hook->arguments,
                        .environment = hook->environment,
                        .output = on_line,
                        .userdata = &listener,
                },
                reterr);
}
