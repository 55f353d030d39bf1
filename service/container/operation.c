/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A start ends with the first of: the supervisor says running; the run it began is over (its error);
 * the unit's job ended otherwise than `done` (masked, dependency, 203/EXEC ...: the error is made
 * of what the service manager knows). A stop ends when the container is stopped; the operation
 * itself stays until the unit's stop job is over, so that nothing queues behind it unseen. */

#include "container/operation.h"

#include "base/process.h"
#include "container/manager.h"
#include "container/supervisor.h"
#include "container/ticket.h"
#include "container/unit-error.h"
#include "container/waiters.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

#define STOP_TIMEOUT_USEC (60 * (int64_t) USEC_PER_SEC)
#define REBOOT_TIMEOUT_USEC (60 * (int64_t) USEC_PER_SEC)

typedef enum OperationKind {
        OPERATION_START,
        OPERATION_STOP,
        OPERATION_REBOOT,
} OperationKind;

struct Operation {
        OperationKind kind;
        Container *container;
        Waiters waiters;
        Waiters followers; /* stop: calls that go on with `then` */
        OperationThen then;
        UnitJob *unit_job;
        Link *link;             /* the call to the supervisor */
        sd_event_source *timer; /* of a reboot */
        Ticket *ticket;         /* of a start with overrides */
        bool began;             /* start: the run began; reboot: the old run ended */
        bool answered;          /* stop: only the unit's job is still awaited */
};

bool operation_is_start(const Operation *operation)
{
        return operation && operation->kind == OPERATION_START;
}

Operation *operation_free(Operation *operation)
{
        Error error = ERROR_NULL;

        if (!operation)
                return NULL;
        if (operation->container->operation == operation)
                operation->container->operation = NULL;
        if (operation->unit_job)
                operation->container->manager->units.forget(operation->unit_job);
        (void) link_free(operation->link);
        (void) sd_event_source_disable_unref(operation->timer);
        (void) ticket_free(operation->ticket);
        if (operation->waiters.n > 0) {
                (void) error_public(&error, ERROR_CANCELLED,
                                    "The service gave up on container '%s'",
                                    operation->container->id);
                waiters_fail(&operation->waiters, &error);
                error_done(&error);
        }
        waiters_done(&operation->waiters);
        free(operation);
        return NULL;
}

static Operation *operation_new(Container *container, OperationKind kind)
{
        Operation *operation = calloc(1, sizeof(*operation));

        if (!operation)
                return NULL;
        operation->kind = kind;
        operation->container = container;
        return operation;
}
DEFINE_CLEANUP(Operation *, operation_free)

/* What is told at the end, out of the operation's way: who hears the answer may begin the next. */
typedef struct Ending {
        Manager *manager;
        Waiters waiters, followers;
        OperationThen then;
} Ending;

static void ending_take(Ending *ending, Operation *operation)
{
        ending->manager = operation->container->manager;
        ending->then = operation->then;
        waiters_move(&ending->waiters, &operation->waiters);
        waiters_move(&ending->followers, &operation->followers);
}

static void go_on(Call *call, void *userdata)
{
        const Ending *ending = userdata;
        Container *container;
        Error error = ERROR_NULL;

        if (manager_call_container(call, &container, &error) < 0 ||
            ending->then(call, container, &error) < 0)
                call_fail(call, &error);
        error_done(&error);
}

static void ending_tell(Ending *ending, const Error *error)
{
        if (error) {
                waiters_fail(&ending->waiters, error);
                waiters_fail(&ending->followers, error);
        } else {
                waiters_reply(&ending->waiters, NULL);
                waiters_each(&ending->followers, go_on, ending);
        }
        waiters_done(&ending->waiters);
        waiters_done(&ending->followers);
}

/* The end, with an error or without. */
static void operation_end(Operation *operation, const Error *error)
{
        Ending ending;

        ending_take(&ending, operation);
        (void) operation_free(operation);
        ending_tell(&ending, error);
}

