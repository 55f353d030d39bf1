/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/operation-kind.h"
#include "container/registry.h"
#include "interfaces/errors.h"

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
        /* It may have been kept only for this. */
        registry_settle_later(operation->container);
        if (operation->unit_job)
                operation->container->manager->units.forget(operation->unit_job);
        (void) link_free(operation->link);
        (void) sd_event_source_disable_unref(operation->timer);
        (void) ticket_free(operation->ticket);
        (void) error_public(&error, ERROR_CANCELLED, "The service gave up on container '%s'",
                            operation->container->id);
        waiters_fail(&operation->waiters, &error);
        waiters_fail(&operation->followers, &error);
        error_done(&error);
        waiters_done(&operation->waiters);
        waiters_done(&operation->followers);
        free(operation);
        return NULL;
}

Operation *operation_new(Container *container, OperationKind kind)
{
        Operation *operation = calloc(1, sizeof(*operation));

        if (!operation)
                return NULL;
        operation->kind = kind;
        operation->container = container;
        return operation;
}

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
void operation_end(Operation *operation, const Error *error)
{
        Ending ending;

        ending_take(&ending, operation);
        (void) operation_free(operation);
        ending_tell(&ending, error);
}

int operation_join(Operation *operation, Call *call, OperationThen then, Error *reterr)
{
        if (then)
                operation->then = then;
        return waiters_add(then ? &operation->followers : &operation->waiters, call) < 0
                       ? error_oom(reterr)
                       : 0;
}

void operation_start_failed(Operation *operation, Error *error)
{
        error_set_code(error, 0, ERROR_START_FAILED);
        operation_end(operation, error);
        error_done(error);
}

void operation_start_ended_early(Operation *operation)
{
        Container *container = operation->container;
        Error error = ERROR_NULL;

        /* The unit's job ends in a moment. A start before that would be merged into it and share its
         * fate, so nobody is told to try again yet. */
        if (operation->unit_job) {
                operation->ended = true;
                return;
        }
        if (error_is_set(&container->last_error))
                (void) error_copy(&error, &container->last_error);
        else
                (void) error_public(&error, ERROR_START_FAILED,
                                    "Container '%s' ended before it was running", container->id);
        operation_start_failed(operation, &error);
}

void operation_notice(Container *container)
{
        static void (*const notices[])(Operation * operation, State state) = {
                [OPERATION_START] = operation_start_notice,
                [OPERATION_STOP] = operation_stop_notice,
                [OPERATION_REBOOT] = operation_reboot_notice,
        };

        if (container->operation)
                notices[container->operation->kind](container->operation, container->state);
}

void operation_lost(Container *container)
{
        Operation *operation = container->operation;

        if (!operation || operation->unit_job)
                return;
        if (operation->kind == OPERATION_STOP)
                operation_end(operation, NULL);
        else
                operation_start_ended_early(operation);
}

void operation_add_ticket(const Container *container, json_t *parameters)
{
        if (operation_is_start(container->operation) && container->operation->ticket)
                ticket_add_fields(container->operation->ticket, parameters);
}
