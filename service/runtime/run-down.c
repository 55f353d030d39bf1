/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way down, after init ended or the start failed. No step here fails: what goes wrong is
 * logged, and the next one follows. */

#include <string.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "kernel/cgroup.h"
#include "kernel/label.h"
#include "runtime/run-steps.h"
#include "runtime/record/shared-mounts.h"
#include "runtime/supervisor.h"

void run_kill(Supervisor *s)
{
        int r;

        if (s->run.payload_fd < 0)
                return;
        r = cgroup_kill(s->run.payload_fd);
        if (r < 0 && r != -ENOENT && r != -ENODEV)
                log_event(LOG_ERR, NULL, "Cannot kill the processes of '%s': %m", s->id);
}

/* With init its pid namespace goes; what was put into the group from outside does not. */
static int step_kill(Supervisor *s, Error *reterr)
{
        Run *run = &s->run;
        CgroupEvents now;

        if (run->payload_fd < 0)
                return STEP_DONE;
        if (cgroup_events_read(run->events_fd, &now) < 0)
                now.populated = false;
        if (run->child.pid > 0 && !run->reaped)
                now.populated = true;
        if (!now.populated)
                return STEP_DONE;
        if (!run->killed) {
                run->killed = true;
                run_kill(s);
                return step_kill(s, reterr);
        }
        return STEP_WAIT;
}

static int step_stopping(Supervisor *s, Error *reterr)
{
        freeze_abandon(s);
        if (s->state == STATE_ABORTING)
                supervisor_transition(s, EVENT_END);
        return STEP_DONE;
}

/* Return: STEP_DONE also after a failure, which is logged; *ret_failed then. */
static int end_hooks(Supervisor *s, HookType type, bool *ret_failed)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r = run_hooks(s, type, &error);

        if (r == STEP_WAIT)
                return STEP_WAIT;
        *ret_failed = r < 0;
        if (r < 0)
                log_error_event(LOG_WARNING, NULL, &error, NULL);
        if (s->run.hooks && s->run.hooks->lines[type])
                (void) undo_drop(&s->undo, UNDO_HOOK, hook_type_name(type));
        return STEP_DONE;
}

static int step_stop(Supervisor *s, Error *reterr)
{
        bool failed;

        return end_hooks(s, HOOK_STOP, &failed);
}

static int step_cgroup(Supervisor *s, Error *reterr)
{
        Run *run = &s->run;
        int r = 0;

        if (s->terminals)
                terminals_drain(s->terminals);
        s->terminals = terminals_free(s->terminals);
        if (run->payload_fd < 0)
                return STEP_DONE;
        run->events = source_free(run->events);
        r = cgroup_remove(s->unit_fd, PAYLOAD_GROUP);
        if (r < 0)
                log_event(LOG_WARNING, NULL, "Cannot remove the cgroup '%s/" PAYLOAD_GROUP "'",
                          s->unit_path);
        return STEP_DONE;
}

static int step_label(Supervisor *s, Error *reterr)
{
        const char *name = s->run.apparmor;
        int r = name ? apparmor_profile_remove(name) : 0;

        if (r < 0)
                log_event(LOG_WARNING, NULL, "Cannot remove the AppArmor profile '%s': %s", name,
                          strerror(-r));
        if (name)
                (void) undo_drop(&s->undo, UNDO_APPARMOR, name);
        return STEP_DONE;
}

static int step_shared_mounts(Supervisor *s, Error *reterr)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        const char *path = s->run.shared_mounts;

        if (!path)
                return STEP_DONE;
        /* Containers that share it keep what they have, and get nothing new. */
        if (shared_mounts_undo(path, &error) < 0)
                log_error_event(LOG_WARNING, NULL, &error, NULL);
        (void) undo_drop(&s->undo, UNDO_SHARED_MOUNTS, path);
        return STEP_DONE;
}

/* A post-stop hook that fails keeps the container from coming up again. */
static int step_post_stop(Supervisor *s, Error *reterr)
{
        bool failed = false;
        int r = end_hooks(s, HOOK_POST_STOP, &failed);

        if (failed)
                s->run.reboot = false;
        return r;
}

static int step_stopped(Supervisor *s, Error *reterr)
{
        bool reboot = run_reboots(s);

        run_hooks_drop_namespaces(&s->run);
        freeze_done(&s->freeze);
        supervisor_transition(s, EVENT_CLEAN);
        control_answer(s->control, WAIT_STOPPED, NULL);
        s->run.steps = NULL;
        if (!reboot) {
                supervisor_finish(s);
                return STEP_LEAVE;
        }
        stop_done(&s->stop);
        s->run.begin_again = true;
        return STEP_LEAVE;
}

const RunStep run_steps_down[] = {
        { "kill", step_kill },
        { "stopping", step_stopping },
        { "stop", step_stop },
        { "network", run_net_down },
        { "cgroup", step_cgroup },
        { "shared-mounts", step_shared_mounts },
        { "label", step_label },
        { "rootfs", run_rootfs_detach },
        { "post-stop", step_post_stop },
        { "stopped", step_stopped },
        { NULL, NULL },
};