static int join(Operation *operation, Call *call, OperationThen then, Error *reterr)
{
        if (then)
                operation->then = then;
        return waiters_add(then ? &operation->followers : &operation->waiters, call) < 0
                       ? error_oom(reterr)
                       : 0;
}

/* --- start --- */

static void start_failed(Operation *operation, Error *error)
{
        error_set_code(error, 0, ERROR_START_FAILED);
        operation_end(operation, error);
        error_done(error);
}

static void start_ended_early(Operation *operation)
{
        Container *container = operation->container;
        Error error = ERROR_NULL;

        if (error_is_set(&container->last_error))
                (void) error_copy(&error, &container->last_error);
        else
                (void) error_public(&error, ERROR_START_FAILED,
                                    "Container '%s' ended before it was running", container->id);
        start_failed(operation, &error);
}

static void on_start_job(void *userdata, const UnitOutcome *outcome, const Error *problem)
{
        Operation *operation = userdata;
        Container *container = operation->container;
        Error error = ERROR_NULL;

        operation->unit_job = NULL;
        supervisor_catch_up(container);
        if (container->operation != operation)
                return; /* ended by what was caught up with */
        if (outcome && outcome->job_result[0] == 'd' && outcome->job_result[1] == 'o')
                return; /* done: the supervisor says the same in a moment */
        /* A supervisor may have lived and ended between two looks of ours. */
        supervisor_tell_record(container);
        if (container->operation != operation)
                return;
        if (problem)
                (void) error_copy(&error, problem);
        else
                (void) unit_outcome_error(container->unit, outcome, &error);
        start_failed(operation, &error);
}

static int begin_start(Operation *operation, Call *call, Error *reterr)
{
        Container *container = operation->container;
        const Units *units = &container->manager->units;
        json_t *config = json_object_get(call->parameters, "config");
        int r;

        if (json_array_size(config) > 0) {
                r = ticket_new(container->id, config, &operation->ticket, reterr);
                if (r < 0)
                        return r;
        }
        if (!units->run)
                return error_public(reterr, ERROR_FAILED,
                                    "The service manager cannot be reached to start '%s'",
                                    container->unit);
        r = units->run(units->userdata, UNIT_START, container->unit, on_start_job, operation,
                       &operation->unit_job, reterr);
        return r < 0 ? r : join(operation, call, NULL, reterr);
}

int operation_start(Container *container, Call *call, Error *reterr)
{
        _cleanup_(operation_free_p) Operation *operation = NULL;
        int r;

        if (operation_is_start(container->operation)) {
                if (json_array_size(json_object_get(call->parameters, "config")) > 0)
                        return error_public(reterr, ERROR_BUSY,
                                            "Container '%s' is already being started, without the "
                                            "config of this call",
                                            container->id);
                return join(container->operation, call, NULL, reterr);
        }
        if (container->operation && !container->operation->answered)
                return error_public(reterr, ERROR_BUSY, "Container '%s' is being %s", container->id,
                                    container->operation->kind == OPERATION_STOP ? "stopped"
                                                                                 : "rebooted");
        if (state_is_active(container->state))
                return error_public(reterr, ERROR_CONTAINER_RUNNING, "Container '%s' is already %s",
                                    container->id, state_name(container->state));
        /* A stop that only waits for the unit to settle: the service manager orders the jobs. */
        container->operation = operation_free(container->operation);
        operation = operation_new(container, OPERATION_START);
        if (!operation)
                return error_oom(reterr);
        container->operation = operation;
        r = begin_start(operation, call, reterr);
        if (r < 0)
                return r;
        (void) TAKE_PTR(operation);
        return 0;
}

/* --- stop --- */

