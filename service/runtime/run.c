/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/run.h"

#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/cgroup.h"
#include "runtime/run-steps.h"
#include "runtime/share.h"
#include "runtime/supervisor.h"

void run_init(Run *run)
{
        *run = (Run){
                .launch = LAUNCH_NULL,
                .child = LAUNCH_CHILD_NULL,
                .net = RUN_NET_NULL,
                .payload_fd = -EBADF,
                .events_fd = -EBADF,
        };
        run_rootfs_init(&run->rootfs);
        for (size_t i = 0; i < ELEMENTS(run->namespace_fds); i++)
                run->namespace_fds[i] = -EBADF;
}

void run_done(Run *run)
{
        unsigned number = run->number;

        run_hook_done(run);
        run_rootfs_done(run);
        run_net_done(&run->net);
        (void) source_free(run->sync);
        (void) source_free(run->init);
        (void) source_free(run->events);
        launch_child_done(&run->child);
        run_hooks_drop_namespaces(run);
        (void) fd_close(run->events_fd);
        (void) fd_close(run->payload_fd);
        (void) hook_set_free(run->hooks);
        (void) plan_free(run->plan);
        free(run->seccomp);
        shares_close(run->launch.shares, run->launch.n_shares);
        free(run->launch.cgroup_path);
        free(run->shared_mounts);
        free(run->apparmor);
        (void) seccomp_notify_free(run->notify);
        free(run->security.seccomp_profile);
        run_init(run);
        run->number = number;
}

bool run_is_starting(const Supervisor *s)
{
        return s->run.steps == run_steps_up;
}

bool run_has_init(const Supervisor *s)
{
        switch (s->state) {
        case STATE_RUNNING:
        case STATE_FREEZING:
        case STATE_FROZEN:
        case STATE_THAWED:
                return !s->run.reaped;
        default:
                return false;
        }
}

uint64_t run_namespace_flag(NamespaceType type)
{
        static const uint64_t flags[_NAMESPACE_TYPE_MAX] = {
                [NAMESPACE_USER] = CLONE_NEWUSER,     [NAMESPACE_MNT] = CLONE_NEWNS,
                [NAMESPACE_PID] = CLONE_NEWPID,       [NAMESPACE_UTS] = CLONE_NEWUTS,
                [NAMESPACE_IPC] = CLONE_NEWIPC,       [NAMESPACE_NET] = CLONE_NEWNET,
                [NAMESPACE_CGROUP] = CLONE_NEWCGROUP, [NAMESPACE_TIME] = CLONE_NEWTIME,
        };

        return flags[type];
}

bool run_reboots(const Supervisor *s)
{
        return s->run.reboot && !s->stop.by_manager && !s->stop.asked;
}

char *run_control_group(const Supervisor *s)
{
        if (!s->unit_path || s->run.payload_fd < 0)
                return NULL;
        return string_format("%s/" PAYLOAD_GROUP, streq(s->unit_path, "/") ? "" : s->unit_path);
}

static void go_down(Supervisor *s)
{
        s->run.steps = run_steps_down;
        s->run.at = 0;
}

/* Takes the error. The whole of it goes out before the state that it explains. */
static void fail(Supervisor *s, const char *stage, Error *error)
{
        (void) error_at(error, 0, stage, NULL);
        (void) error_set_code(error, 0, ERROR_START_FAILED);
        error_done(&s->error);
        error_move(&s->error, error);
        run_hook_done(&s->run);
        run_rootfs_kill(&s->run);
        supervisor_publish_error(s);
        supervisor_transition(s, EVENT_FAIL);
        go_down(s);
}

static void advance_once(Supervisor *s)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        const RunStep *step = &s->run.steps[s->run.at];
        int r;

        r = step->function(s, &error);
        if (r == STEP_DONE)
                s->run.at++;
        else if (r < 0)
                fail(s, step->name, &error);
        if (r != STEP_WAIT && s->run.steps && !s->run.steps[s->run.at].name)
                s->run.steps = NULL;
        s->run.waits = r == STEP_WAIT;
}

void run_advance(Supervisor *s)
{
        /* A step may cause what would call this again. */
        if (s->run.advancing)
                return;
        s->run.advancing = true;
        s->run.waits = false;
        while (s->run.steps && !s->run.waits)
                advance_once(s);
        s->run.advancing = false;
        if (s->run.begin_again)
                run_begin(s);
}

