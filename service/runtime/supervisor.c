/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/supervisor.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/process.h"
#include "base/strv.h"
#include "config/check.h"
#include "config/parse.h"
#include "config/system-config.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "interfaces/unsynced.h"
#include "runtime/cleanup.h"
#include "runtime/control-methods.h"
#include "runtime/journal.h"

/* A worker that has just told its result is about to let go of the container. */
#define LOCK_USEC (2 * USEC_PER_SEC)

/* --- what it is about ------------------------------------------------------------------------ */

void supervisor_init(Supervisor *s)
{
        *s = (Supervisor){
                .lock = CONTAINER_LOCK_NULL,
                .record_fd = -EBADF,
                .control_fd = -EBADF,
                .signal_fd = -EBADF,
                .unit_fd = -EBADF,
                .undo = UNDO_NULL,
                .console_log = CONSOLE_LOG_NULL,
                .stop.deadline_usec = USEC_INFINITY,
        };
        run_init(&s->run);
}

void supervisor_done(Supervisor *s)
{
        attach_done(s);
        run_done(&s->run);
        stop_done(&s->stop);
        freeze_done(&s->freeze);
        s->terminals = terminals_free(s->terminals);
        console_log_done(&s->console_log);
        s->console_peer = console_peer_free(s->console_peer);
        s->control = control_free(s->control);
        (void) source_free(s->signals);
        (void) source_free(s->ticket_timer);
        s->loop = loop_free(s->loop);
        undo_done(&s->undo);
        ticket_done(&s->ticket);
        json_decref(s->overrides);
        (void) config_free(s->config);
        (void) fd_close(s->unit_fd);
        (void) fd_close(s->signal_fd);
        (void) fd_close(s->control_fd);
        (void) fd_close(s->record_fd);
        container_lock_release(&s->lock);
        error_done(&s->error);
        free(s->unit_path);
        free(s->run_id);
        free(s->config_file);
        free(s->lxcpath);
        free(s->directory);
        free(s->name);
        supervisor_init(s);
}

int supervisor_locate(Supervisor *s, const char *id, Error *reterr)
{
        _cleanup_(system_config_free_p) SystemConfig *system = NULL;
        const char *slash;
        int r;

        s->id = id;
        r = container_id_check(id, reterr);
        if (r == 0)
                r = system_config_load(&system, reterr);
        if (r == 0)
                r = container_id_locate(id, system_config_container_path(system), &s->directory,
                                        &s->name, reterr);
        if (r < 0)
                return r;
        s->hook_timeout_usec = system_config_hook_timeout(system);
        slash = strrchr(s->directory, '/');
        s->lxcpath = strndup(s->directory, (size_t) (slash - s->directory));
        s->config_file = string_format("%s/config", s->directory);
        return s->lxcpath && s->config_file ? 0 : error_oom(reterr);
}

static int apply_overrides(Config *config, const json_t *overrides, Error *reterr)
{
        const json_t *pair;
        size_t i;
        int r;

        json_array_foreach(overrides, i, pair) {
                const char *key = NULL, *value = NULL;

                if (json_get_string(pair, "key", &key, reterr) <= 0 ||
                    json_get_string(pair, "value", &value, reterr) <= 0)
                        return error_public(reterr, ERROR_INVALID_ARGS,
                                            "The settings for this run are no key and value pairs");
                r = config_set(config, key, value, "Option 'config' of Start", reterr);
                if (r < 0)
                        return r;
        }
        return overrides ? config_check(config, reterr) : 0;
}

int supervisor_load(Supervisor *s, Error *reterr)
{
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(strv_free_p) char **warnings = NULL;
        int r;

        r = unsynced_check(s->directory, reterr);
        if (r < 0)
                return r;
        r = config_load(s->config_file, &config, &warnings, reterr);
        strv_foreach(warning, warnings)
                log_event(LOG_WARNING, NULL, "%s", *warning);
        if (r == 0)
                r = apply_overrides(config, s->overrides, reterr);
        if (r < 0)
                return error_at(reterr, r, "config", s->config_file);
        s->config = TAKE_PTR(config);
        return 0;
}

