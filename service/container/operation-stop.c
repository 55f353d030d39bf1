/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A stop ends when the unit's job is over: the container is stopped, what it had on the host is undone,
 * and systemctl says "inactive". Without a job (noKill: the socket only) when it is stopped. */

#include "base/process.h"
#include "base/strv.h"
#include "container/operation-kind.h"
#include "interfaces/errors.h"

#define STOP_TIMEOUT_USEC (60 * (int64_t) USEC_PER_SEC)
/* More is as good as for ever, and can still be added to. */
#define TIMEOUT_MAX_USEC (INT64_MAX / 4)
#define GRACE_USEC (30 * USEC_PER_SEC)

/* A job that was replaced by another one says nothing of the unit. */
static bool is_down(const UnitOutcome *outcome)
{
        return streq(outcome->job_result, "done") || streq(outcome->active_state, "inactive") ||
               streq(outcome->active_state, "failed");
}

static void on_stop_job(void *userdata, const UnitOutcome *outcome, const Error *problem)
{
        Operation *operation = userdata;
        Container *container = operation->container;

        operation->unit_job = NULL;
        supervisor_catch_up(container);
        if (container->operation != operation)
                return;
        if (problem) {
                operation_end(operation, problem);
                return;
        }
        /* Somebody starts the unit again: it goes down before that, and the supervisor tells so. */
        if (!is_down(outcome) && container->supervisor && state_is_active(container->state))
                return;
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

/* The supervisor answers such a stop when the container is down or the time is over. Nobody else would
 * if it does not. */
static int limit_reply(Operation *operation, const Call *call, Error *reterr)
{
        int64_t timeout = call_integer(call, "timeoutUsec", STOP_TIMEOUT_USEC);

        return timeout < 0 || timeout > TIMEOUT_MAX_USEC
                       ? 0
                       : link_limit(operation->link, (uint64_t) timeout + GRACE_USEC, reterr);
}

/* With no one to tell (an old or dying supervisor) the unit's own stop does it all. */
static int begin_stop(Operation *operation, Call *call, Error *reterr)
{
        Container *container = operation->container;
        bool no_kill = call_flag(call, "noKill");
        int r;

        r = supervisor_call(container, "Stop", stop_parameters(call), NULL, on_stop_reply,
                            operation, &operation->link, reterr);
        if (no_kill)
                return r < 0 ? r : limit_reply(operation, call, reterr);
        error_done(reterr);
        return stop_unit(operation, reterr);
}

static int wait_or_not(Operation *operation, Call *call, OperationThen then, Error *reterr)
{
        if (!call_flag(call, "noWait"))
                return operation_join(operation, call, then, reterr);
        call_reply(call, NULL);
        return 0;
}

static int check_stoppable(Container *container, Error *reterr)
{
        if (state_is_active(container->state) || operation_is_start(container->operation))
                return 0;
        return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING, "Container '%s' is not running",
                            container->id);
}

/* The supervisor is told of a later stop, too, for the earlier end counts. One that must not kill waits
 * for whatever comes of the first. */
static int join_stop(Operation *operation, Call *call, OperationThen then, Error *reterr)
{
        Link *link = operation->link;
        Error unheard = ERROR_NULL;
        int r = 0;

        if (!call_flag(call, "noKill")) {
                operation->link = NULL;
                (void) supervisor_call(operation->container, "Stop", stop_parameters(call), NULL,
                                       on_stop_reply, operation, &operation->link, &unheard);
                error_done(&unheard);
                (void) link_free(link);
                if (!operation->unit_job)
                        r = stop_unit(operation, reterr);
        }
        return r < 0 ? r : wait_or_not(operation, call, then, reterr);
}

static int stop(Container *container, Call *call, OperationThen then, Error *reterr)
{
        _cleanup_(operation_free_p) Operation *operation = NULL;
        Operation *present = container->operation;
        int r;

        if (present && present->kind == OPERATION_STOP)
                return join_stop(present, call, then, reterr);
        r = check_stoppable(container, reterr);
        if (r < 0)
                return r;
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
        r = wait_or_not(operation, call, then, reterr);
        if (r < 0)
                return r;
        (void) TAKE_PTR(operation);
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

void operation_stop_notice(Operation *operation, State state)
{
        /* With a job of the unit, the end is when that is over: the unit is down then. */
        if (state == STATE_STOPPED && !operation->unit_job)
                operation_end(operation, NULL);
}
