/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A start ends with the first of: the supervisor says running; the run it began is over (its error);
 * the unit's job ended otherwise than `done` (masked, dependency, 203/EXEC ...: the error is made
 * of what the service manager knows). */

#include "base/process.h"
#include "base/strv.h"
#include "container/operation-kind.h"
#include "container/unit-error.h"
#include "interfaces/errors.h"

/* From the end of the unit's job to the supervisor's word, which was sent before. */
#define OVERDUE_USEC (10 * USEC_PER_SEC)

static void await_word(Operation *operation);

/* The unit is up, so the supervisor runs; but it does not say so, or could not be followed. */
static int on_overdue(sd_event_source *source, uint64_t usec, void *userdata)
{
        Operation *operation = userdata;
        Container *container = operation->container;
        bool followed = container->supervisor;
        Error error = ERROR_NULL;

        operation->timer = sd_event_source_disable_unref(operation->timer);
        if (!followed && supervisor_follow(container, false, &error) == 0) {
                await_word(operation);
                return 0;
        }
        error_done(&error);
        if (!followed)
                supervisor_tell_record(container);
        if (container->operation != operation)
                return 0;
        if (followed)
                (void) error_public(&error, ERROR_TIMED_OUT,
                                    "The supervisor of container '%s' does not say that it runs; "
                                    "see systemctl status %s",
                                    container->id, container->unit);
        if (followed)
                operation_start_failed(operation, &error);
        else
                operation_start_ended_early(operation);
        return 0;
}

/* Without a timer, for want of memory, it is waited for as long as it takes. */
static void await_word(Operation *operation)
{
        (void) sd_event_add_time_relative(operation->container->manager->event, &operation->timer,
                                          CLOCK_MONOTONIC, OVERDUE_USEC, 0, on_overdue, operation);
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
        if (operation->ended) {
                operation_start_ended_early(operation);
                return;
        }
        if (outcome && streq(outcome->job_result, "done")) {
                /* The supervisor says the same in a moment. */
                await_word(operation);
                return;
        }
        /* A supervisor may have lived and ended between two looks of ours. */
        supervisor_tell_record(container);
        if (container->operation != operation)
                return;
        if (problem)
                (void) error_copy(&error, problem);
        else
                (void) unit_outcome_error(container->unit, outcome, &error);
        operation_start_failed(operation, &error);
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
        return r < 0 ? r : operation_join(operation, call, NULL, reterr);
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
                return operation_join(container->operation, call, NULL, reterr);
        }
        if (container->operation)
                return error_public(reterr, ERROR_BUSY, "Container '%s' is being %s", container->id,
                                    container->operation->kind == OPERATION_STOP ? "stopped"
                                                                                 : "rebooted");
        if (state_is_active(container->state))
                return error_public(reterr, ERROR_CONTAINER_RUNNING, "Container '%s' is already %s",
                                    container->id, state_name(container->state));
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

void operation_start_notice(Operation *operation, State state)
{
        if (state == STATE_STARTING)
                operation->began = true;
        else if (state == STATE_RUNNING)
                operation_end(operation, NULL);
        else if (state == STATE_STOPPED && operation->began)
                operation_start_ended_early(operation);
}