PlanInput supervisor_plan_input(const Supervisor *s)
{
        PlanInput input = {
                .id = s->id,
                .name = s->name,
                .directory = s->directory,
                .config_file = s->config_file,
                .lxcpath = s->lxcpath,
                .hook_timeout_usec = s->hook_timeout_usec,
        };

        plan_input_host(&input);
        return input;
}

/* --- what is told ----------------------------------------------------------------------------- */

static json_t *present_fields(const Supervisor *s, const char *event)
{
        _cleanup_(free_p) char *group = run_control_group(s);
        int pid = s->run.child.pid > 0 && !s->run.reaped ? s->run.child.pid : 0;

        return json_pack("{s:s,s:s,s:I,s:s,s:i,s:s?}", "event", event, "run", s->run_id, "sequence",
                         (json_int_t) s->history.sequence, "state", state_name(s->state), "initPid",
                         pid, "controlGroup", group);
}

static void publish(Supervisor *s, json_t *event)
{
        if (event && s->control)
                control_publish(s->control, event);
        json_decref(event);
}

static json_t *error_fields(const Supervisor *s)
{
        const Error *e = &s->error;

        return json_pack("{s:s,s:s,s:i,s:s?,s:s?,s:s}", "event", "error", "code",
                         e->code ? error_row(e)->name : "", "errno", e->errnum, "stage", e->stage,
                         "object", e->object, "message", error_message(e));
}

json_t *supervisor_snapshot(const Supervisor *s)
{
        _cleanup_(json_decref_p) json_t *event = present_fields(s, "present");
        _cleanup_(json_decref_p) json_t *error = NULL;

        if (!event || json_set(event, "history", history_to_json(&s->history)) < 0)
                return NULL;
        if (!error_is_set(&s->error))
                return json_incref(event);
        /* Who subscribes after a start has failed is to hear why. */
        error = error_fields(s);
        return error && json_object_update_missing(event, error) == 0 ? json_incref(event) : NULL;
}

/* So that the unit's journal tells the container's story, not only its console. */
static void log_state(const Supervisor *s)
{
        char state[32];
        const char *fields[] = { state, NULL };

        (void) snprintf(state, sizeof(state), "STATE=%s", state_name(s->state));
        log_event(LOG_INFO, fields, "Container '%s' is %s", s->id, state_name(s->state));
}

void supervisor_transition(Supervisor *s, LifecycleEvent event)
{
        State next = lifecycle_next(s->state, event), previous = s->state;
        json_t *message;

        assert(next != _STATE_INVALID);
        s->state = next;
        history_add(&s->history, next);
        (void) undo_note_state(&s->undo, next, s->history.sequence);
        message = present_fields(s, "state");
        if (message)
                (void) json_set(message, "previous", json_string(state_name(previous)));
        publish(s, message);
        log_state(s);
}

void supervisor_publish_exited(Supervisor *s)
{
        publish(s, json_pack("{s:s,s:i,s:i}", "event", "exited", "exitCode", s->exit_code, "signal",
                             s->exit_signal));
}

void supervisor_publish_error(Supervisor *s)
{
        _cleanup_(free_p) char *prefix = NULL;
        const Error *e = &s->error;

        publish(s, error_fields(s));
        prefix = string_format("Cannot start container '%s', stage '%s'", s->id, e->stage);
        log_error_event(LOG_ERR, NULL, e, prefix);
        notify_status(error_message(e));
        notify("ERRNO=%d\n", e->errnum);
}

/* --- its end ---------------------------------------------------------------------------------- */

static int exit_status(const Supervisor *s)
{
        int status = process_shell_status(s->exit_code, s->exit_signal);

        if (s->stop.by_manager)
                return EXIT_SUCCESS;
        if (error_is_set(&s->error))
                return s->error.code == ERROR_CANCELLED ? EXIT_WANTED_END : EXIT_FAILURE;
        if (stop_was_wanted(s))
                return EXIT_WANTED_END;
        /* An init that happens to end with our own number did not end as it was wanted. */
        return status == EXIT_WANTED_END ? EXIT_FAILURE : status;
}

