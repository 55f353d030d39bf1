/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/cleanup.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "kernel/cgroup.h"
#include "kernel/label.h"
#include "runtime/ephemeral.h"
#include "runtime/journal.h"
#include "runtime/net/phys.h"
#include "runtime/run-steps.h"
#include "runtime/record/shared-mounts.h"
#include "runtime/supervisor.h"
#include "storage/backend/nbd.h"

/* The supervisor that holds the lock is just dying: the clean-up runs after its unit's processes
 * were killed. */
#define LOCK_USEC (20 * USEC_PER_SEC)
#define REAP_USEC (20 * USEC_PER_SEC)

/* systemd runs ExecStopPost= of a unit with Delegate= in this child of the unit's group. */
#define CONTROL_GROUP "/.control"

static int log_failure(Error *error, int r)
{
        log_error_event(LOG_WARNING, NULL, error, NULL);
        error_done(error);
        return r;
}

/* --- kinds of effects ------------------------------------------------------------------------- */

static int load_hooks(Supervisor *s, HookSet **ret, Error *reterr)
{
        PlanInput plan_input = supervisor_plan_input(s);
        HookInput input = plan_hook_input(&plan_input);
        int r = s->config ? 0 : supervisor_load(s, reterr);

        return r < 0 ? r : hook_set_make(s->config, &input, ret, reterr);
}

static int undo_hook(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        _cleanup_(hook_set_free_p) HookSet *hooks = NULL;
        char pid[32];
        char *environment[] = { pid, (char *) "LXC_TARGET=stop", NULL };
        HookCall call = { .environment = log->init > 0 ? environment : environment + 1 };
        int r;

        (void) snprintf(pid, sizeof(pid), "LXC_PID=%d", log->init);
        while (call.type < _HOOK_TYPE_MAX && !streq(hook_type_name(call.type), entry->object))
                call.type++;
        if (call.type == _HOOK_TYPE_MAX)
                return error_errno(reterr, EBADMSG, "There are no hooks '%s'", entry->object);
        r = load_hooks(s, &hooks, reterr);
        if (r < 0)
                return r;
        call.set = hooks;
        return hooks_run(&call, reterr);
}

static int undo_apparmor(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        int r = apparmor_profile_remove(entry->object);

        return r < 0 ? error_errno(reterr, -r, "Cannot remove the AppArmor profile '%s'",
                                   entry->object)
                     : 0;
}

static int undo_ephemeral(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        s->ephemeral = true; /* removed after everything else */
        return 0;
}

static int
undo_shared_mounts(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        return shared_mounts_undo(entry->object, reterr);
}

static int undo_net_script(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        _cleanup_(hook_set_free_p) HookSet *hooks = NULL;
        int r = load_hooks(s, &hooks, reterr);

        return r < 0 ? r : run_net_undo_script(hooks, entry->object, reterr);
}

/* The payload is dead, and its network namespace with it unless that is held. */
static int undo_net(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        _cleanup_(fd_close_p) int netns_fd = net_phys_find_namespace(log);
        _cleanup_(netlink_free_p) Netlink *host = NULL;
        int r = netlink_open(-EBADF, &host, reterr);

        return r < 0 ? r : net_undo(host, netns_fd, entry->kind, entry->object, reterr);
}

static int undo_device(Supervisor *s, const UndoLog *log, const UndoEntry *entry, Error *reterr)
{
        return nbd_detach(entry->object, reterr);
}

static int (*const undo_functions[_UNDO_KIND_MAX])(Supervisor *s,
                                                   const UndoLog *log,
                                                   const UndoEntry *entry,
                                                   Error *reterr) = {
        [UNDO_HOOK] = undo_hook,
        [UNDO_EPHEMERAL] = undo_ephemeral,
        [UNDO_APPARMOR] = undo_apparmor,
        [UNDO_DEVICE] = undo_device,
        [UNDO_SHARED_MOUNTS] = undo_shared_mounts,
        [UNDO_NETNS] = undo_net,
        [UNDO_LINK] = undo_net,
        [UNDO_PHYS] = undo_net,
        [UNDO_PROXY] = undo_net,
        [UNDO_ROUTE] = undo_net,
        [UNDO_NET_SCRIPT] = undo_net_script,
};

static int undo_all(Supervisor *s, const UndoLog *log)
{
        int first = 0;

        for (size_t i = log->n_entries; i-- > 0;) {
                const UndoEntry *entry = &log->entries[i];
                Error error = ERROR_NULL;
                int r = undo_functions[entry->kind](s, log, entry, &error);

                if (r < 0)
                        r = log_failure(&error, r);
                if (first == 0)
                        first = r;
        }
        return first;
}

