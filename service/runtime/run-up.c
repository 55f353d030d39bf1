/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way up. What can be done while the child sets itself up is done between clone and setup: the
 * move to supervisor/ alone takes a quarter of a millisecond. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/footprint.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/path.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/cgroup.h"
#include "runtime/apparmor.h"
#include "runtime/run-steps.h"
#include "runtime/share.h"
#include "runtime/record/shared-mounts.h"
#include "runtime/supervisor.h"

#define STACK_RELEASED ((uintptr_t) 128 * 1024)

static void log_warnings(char **warnings)
{
        strv_foreach(warning, warnings)
                log_event(LOG_WARNING, NULL, "%s", *warning);
}

static int step_directory(Supervisor *s, Error *reterr)
{
        _cleanup_(free_p) char *culprit = NULL;
        int fd = path_open_trusted(s->directory, O_PATH, &culprit);
        int r;

        if (fd >= 0) {
                (void) fd_close(fd);
                return STEP_DONE;
        }
        if (fd == -EPERM)
                r = error_code(reterr, 0, EPERM,
                               "Others than root can change '%s' on the way to '%s': a container "
                               "is only run from where nobody else can",
                               culprit ? culprit : "a directory", s->directory);
        else if (fd == -ENOENT)
                r = error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                 s->id);
        else
                r = error_errno(reterr, -fd, "Cannot open '%s'", s->directory);
        return error_at(reterr, r, NULL, culprit ? culprit : s->directory);
}

static int step_config(Supervisor *s, Error *reterr)
{
        if (s->config)
                return STEP_DONE; /* a reboot */
        return supervisor_load(s, reterr);
}

/* Written down before they are due: whoever cleans up after a kill must know. */
static int note_end_hooks(Supervisor *s, Error *reterr)
{
        static const HookType types[] = { HOOK_POST_STOP, HOOK_STOP };

        for (size_t i = 0; i < ELEMENTS(types); i++) {
                int r = s->run.hooks->lines[types[i]]
                                ? undo_add(&s->undo, UNDO_HOOK, hook_type_name(types[i]))
                                : 0;

                if (r < 0)
                        return error_errno(reterr, -r, "Cannot write the journal of the run");
        }
        return 0;
}

static int step_hooks(Supervisor *s, Error *reterr)
{
        PlanInput plan_input = supervisor_plan_input(s);
        HookInput input = plan_hook_input(&plan_input);
        int r;

        r = hook_set_make(s->config, &input, &s->run.hooks, reterr);
        return r < 0 ? r : note_end_hooks(s, reterr);
}

static int step_pre_start(Supervisor *s, Error *reterr)
{
        return run_hooks(s, HOOK_PRE_START, reterr);
}

static int step_plan(Supervisor *s, Error *reterr)
{
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(plan_idmap_input_done) PlanIdMapInput idmap = { .given = false };
        _cleanup_(free_p) char *fstab = NULL;
        PlanInput input = supervisor_plan_input(s);
        int r;

        r = plan_read_fstab(s->config, &fstab, reterr);
        if (r < 0)
                return r;
        input.fstab = fstab;
        r = plan_idmap_read(s->config, &input, &idmap, reterr);
        if (r < 0)
                return r;
        input.subids = idmap.given ? &idmap.subids : NULL;
        input.config_text = idmap.config_text;
        r = plan_make(s->config, &input, &s->run.plan, &warnings, reterr);
        log_warnings(warnings);
        return r;
}

static int step_seccomp(Supervisor *s, Error *reterr)
{
        _cleanup_(strv_free_p) char **warnings = NULL;
        const PlanSecurity *security = &s->run.plan->security;
        Run *run = &s->run;
        int r;

        run->security.session_keyring = security->session_keyring;
        run->security.namespaces = run->plan->namespaces | shares_flags(run->plan);
        if (run->plan->time_offsets)
                run->security.namespaces |= run_namespace_flag(NAMESPACE_TIME);
        if (!security->seccomp_profile)
                return STEP_DONE;
        if (string_set(&run->security.seccomp_profile, security->seccomp_profile) < 0)
                return error_oom(reterr);
        r = seccomp_filter_get(security->seccomp_profile, &run->seccomp, &run->launch.seccomp_size,
                               &warnings, reterr);
        log_warnings(warnings);
        return r;
}

static void on_peer_input(const char *data, size_t n, void *userdata)
{
        Supervisor *s = userdata;

        if (s->terminals)
                terminals_type(s->terminals, data, n);
}