static void write_status(const Supervisor *s)
{
        if (error_is_set(&s->error))
                return; /* said when it happened */
        notify("STATUS=Stopped, init %s %d%s\n",
               s->exit_signal > 0 ? "was ended by signal" : "ended with status",
               s->exit_signal > 0 ? s->exit_signal : s->exit_code,
               s->oom_kills > 0 ? " for want of memory" : "");
}

/* The record comes before anybody can see that we are gone. */
void supervisor_finish(Supervisor *s)
{
        Record record = {
                .run = s->run_id,
                .history = s->history,
                .exit_code = s->exit_code,
                .signal = s->exit_signal,
                .error = s->error,
        };
        int r = record_write(s->record_fd, &record);

        if (r < 0)
                log_event(LOG_ERR, NULL, "Cannot write the record of the run: %s", strerror(-r));
        undo_done(&s->undo);
        /* The clean-up of the unit reads in it that there is something to remove. */
        if (!s->ephemeral)
                (void) unlinkat(s->record_fd, UNDO_FILE, 0);
        write_status(s);
        attach_done(s);
        (void) unlinkat(s->control_fd, s->id, 0);
        loop_exit(s->loop, exit_status(s));
}

/* --- its beginning ---------------------------------------------------------------------------- */

static int make_run_id(Supervisor *s, Error *reterr)
{
        const char *id = getenv("INVOCATION_ID");
        uint64_t random[2];

        if (id && *id)
                return string_set(&s->run_id, id) < 0 ? error_oom(reterr) : 0;
        if (getrandom(random, sizeof(random), 0) != sizeof(random))
                return error_errno(reterr, errno, "Cannot get random bytes");
        s->run_id = string_format("%016" PRIx64 "%016" PRIx64, random[0], random[1]);
        if (!s->run_id)
                return error_oom(reterr);
        return 0;
}

int supervisor_open_directories(Supervisor *s, Error *reterr)
{
        _cleanup_(free_p) char *path = NULL;
        int r;

        path = string_format(RECORD_DIR "/%s", s->id);
        if (!path)
                return error_oom(reterr);
        r = mkdir_parents(path, 0700);
        if (r == 0)
                r = mkdir_parents(CONTROL_DIR, 0700);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make the directories in '" RUN_DIR "'");
        s->record_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        s->control_fd = open(CONTROL_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->record_fd < 0 || s->control_fd < 0)
                return error_errno(reterr, errno, "Cannot open the directories in '" RUN_DIR "'");
        return 0;
}

static int on_signal(Source *source, int fd, uint32_t events, void *userdata)
{
        struct signalfd_siginfo info;
        Supervisor *s = userdata;

        if (read(fd, &info, sizeof(info)) != sizeof(info))
                return 0;
        if (info.ssi_signo != SIGHUP)
                stop_by_manager(s);
        return 0;
}

static int watch_signals(Supervisor *s, Error *reterr)
{
        sigset_t set;
        int r;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGHUP); /* means nothing to us, and must not end us */
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return error_errno(reterr, errno, "Cannot block signals");
        s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (s->signal_fd < 0)
                return error_errno(reterr, errno, "Cannot make a signalfd");
        r = loop_new(&s->loop);
        if (r == 0)
                r = loop_add_fd(s->loop, s->signal_fd, EPOLLIN, on_signal, s, &s->signals);
        return r < 0 ? error_errno(reterr, -r, "Cannot watch signals") : 0;
}

