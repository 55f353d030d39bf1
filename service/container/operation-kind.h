/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Inside of operation*.c: what an operation is, and what starts, stops and reboots share. */

#include "container/manager.h"
#include "container/operation.h"
#include "container/supervisor.h"
#include "container/ticket.h"
#include "container/waiters.h"

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
        sd_event_source *timer; /* of a reboot; of a start, when the unit is up */
        Ticket *ticket;         /* of a start with overrides */
        bool began;             /* start: the run began; reboot: the old run ended */
        bool ended;             /* start: the run is over, the unit's job not yet */
};
DEFINE_CLEANUP(Operation *, operation_free)

/* Not yet the container's. Return: NULL when out of memory. */
Operation *operation_new(Container *container, OperationKind kind);

/* One more call waits for the end; with `then` it goes on after a stop. Return: 0, -ENOMEM. */
int operation_join(Operation *operation, Call *call, OperationThen then, Error *reterr);

/* operation_end() - the end, with an error or without (NULL): frees it, then answers all. */
void operation_end(Operation *operation, const Error *error);

/* The start, or the start after a reboot, came to nothing: ends it with `error` (released), or with
 * what the run said of itself. */
void operation_start_failed(Operation *operation, Error *error);
void operation_start_ended_early(Operation *operation);

/* What a new state of the container means to each kind. May end the operation. */
void operation_start_notice(Operation *operation, State state);
void operation_stop_notice(Operation *operation, State state);
void operation_reboot_notice(Operation *operation, State state);