/* --- the payload ------------------------------------------------------------------------------ */

/* The unit's group: ours, or the one above when we are in a child of it. */
static int open_unit_group(void)
{
        _cleanup_(free_p) char *path = NULL;
        Error error = ERROR_NULL;
        char *control;
        int fd = cgroup_open_own(&path, &error);

        error_done(&error);
        if (fd < 0)
                return fd;
        control = (char *) endswith(path, CONTROL_GROUP);
        if (!control)
                return fd;
        (void) fd_close(fd);
        *control = '\0';
        return cgroup_open_path(*path ? path : "/");
}

static int reap_payload(const Supervisor *s)
{
        _cleanup_(fd_close_p) int unit_fd = open_unit_group();
        int r;

        if (unit_fd < 0)
                return 0; /* no group, no process in it */
        r = cgroup_reap(unit_fd, PAYLOAD_GROUP, now_usec() + REAP_USEC);
        if (r < 0)
                log_event(LOG_WARNING, NULL, "Processes of '%s' could not be killed: %s", s->id,
                          strerror(-r));
        return r;
}

/* --- the record ------------------------------------------------------------------------------- */

static bool has_record(const Supervisor *s, const char *run)
{
        Record record = { 0 };
        bool same;

        if (record_read(s->record_fd, &record) < 0)
                return false;
        same = streq(record.run, run);
        record_done(&record);
        return same;
}

/* The states that the killed supervisor could not tell. */
static int complete_record(const Supervisor *s, const UndoLog *log)
{
        Record record = { .run = log->run, .history = log->history, .signal = SIGKILL };
        State state = history_last(&log->history);
        int r;

        if (has_record(s, log->run) || log->history.n == 0)
                return 0;
        if (state == STATE_STARTING)
                (void) error_code(&record.error, ERROR_START_FAILED, EOWNERDEAD,
                                  "The supervisor of '%s' was killed during the start", s->id);
        while (state != STATE_STOPPED) {
                state = lifecycle_way_down(state);
                history_add(&record.history, state);
        }
        r = record_write(s->record_fd, &record);
        error_done(&record.error);
        if (r < 0)
                log_event(LOG_WARNING, NULL, "Cannot write the record of the run: %s",
                          strerror(-r));
        return r;
}

int cleanup_leftovers(Supervisor *s)
{
        UndoLog log = { 0 };
        int r, first;

        r = undo_log_read(s->record_fd, &log);
        if (r == -ENOENT)
                return 0;
        if (r < 0) {
                log_event(LOG_WARNING, NULL, "The journal of the last run cannot be read: %s",
                          strerror(-r));
                (void) unlinkat(s->record_fd, UNDO_FILE, 0);
                return r;
        }
        s->overrides = json_incref(log.config);
        first = reap_payload(s);
        r = undo_all(s, &log);
        first = first < 0 ? first : r;
        r = complete_record(s, &log);
        first = first < 0 ? first : r;
        undo_log_done(&log);
        /* They were of the last run. */
        json_decref(s->overrides);
        s->overrides = NULL;
        s->config = config_free(s->config);
        (void) unlinkat(s->record_fd, UNDO_FILE, 0);
        return first;
}

static bool is_needed(const Supervisor *s)
{
        return faccessat(s->record_fd, UNDO_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
               faccessat(s->control_fd, s->id, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int cleanup(Supervisor *s, const char *id, Error *reterr)
{
        int r;

        r = supervisor_locate(s, id, reterr);
        if (r == 0)
                r = supervisor_open_directories(s, reterr);
        if (r < 0)
                return r;
        if (!is_needed(s))
                return 0;
        r = container_lock_wait(LOCK_DIR, s->id, s->directory, LOCK_USEC, &s->lock, reterr);
        if (r < 0)
                return r;
        r = cleanup_leftovers(s);
        (void) unlinkat(s->record_fd, TICKET_FILE, 0);
        (void) unlinkat(s->control_fd, s->id, 0);
        if (s->ephemeral) {
                container_lock_release(&s->lock);
                return ephemeral_remove(s->id, s->directory, reterr);
        }
        return r < 0 ? error_errno(reterr, -r, "The clean-up of '%s' is not complete", s->id) : 0;
}

int cleanup_main(const char *id)
{
        Error error = ERROR_NULL;
        Supervisor s;
        int r;

        supervisor_init(&s);
        journal_begin(id);
        r = cleanup(&s, id, &error);
        if (r < 0)
                log_error_event(LOG_ERR, NULL, &error, NULL);
        error_done(&error);
        supervisor_done(&s);
        journal_end();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