static int step_console(Supervisor *s, Error *reterr)
{
        const TerminalConfig *config = &s->config->terminal;
        ConsoleLogOptions options = {
                .file = s->run.plan->terminals.console_logfile,
                .rotate = config->console_rotate,
                .file_size = config->console_size,
                .ring_size = config->console_buffer_size > 0 ? config->console_buffer_size
                                                             : CONSOLE_RING_SIZE,
        };
        const ConsolePeerOptions peer = {
                .path = s->run.plan->terminals.console_path,
                .loop = s->loop,
                .input = on_peer_input,
                .userdata = s,
        };

        int r;

        if (s->console_log.ring.size > 0)
                return STEP_DONE; /* kept over a reboot */
        r = console_log_init(&s->console_log, &options, reterr);
        if (r == 0 && peer.path)
                r = console_peer_new(&peer, &s->console_peer, reterr);
        return r;
}

static int on_events(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;
        CgroupEvents now;

        if (cgroup_events_read(fd, &now) == 0)
                freeze_update(s, now.frozen);
        run_advance(s);
        return 0;
}

static int open_unit_group(Supervisor *s, Error *reterr)
{
        if (s->unit_fd < 0)
                s->unit_fd = cgroup_open_own(&s->unit_path, reterr);
        return s->unit_fd < 0 ? s->unit_fd : 0;
}

/* The unit's own group must be empty before its controllers can be given to its children. */
int run_enter_subgroup(Supervisor *s, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (s->in_subgroup)
                return 0;
        r = open_unit_group(s, reterr);
        if (r < 0)
                return r;
        fd = cgroup_make(s->unit_fd, SUPERVISOR_GROUP, reterr);
        if (fd < 0)
                return fd;
        r = cgroup_enter(fd, reterr);
        if (r < 0)
                return r;
        cgroup_enable_controllers(s->unit_fd);
        s->in_subgroup = true;
        return 0;
}

static int step_cgroup(Supervisor *s, Error *reterr)
{
        Run *run = &s->run;
        int r;

        r = open_unit_group(s, reterr);
        if (r < 0)
                return r;
        run->payload_fd = cgroup_make(s->unit_fd, PAYLOAD_GROUP, reterr);
        if (run->payload_fd < 0)
                return run->payload_fd;
        run->events_fd = cgroup_events_open(run->payload_fd);
        if (run->events_fd < 0)
                return error_errno(reterr, -run->events_fd, "Cannot open 'cgroup.events'");
        r = loop_add_fd(s->loop, run->events_fd, EPOLLPRI, on_events, s, &run->events);
        return r < 0 ? error_errno(reterr, -r, "Cannot watch 'cgroup.events'") : STEP_DONE;
}

static int step_share(Supervisor *s, Error *reterr)
{
        Run *run = &s->run;
        int n = shares_open(run->plan, run->launch.shares, reterr);

        if (n < 0)
                return n;
        run->launch.n_shares = (size_t) n;
        return STEP_DONE;
}

static int step_label(Supervisor *s, Error *reterr)
{
        Run *run = &s->run;
        int r = apparmor_prepare(run->plan, &s->undo, reterr);

        if (r > 0 && string_set(&run->apparmor, run->plan->security.label) < 0)
                return error_oom(reterr);
        run->security.labelled = run->plan->security.label;
        return r < 0 ? r : STEP_DONE;
}

static int step_shared_mounts(Supervisor *s, Error *reterr)
{
        const char *path = s->run.plan->shared_mounts;
        int r;

        if (!path)
                return STEP_DONE;
        r = shared_mounts_make(path, &s->undo, reterr);
        if (r > 0 && string_set(&s->run.shared_mounts, path) < 0)
                return error_oom(reterr);
        return r < 0 ? r : STEP_DONE;
}

static int step_clone(Supervisor *s, Error *reterr)
{
        Run *run = &s->run;
        int r;

        run->launch.plan = run->plan;
        run->launch.cgroup_fd = run->payload_fd;
        run->launch.cgroup_path = run_control_group(s);
        if (!run->launch.cgroup_path)
                return error_oom(reterr);
        run->launch.seccomp = run->seccomp;
        run->launch.seccomp_notify = s->config->security.seccomp_notify_proxy;
        r = launch_begin(&run->launch, &run->child, reterr);
        if (r < 0)
                return r;
        if (run_watch_init(s) < 0 || run_watch_sync(s) < 0)
                return error_oom(reterr);
        run_hooks_keep_namespaces(s, ~run_namespace_flag(NAMESPACE_TIME));
        return STEP_DONE;
}

static int step_limits(Supervisor *s, Error *reterr)
{
        const KeyValueList *files = &s->run.plan->cgroup_files;
        int r;

        /* The move waits for an RCU grace period: a quarter of a millisecond, several on a busy machine.
         * With nothing to be given to the payload it can wait until init runs. */
        r = cgroup_has_controllers(s->unit_fd) ? run_enter_subgroup(s, reterr) : 0;
        for (size_t i = 0; i < files->n && r == 0; i++) {
                r = cgroup_write(s->run.payload_fd, files->items[i].key, files->items[i].value,
                                 reterr);
                if (r < 0)
                        (void) error_at(reterr, r, NULL, files->items[i].key);
        }
        return r;
}