static void on_stop_job(void *userdata, const UnitOutcome *outcome, const Error *problem)
{
        Operation *operation = userdata;
        Container *container = operation->container;

        operation->unit_job = NULL;
        supervisor_catch_up(container);
        if (container->operation != operation)
                return;
        if (operation->answered) {
                (void) operation_free(operation);
                return;
        }
        if (problem) {
                operation_end(operation, problem);
                return;
        }
        /* The unit is down; whatever the supervisor could not tell any more is completed here. */
        supervisor_vanished(container);
        if (container->operation == operation)
                operation_end(operation, NULL);
}

static int stop_unit(Operation *operation, Error *reterr)
{
        Container *container = operation->container;
        const Units *units = &container->manager->units;

        if (!units->run)
                return error_public(reterr, ERROR_FAILED,
                                    "The service manager cannot be reached to stop '%s'",
                                    container->unit);
        return units->run(units->userdata, UNIT_STOP, container->unit, on_stop_job, operation,
                          &operation->unit_job, reterr);
}

static void
on_stop_reply(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Operation *operation = userdata;
        Container *container = operation->container;

        operation->link = link_free(operation->link);
        supervisor_catch_up(container);
        if (container->operation != operation)
                return;
        /* A supervisor that is just ending closes without a word: its end is what is awaited. */
        if (error && error->errnum != ECONNRESET)
                operation_end(operation, error);
}

static json_t *stop_parameters(const Call *call)
{
        bool kill = call_flag(call, "kill");

        return json_pack("{s:I,s:b,s:b}", "timeoutUsec",
                         kill ? (json_int_t) 0
                              : call_integer(call, "timeoutUsec", STOP_TIMEOUT_USEC),
                         "kill", kill, "noKill", call_flag(call, "noKill"));
}

/* With no one to tell (an old or dying supervisor) the unit's own stop does it all. */
static int begin_stop(Operation *operation, Call *call, Error *reterr)
{
        Container *container = operation->container;
        bool no_kill = call_flag(call, "noKill");
        int r;

        r = supervisor_call(container, "Stop", stop_parameters(call), NULL, on_stop_reply,
                            operation, &operation->link, reterr);
        if (r < 0 && no_kill)
                return r;
        error_done(reterr);
        return no_kill ? 0 : stop_unit(operation, reterr);
}

static int check_stoppable(Container *container, Error *reterr)
{
        if (state_is_active(container->state) || operation_is_start(container->operation))
                return 0;
        return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING, "Container '%s' is not running",
                            container->id);
}

/* A kill overtakes a polite stop that is under way. */
static int join_stop(Operation *operation, Call *call, OperationThen then, Error *reterr)
{
        Link *link = NULL;

        if (call_flag(call, "kill")) {
                link = TAKE_PTR(operation->link);
                (void) supervisor_call(operation->container, "Stop", stop_parameters(call), NULL,
                                       on_stop_reply, operation, &operation->link, NULL);
                (void) link_free(link);
        }
        return join(operation, call, then, reterr);
}

static int stop(Container *container, Call *call, OperationThen then, Error *reterr)
{
        _cleanup_(operation_free_p) Operation *operation = NULL;
        Operation *present = container->operation;
        int r;

        r = check_stoppable(container, reterr);
        if (r < 0)
                return r;
        if (present && present->kind == OPERATION_STOP && !present->answered)
                return join_stop(present, call, then, reterr);
        operation = operation_new(container, OPERATION_STOP);
        if (!operation)
                return error_oom(reterr);
        /* Whoever waits for a start or a reboot hears of it by what happens next. */
        if (present) {
                Error error = ERROR_NULL;

                (void) error_public(&error, ERROR_CANCELLED, "Container '%s' was told to stop",
                                    container->id);
                operation_end(present, &error);
                error_done(&error);
        }
        container->operation = operation;
        r = begin_stop(operation, call, reterr);
        if (r < 0)
                return r;
        if (call_flag(call, "noWait"))
                call_reply(call, NULL);
        else {
                r = join(operation, call, then, reterr);
                if (r < 0)
                        return r;
        }
        (void) TAKE_PTR(operation);
        operation_notice(container);
        return 0;
}