static int begin_journal(Supervisor *s, Error *reterr)
{
        int r;

        r = cleanup_leftovers(s);
        if (r < 0)
                log_event(LOG_WARNING, NULL,
                          "What the last run of '%s' left could not be cleaned up, ignoring",
                          s->id);
        s->ephemeral = false; /* that was the last run's */
        if (unlinkat(s->record_fd, RECORD_FILE, 0) < 0 && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot remove the record of the last run");
        r = undo_begin(&s->undo, s->record_fd, s->run_id);
        return r < 0 ? error_errno(reterr, -r, "Cannot write the journal of the run") : 0;
}

static int setup(Supervisor *s, const char *id, Error *reterr)
{
        ControlOptions control = {
                .name = id, .methods = control_methods, .on_release = freeze_release, .userdata = s
        };
        int r;

        r = supervisor_locate(s, id, reterr);
        if (r == 0)
                r = make_run_id(s, reterr);
        if (r == 0)
                r = container_lock_wait(LOCK_DIR, id, s->directory, LOCK_USEC, &s->lock, reterr);
        if (r == 0)
                r = supervisor_open_directories(s, reterr);
        if (r == 0)
                r = watch_signals(s, reterr);
        if (r == 0)
                r = begin_journal(s, reterr);
        if (r < 0)
                return r;
        control.loop = s->loop;
        control.dir_fd = s->control_fd;
        return control_new(&control, &s->control, reterr);
}

void supervisor_forget_ticket(Supervisor *s)
{
        s->ticket_timer = source_free(s->ticket_timer);
        ticket_done(&s->ticket);
}

static int on_ticket_timeout(Source *source, int fd, uint32_t events, void *userdata)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Supervisor *s = userdata;
        int r;

        r = error_code(&error, ERROR_START_FAILED, ETIMEDOUT,
                       "The settings of this run, which a start ticket announced, did not come");
        (void) error_at(&error, r, "ticket", NULL);
        run_cancel(s, &error);
        return 0;
}

void supervisor_take_ticket(Supervisor *s, const char *token, json_t *overrides)
{
        if (!s->ticket.token || !streq(s->ticket.token, token))
                return;
        supervisor_forget_ticket(s);
        if (json_array_size(overrides) > 0) {
                s->overrides = json_incref(overrides);
                (void) undo_note_config(&s->undo, s->overrides);
        }
        run_begin(s);
}

/* Return: 0 nothing is to be waited for, 1 the start waits for a subscriber. */
static int take_ticket(Supervisor *s, Error *reterr)
{
        _cleanup_(fd_close_p) int dir_fd = open(TICKET_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r;

        if (dir_fd < 0)
                return errno == ENOENT ? 0
                                       : error_errno(reterr, errno, "Cannot open '%s'", TICKET_DIR);
        r = ticket_take(dir_fd, s->id, s->record_fd, &s->ticket, reterr);
        if (r <= 0)
                return r;
        if (!ticket_writer_lives(&s->ticket)) {
                ticket_done(&s->ticket);
                return 0;
        }
        r = loop_add_timer(s->loop, now_usec() + TICKET_WAIT_USEC, on_ticket_timeout, s,
                           &s->ticket_timer);
        return r < 0 ? error_errno(reterr, -r, "Cannot wait for the service") : 1;
}

static void begin(Supervisor *s)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r = take_ticket(s, &error);

        if (r == 0)
                run_begin(s);
        else if (r < 0)
                run_cancel(s, &error);
}

int supervisor_main(const char *id)
{
        Error error = ERROR_NULL;
        Supervisor s;
        int r;

        supervisor_init(&s);
        journal_begin(id);
        r = setup(&s, id, &error);
        if (r < 0) {
                log_error_event(LOG_ERR, NULL, &error, NULL);
                notify_status(error_message(&error));
                notify("ERRNO=%d\n", error.errnum);
                error_done(&error);
                supervisor_done(&s);
                return EXIT_FAILURE;
        }
        begin(&s);
        r = loop_run(s.loop);
        if (r < 0)
                log_event(LOG_ERR, NULL, "The event loop failed: %s", strerror(-r));
        supervisor_done(&s);
        journal_end();
        return r < 0 ? EXIT_FAILURE : r;
}