void run_begin(Supervisor *s)
{
        unsigned number = s->run.number + 1;

        run_done(&s->run);
        s->run.number = number;
        s->run.steps = run_steps_up;
        s->exit_code = s->exit_signal = 0;
        s->oom_kills = 0;
        supervisor_transition(s, EVENT_START);
        run_advance(s);
}

void run_cancel(Supervisor *s, Error *error)
{
        if (s->state == STATE_STOPPED && s->run.number == 0) {
                /* Still waiting for what the ticket announced, or not even that. */
                supervisor_forget_ticket(s);
                s->run.number = 1;
                supervisor_transition(s, EVENT_START);
                s->run.steps = run_steps_up;
        }
        if (run_is_starting(s))
                fail(s, s->run.steps[s->run.at].name, error);
        else if (s->run.hook.run)
                run_hook_kill(&s->run);
        run_kill(s);
        run_advance(s);
}

/* A SIGKILL that nobody has asked for: the kernel's own, perhaps. Which process it meant is not told,
 * so what we say is what is known. */
static void look_for_want_of_memory(Supervisor *s)
{
        if (s->exit_signal != SIGKILL || s->stop.sent_signal == SIGKILL || s->run.killed ||
            s->run.payload_fd < 0)
                return;
        s->oom_kills = cgroup_oom_kills(s->run.payload_fd);
        if (s->oom_kills > 0)
                log_event(LOG_ERR, NULL,
                          "The init of '%s' was killed; for want of memory the kernel has killed "
                          "%" PRIu64 " process(es) of its control group",
                          s->id, s->oom_kills);
}

/* Init ended, or what was to become it. */
static int on_init(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;
        Run *run = &s->run;

        /* What it said before comes first. */
        if (run_is_starting(s) && !run->running)
                run_receive(s);
        run->init = source_free(run->init);
        if (process_wait(run->child.pidfd, &s->exit_code, &s->exit_signal) < 0)
                s->exit_signal = SIGKILL;
        run->reaped = true;
        look_for_want_of_memory(s);
        if (run_is_starting(s)) {
                _cleanup_(error_done) Error error = ERROR_NULL;

                (void) error_code(&error, ERROR_START_FAILED, ECHILD,
                                  "The process that was to become init %s",
                                  s->oom_kills > 0 ? "was killed for want of memory" : "ended");
                fail(s, run->steps[run->at].name, &error);
        } else if (!run->steps) {
                run->reboot = stop_is_reboot(s);
                supervisor_publish_exited(s);
                supervisor_transition(s, EVENT_END);
                go_down(s);
        }
        run_advance(s);
        return 0;
}

int run_watch_init(Supervisor *s)
{
        return loop_add_fd(s->loop, s->run.child.pidfd, EPOLLIN, on_init, s, &s->run.init);
}

static int on_sync(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;

        run_receive(s);
        run_advance(s);
        return 0;
}

int run_watch_sync(Supervisor *s)
{
        return loop_add_fd(s->loop, s->run.child.sync_fd, EPOLLIN, on_sync, s, &s->run.sync);
}

SeccompNotify *run_notify(Supervisor *s, int listener)
{
        const SecurityConfig *config = &s->config->security;
        SeccompNotify *notify = NULL;
        int r = seccomp_notify_new(
                &(SeccompNotifyOptions){
                        .loop = s->loop,
                        .listener = listener,
                        .proxy = config->seccomp_notify_proxy,
                        .cookie = config->seccomp_notify_cookie,
                        .init = s->run.child.pid,
                },
                &notify);

        if (r < 0)
                log_event(LOG_WARNING, NULL, "Nobody can be asked about system calls: %s",
                          strerror(-r));
        return notify;
}

void run_receive(Supervisor *s)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Run *run = &s->run;
        int r;

        /* All that is there: after the child's end nobody asks again. */
        while ((r = launch_receive(&run->child, &error)) == LAUNCH_PREPARED || r == LAUNCH_HEARD)
                run->prepared |= r == LAUNCH_PREPARED;
        if (run->child.listener >= 0)
                run->notify = run_notify(s, TAKE_FD(run->child.listener));
        if (r == LAUNCH_RUNNING)
                run->running = true;
        if (r < 0 || run->running)
                run->sync = source_free(run->sync);
        if (r < 0 && run_is_starting(s))
                fail(s, run->steps[run->at].name, &error);
        else if (run->running)
                run_advance(s);
}
