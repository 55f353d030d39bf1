/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Host hooks of a run, one at a time, in the supervisor's loop. */

#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "runtime/run-steps.h"
#include "runtime/supervisor.h"

static int on_output(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;

        if (hook_run_read(s->run.hook.run) <= 0)
                s->run.hook.output = source_free(s->run.hook.output);
        return 0;
}

static void drop_process(RunHook *hook)
{
        hook->pidfd = source_free(hook->pidfd);
        hook->output = source_free(hook->output);
        hook->timer = source_free(hook->timer);
        hook->run = hook_run_free(hook->run);
}

static int on_deadline(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;

        hook_run_expire(s->run.hook.run);
        return 0;
}

static int on_end(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;
        RunHook *hook = &s->run.hook;

        error_done(&hook->error);
        hook->failed = hook_run_finish(hook->run, &hook->error) < 0;
        drop_process(hook);
        run_advance(s);
        return 0;
}

void run_hook_kill(Run *run)
{
        if (run->hook.run)
                hook_run_kill(run->hook.run);
}

void run_hook_done(Run *run)
{
        drop_process(&run->hook);
        error_done(&run->hook.error);
        run->hook = (RunHook){ 0 };
}

static bool at_the_end(HookType type)
{
        return type == HOOK_STOP || type == HOOK_POST_STOP;
}

/* LXC_MNT_NS=/proc/PID/fd/N ..., and in convention 0 the same as arguments "mnt:/proc/PID/fd/N". */
static int add_namespaces(const Run *run, char ***environment, char ***arguments)
{
        int r = 0;

        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX && r == 0; type++) {
                const char *name = namespace_type_name(type);
                char upper[16] = { 0 };
                int fd = run->namespace_fds[type];

                if (fd < 0)
                        continue;
                for (size_t i = 0; name[i] && i < sizeof(upper) - 1; i++)
                        upper[i] = (char) (name[i] - 'a' + 'A');
                r = strv_addf(environment, "LXC_%s_NS=/proc/%d/fd/%d", upper, getpid(), fd);
                if (r == 0)
                        r = strv_addf(arguments, "%s:/proc/%d/fd/%d", name, getpid(), fd);
        }
        return r;
}

static int
hook_words(const Supervisor *s, HookType type, char ***ret_environment, char ***ret_arguments)
{
        const Run *run = &s->run;
        int r = 0;

        if (type != HOOK_PRE_START && run->child.pid > 0)
                r = strv_addf(ret_environment, "LXC_PID=%d", run->child.pid);
        if (r == 0 && at_the_end(type))
                r = strv_add(ret_environment,
                             run_reboots(s) ? "LXC_TARGET=reboot" : "LXC_TARGET=stop");
        if (r == 0 && at_the_end(type))
                r = add_namespaces(run, ret_environment, ret_arguments);
        return r;
}

/* Return: STEP_WAIT, -errno. */
/* What a hook leaves running in the unit's own group would keep controllers from the groups below. */
static void leave_unit_group(Supervisor *s)
{
        Error error = ERROR_NULL;

        if (run_enter_subgroup(s, &error) < 0)
                log_error_event(LOG_WARNING, NULL, &error, "Hooks stay in the unit's own cgroup");
        error_done(&error);
}

static int start_call(Supervisor *s, const HookCall *call, Error *reterr)
{
        RunHook *hook = &s->run.hook;
        int r;

        leave_unit_group(s);
        r = hook_run_start(call, &hook->run, reterr);
        if (r < 0)
                return r;
        r = loop_add_fd(s->loop, hook_run_pidfd(hook->run), EPOLLIN, on_end, s, &hook->pidfd);
        if (r == 0)
                r = loop_add_fd(s->loop, hook_run_output_fd(hook->run), EPOLLIN, on_output, s,
                                &hook->output);
        if (r == 0)
                r = loop_add_timer(s->loop, hook_run_deadline(hook->run), on_deadline, s,
                                   &hook->timer);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot watch a hook");
        return STEP_WAIT;
}

static int start_hook(Supervisor *s, HookType type, const char *line, Error *reterr)
{
        _cleanup_(strv_free_p) char **environment = NULL, **arguments = NULL;
        HookCall call;

        if (hook_words(s, type, &environment, &arguments) < 0)
                return error_oom(reterr);
        call = (HookCall){
                .set = s->run.hooks,
                .type = type,
                .line = line,
                /* Only the stop hook is given them, and only in the old convention. */
                .arguments = type == HOOK_STOP && s->run.hooks->version == 0 ? arguments : NULL,
                .environment = environment,
        };
        return start_call(s, &call, reterr);
}

/* Of the one that ran last. */
static int take_failure(Run *run, Error *reterr)
{
        int r = -run->hook.error.errnum;

        error_move(reterr, &run->hook.error);
        run_hook_done(run);
        return r;
}

int run_hooks(Supervisor *s, HookType type, Error *reterr)
{
        RunHook *hook = &s->run.hook;
        char **lines = s->run.hooks ? s->run.hooks->lines[type] : NULL;

        if (hook->run)
                return STEP_WAIT;
        if (hook->failed)
                return take_failure(&s->run, reterr);
        if (!lines || !lines[hook->next]) {
                run_hook_done(&s->run);
                return STEP_DONE;
        }
        return start_hook(s, type, lines[hook->next++], reterr);
}

int run_hook_one(Supervisor *s, const HookCall *call, Error *reterr)
{
        RunHook *hook = &s->run.hook;

        if (hook->run)
                return STEP_WAIT;
        if (hook->failed)
                return take_failure(&s->run, reterr);
        if (hook->next++ == 0)
                return start_call(s, call, reterr);
        run_hook_done(&s->run);
        return STEP_DONE;
}

void run_hooks_keep_namespaces(Supervisor *s, uint64_t flags)
{
        const HookSet *hooks = s->run.hooks;

        if (!hooks->lines[HOOK_STOP] && !hooks->lines[HOOK_POST_STOP])
                return;
        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++) {
                char path[64];

                if (!(s->run.security.namespaces & flags & run_namespace_flag(type)))
                        continue; /* the host's own, or not yet */
                (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", s->run.child.pid,
                                namespace_type_name(type));
                s->run.namespace_fds[type] = open(path, O_RDONLY | O_CLOEXEC);
        }
}

void run_hooks_drop_namespaces(Run *run)
{
        for (size_t i = 0; i < ELEMENTS(run->namespace_fds); i++)
                run->namespace_fds[i] = fd_close(run->namespace_fds[i]);
}
