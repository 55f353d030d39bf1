/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/job/hook.h"

#include <fcntl.h>
#include <sched.h>

#include "base/strv.h"
#include "config/system-config.h"
#include "storage/job/subprocess.h"

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
        _cleanup_(system_config_free_p) SystemConfig *system = NULL;
        _cleanup_(hook_set_free_p) HookSet *set = NULL;
        _cleanup_(strv_free_p) char **fields = NULL;
        Listener listener = { .report = hook->report };
        HookInput input = hook->input;
        int r;

        if (!hook->config->hook.lines[hook->type])
                return 0;
        r = system_config_load(&system, reterr);
        if (r < 0)
                return r;
        input.environment = environ;
        input.timeout_usec = system_config_hook_timeout(system);
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

static int on_host(int channel_fd, void *userdata, Error *reterr)
{
        const JobHook *hook = userdata;
        _cleanup_(fd_close_p) int fd = open(hook->host_mounts, O_RDONLY | O_CLOEXEC);

        if (fd < 0 || setns(fd, CLONE_NEWNS) < 0)
                return error_errno(reterr, errno, "Cannot enter the host's mount namespace");
        return job_hooks_run(hook, reterr);
}

int job_hooks_run_on_host(const JobHook *hook, Error *reterr)
{
        if (!hook->config->hook.lines[hook->type])
                return 0;
        if (!hook->host_mounts)
                return job_hooks_run(hook, reterr);
        return subprocess_call(&(Subprocess){ .main = on_host, .userdata = (void *) hook }, reterr);
}
