/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/supervisor.h"

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "container/emit.h"
#include "container/manager.h"
#include "container/operation.h"
#include "container/record.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

struct Supervisor {
        Container *container;
        Link *link;
        bool adopting; /* until the snapshot came */
};

static void take_error(Container *container, const json_t *fields)
{
        VarlinkReply as_reply = { .error = INTERFACE_SUPERVISOR ".Failed",
                                  .parameters = (json_t *) fields };

        error_done(&container->last_error);
        (void) varlink_error_to(&as_reply, &container->last_error);
        if (container->last_error.code == ERROR_FAILED)
                container->last_error.code = ERROR_START_FAILED;
}

static void take_group(Container *container, const json_t *fields)
{
        const char *group = json_string_value(json_object_get(fields, "controlGroup"));

        if (group)
                (void) string_set(&container->control_group, group);
}

static void take_init(Container *container, const json_t *fields)
{
        const json_t *pid = json_object_get(fields, "initPid");

        if (json_is_integer(pid))
                container_set_init(container, (pid_t) json_integer_value(pid));
}

/* A new run: nothing of it was told yet. */
static void begin_run(Container *container, const char *run)
{
        (void) string_set(&container->run, run);
        container->sequence = 0;
        container->exit_code = container->exit_signal = 0;
        error_done(&container->last_error);
}

static void tell_history(Container *container, const json_t *object)
{
        History history;
        int64_t number;

        history_from_json(object, &history);
        number = history.last - (int64_t) history.n;
        for (size_t i = 0; i < history.n; i++) {
                if (++number <= container->sequence)
                        continue;
                container->sequence = number;
                container_enter(container, history.states[i]);
        }
}

static void adopt_history(Container *container, const json_t *object)
{
        History history;

        history_from_json(object, &history);
        container->sequence = history.last;
        if (history.n > 0)
                container->state = history.states[history.n - 1];
        container->init_pid = (pid_t) json_integer_value(json_object_get(object, "initPid"));
}

static void on_present(Supervisor *supervisor, const json_t *fields)
{
        Container *container = supervisor->container;
        const char *run = json_string_value(json_object_get(fields, "run"));

        if (!streq0(container->run, run))
                begin_run(container, run ? run : "");
        take_group(container, fields);
        if (json_is_string(json_object_get(fields, "message")))
                take_error(container, fields);
        if (supervisor->adopting)
                adopt_history(container, fields);
        else {
                tell_history(container, fields);
                take_init(container, fields);
        }
        supervisor->adopting = false;
}

static void on_state(Supervisor *supervisor, const json_t *fields)
{
        Container *container = supervisor->container;
        const char *name = json_string_value(json_object_get(fields, "state"));
        State state = name ? state_from_name(name) : _STATE_INVALID;
        int64_t number = json_integer_value(json_object_get(fields, "sequence"));

        if (state == _STATE_INVALID || number <= container->sequence)
                return;
        container->sequence = number;
        take_group(container, fields);
        /* The pid before the state: who hears "running" may ask for it. */
        if (state != STATE_STOPPING && state != STATE_STOPPED)
                take_init(container, fields);
        container_enter(container, state);
}

static void on_exited(Supervisor *supervisor, const json_t *fields)
{
        Container *container = supervisor->container;

        container->exit_code = (int) json_integer_value(json_object_get(fields, "exitCode"));
        container->exit_signal = (int) json_integer_value(json_object_get(fields, "signal"));
        emit_exited(container, container->exit_code, container->exit_signal);
}

static void on_error(Supervisor *supervisor, const json_t *fields)
{
        take_error(supervisor->container, fields);
}

static const struct {
        const char *event;
        void (*handle)(Supervisor *supervisor, const json_t *fields);
} handlers[] = {
        { "present", on_present },
        { "state", on_state },
        { "exited", on_exited },
        { "error", on_error },
};

/* The run's own last word. Return: it was there. */
static bool tell_record(Container *container)
{
        _cleanup_(json_decref_p) json_t *record = NULL;
        const char *fields[] = { NULL, NULL };
        Error error = ERROR_NULL;
        const char *run;

        if (run_record_read(container->id, &record, &error) <= 0) {
                if (error_is_set(&error))
                        log_error_event(LOG_WARNING, fields, &error, container->id);
                error_done(&error);
                return false;
        }
        run = json_string_value(json_object_get(record, "run"));
        if (!run)
                return false;
        if (!streq0(container->run, run)) {
                /* Of a start that was over before it could be followed; else of an older run. */
                if (state_is_active(container->state) || !operation_is_start(container->operation))
                        return false;
                begin_run(container, run);
        }
        if (json_is_object(json_object_get(record, "error")))
                take_error(container, json_object_get(record, "error"));
        container->exit_code = (int) json_integer_value(json_object_get(record, "exitCode"));
        container->exit_signal = (int) json_integer_value(json_object_get(record, "signal"));
        tell_history(container, record);
        return true;
}