static int go(Supervisor *s, Error *reterr)
{
        s->run.gone = true;
        return launch_go(&s->run.launch, &s->run.child, reterr);
}

/* Where nothing is to be done between set-up and exec, the child finds its word when it comes to
 * that point, and nobody waits for anybody. A device filter must not bind the set-up. */
static int step_go_ahead(Supervisor *s, Error *reterr)
{
        const Run *run = &s->run;

        if (run->hooks->lines[HOOK_START_HOST] || run->plan->devices.filter)
                return STEP_DONE;
        return go(s, reterr);
}

static int step_setup(Supervisor *s, Error *reterr)
{
        return s->run.prepared ? STEP_DONE : STEP_WAIT;
}

static void on_console_output(const char *data, size_t n, bool connected, void *userdata)
{
        Supervisor *s = userdata;

        console_log_add(&s->console_log, data, n, !connected);
        if (s->console_peer)
                console_peer_write(s->console_peer, data, n);
}

static int step_terminals(Supervisor *s, Error *reterr)
{
        TerminalsOptions options = {
                .loop = s->loop,
                .masters = s->run.child.masters,
                .n_masters = s->run.child.n_masters,
                .output = on_console_output,
                .userdata = s,
        };

        return terminals_new(&options, &s->terminals, reterr);
}

static int step_start_host(Supervisor *s, Error *reterr)
{
        return run_hooks(s, HOOK_START_HOST, reterr);
}

static int step_go(Supervisor *s, Error *reterr)
{
        return s->run.gone ? STEP_DONE : go(s, reterr);
}

static int step_exec(Supervisor *s, Error *reterr)
{
        return s->run.running ? STEP_DONE : STEP_WAIT;
}

/* What only the start needed goes: this process stays for as long as the container. */
static void forget_start(Run *run)
{
        run->plan = plan_free(run->plan);
        shares_close(run->launch.shares, run->launch.n_shares);
        free(run->launch.cgroup_path);
        run_rootfs_forget(run);
        run->launch = LAUNCH_NULL;
        free(run->seccomp);
        run->seccomp = NULL;
        run->sync = source_free(run->sync);
}

/* The stack is never as deep again as it was during the start. */
static void release_stack(void)
{
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);
        uintptr_t here = (uintptr_t) __builtin_frame_address(0) & ~(page - 1);

        /* Fails with ENOMEM where the stack is shorter than that, having released what there is. */
        (void) madvise((void *) (here - STACK_RELEASED - page), STACK_RELEASED, MADV_DONTNEED);
}

/* A container that never ran stays, and its error with it. */
static void note_ephemeral(Supervisor *s)
{
        if (!s->run.plan->ephemeral || s->ephemeral)
                return;
        s->ephemeral = undo_add(&s->undo, UNDO_EPHEMERAL, s->id) == 0;
        if (!s->ephemeral)
                log_event(LOG_WARNING, NULL,
                          "Container '%s' will not be removed at its end: its "
                          "journal cannot be written",
                          s->id);
}

static int step_running(Supervisor *s, Error *reterr)
{
        Error error = ERROR_NULL;

        (void) undo_note_init(&s->undo, s->run.child.pid);
        note_ephemeral(s);
        /* A process comes into its time namespace by execve(2). */
        run_hooks_keep_namespaces(s, run_namespace_flag(NAMESPACE_TIME));
        supervisor_transition(s, EVENT_RUNNING);
        notify("READY=1\nSTATUS=Running, init is process %d\n", s->run.child.pid);
        /* Only for tidiness by now: a start is not undone for it. */
        if (run_enter_subgroup(s, &error) < 0)
                log_error_event(LOG_WARNING, NULL, &error, "Staying in the unit's own cgroup");
        error_done(&error);
        forget_start(&s->run);
        footprint_shrink();
        release_stack();
        return STEP_DONE;
}

const RunStep run_steps_up[] = {
        { "directory", step_directory },
        { "config", step_config },
        { "hooks", step_hooks },
        { "pre-start", step_pre_start },
        { "plan", step_plan },
        { "seccomp", step_seccomp },
        { "console", step_console },
        { "cgroup", step_cgroup },
        { "label", step_label },
        { "share", step_share },
        { "shared-mounts", step_shared_mounts },
        { "rootfs", run_rootfs_open },
        { "clone", step_clone },
        { "network", run_net_up },
        { "limits", step_limits },
        { "go", step_go_ahead },
        { "network", run_net_show },
        { "setup", step_setup },
        { "terminals", step_terminals },
        { "start-host", step_start_host },
        { "go", step_go },
        { "exec", step_exec },
        { "running", step_running },
        { NULL, NULL },
};