int operation_stop(Container *container, Call *call, Error *reterr)
{
        return stop(container, call, NULL, reterr);
}

int operation_stop_then(Container *container, Call *call, OperationThen then, Error *reterr)
{
        return stop(container, call, then, reterr);
}

/* --- reboot --- */

static int on_reboot_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        Operation *operation = userdata;
        Error error = ERROR_NULL;

        (void) error_public(&error, ERROR_TIMED_OUT,
                            "Container '%s' did not run again in time after it was asked to reboot",
                            operation->container->id);
        operation_end(operation, &error);
        error_done(&error);
        return 0;
}

static void on_reboot_reply(
        void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Operation *operation = userdata;

        operation->link = link_free(operation->link);
        if (error)
                operation_end(operation, error);
}

static int begin_reboot(Operation *operation, Call *call, Error *reterr)
{
        Container *container = operation->container;
        int64_t timeout = call_integer(call, "timeoutUsec", REBOOT_TIMEOUT_USEC);
        int r;

        r = supervisor_call(container, "Reboot", NULL, NULL, on_reboot_reply, operation,
                            &operation->link, reterr);
        if (r < 0)
                return r;
        if (timeout >= 0) {
                r = sd_event_add_time_relative(container->manager->event, &operation->timer,
                                               CLOCK_MONOTONIC, (uint64_t) timeout, 0,
                                               on_reboot_timeout, operation);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot set a timer");
        }
        if (call_flag(call, "noWait")) {
                call_reply(call, NULL);
                return 0;
        }
        return join(operation, call, NULL, reterr);
}

int operation_reboot(Container *container, Call *call, Error *reterr)
{
        _cleanup_(operation_free_p) Operation *operation = NULL;
        int r;

        if (container->operation)
                return error_public(reterr, ERROR_BUSY,
                                    "Container '%s' is already being started, stopped or rebooted",
                                    container->id);
        if (!container_is_running(container))
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is not running", container->id);
        operation = operation_new(container, OPERATION_REBOOT);
        if (!operation)
                return error_oom(reterr);
        container->operation = operation;
        r = begin_reboot(operation, call, reterr);
        if (r < 0)
                return r;
        (void) TAKE_PTR(operation);
        return 0;
}

/* --- what the states mean to each --- */

static void start_notice(Operation *operation, State state)
{
        if (state == STATE_STARTING)
                operation->began = true;
        else if (state == STATE_RUNNING)
                operation_end(operation, NULL);
        else if (state == STATE_STOPPED && operation->began)
                start_ended_early(operation);
}

static void stop_notice(Operation *operation, State state)
{
        Ending ending;

        if (state != STATE_STOPPED || operation->answered)
                return;
        if (!operation->unit_job) {
                operation_end(operation, NULL);
                return;
        }
        operation->answered = true;
        ending_take(&ending, operation);
        ending_tell(&ending, NULL);
}

static void reboot_notice(Operation *operation, State state)
{
        if (state == STATE_STOPPED)
                operation->began = true;
        else if (state == STATE_RUNNING && operation->began)
                operation_end(operation, NULL);
        else if (state == STATE_ABORTING)
                start_ended_early(operation);
}

void operation_notice(Container *container)
{
        static void (*const notices[])(Operation * operation, State state) = {
                [OPERATION_START] = start_notice,
                [OPERATION_STOP] = stop_notice,
                [OPERATION_REBOOT] = reboot_notice,
        };

        if (container->operation)
                notices[container->operation->kind](container->operation, container->state);
}

void operation_add_ticket(const Container *container, json_t *parameters)
{
        if (operation_is_start(container->operation) && container->operation->ticket)
                ticket_add_fields(container->operation->ticket, parameters);
}