static void on_lost(Supervisor *supervisor)
{
        Container *container = supervisor->container;

        container->supervisor = supervisor_free(supervisor);
        /* Without a record the supervisor was killed: the unit's clean-up will write one and then
         * remove the control socket, which supervisor_vanished() hears. */
        if (state_is_active(container->state))
                (void) tell_record(container);
}

static void
on_reply(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Supervisor *supervisor = userdata;
        const char *event = json_string_value(json_object_get(parameters, "event"));

        if (error || !continues) {
                on_lost(supervisor);
                return;
        }
        for (size_t i = 0; event && i < ELEMENTS(handlers); i++)
                if (streq(handlers[i].event, event)) {
                        handlers[i].handle(supervisor, parameters);
                        return;
                }
}

static void control_path(const Container *container, char ret[static 320])
{
        (void) snprintf(ret, 320, CONTROL_DIR "/%s", container->id);
}

void supervisor_await_adoption(Container *container, uint64_t until_usec)
{
        while (container->supervisor && container->supervisor->adopting) {
                uint64_t now = now_usec();

                if (now >= until_usec ||
                    link_wait(container->supervisor->link, until_usec - now) < 0)
                        return;
                link_drain(container->supervisor->link);
        }
}

void supervisor_adopt_record(Container *container)
{
        _cleanup_(json_decref_p) json_t *record = NULL;
        Error error = ERROR_NULL;

        if (run_record_read(container->id, &record, &error) > 0) {
                const char *run = json_string_value(json_object_get(record, "run"));

                begin_run(container, run ? run : "");
                container->sequence = json_integer_value(json_object_get(record, "sequence"));
        }
        error_done(&error);
}

void supervisor_tell_record(Container *container)
{
        if (!container->supervisor)
                (void) tell_record(container);
}

int supervisor_follow(Container *container, bool adopting, Error *reterr)
{
        json_t *parameters = json_pack("{s:i}", "protocol", SUPERVISOR_PROTOCOL);
        Supervisor *supervisor;
        char path[320];
        int r;

        container->supervisor = supervisor_free(container->supervisor);
        operation_add_ticket(container, parameters);
        supervisor = calloc(1, sizeof(*supervisor));
        if (!supervisor || !parameters) {
                free(supervisor);
                json_decref(parameters);
                return error_oom(reterr);
        }
        supervisor->container = container;
        supervisor->adopting = adopting;
        control_path(container, path);
        r = link_call(container->manager->event, path, INTERFACE_SUPERVISOR ".Subscribe",
                      parameters, true, NULL, on_reply, supervisor, &supervisor->link, reterr);
        if (r < 0) {
                free(supervisor);
                return r;
        }
        container->supervisor = supervisor;
        return 0;
}

void supervisor_vanished(Container *container)
{
        supervisor_catch_up(container);
        container->supervisor = supervisor_free(container->supervisor);
        if (state_is_active(container->state) || container->operation)
                (void) tell_record(container);
        while (state_is_active(container->state) && container->run)
                container_enter(container, lifecycle_way_down(container->state));
        operation_lost(container);
}

void supervisor_catch_up(Container *container)
{
        if (container->supervisor)
                link_drain(container->supervisor->link);
}

Supervisor *supervisor_free(Supervisor *supervisor)
{
        if (!supervisor)
                return NULL;
        (void) link_free(supervisor->link);
        free(supervisor);
        return NULL;
}

int supervisor_call(Container *container,
                    const char *member,
                    json_t *parameters,
                    FdArray *fds,
                    LinkReply answer,
                    void *userdata,
                    Link **ret,
                    Error *reterr)
{
        char path[320], method[96];
        int r;

        control_path(container, path);
        (void) snprintf(method, sizeof(method), INTERFACE_SUPERVISOR ".%s", member);
        r = link_call(container->manager->event, path, method, parameters, false, fds, answer,
                      userdata, ret, reterr);
        /* It was never there, or went just now. */
        if (r == -ENOENT || r == -ECONNREFUSED || r == -EPIPE || r == -ECONNRESET)
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is not running", container->id);
        return r;
}
