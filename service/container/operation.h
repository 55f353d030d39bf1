/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is being done to a container: a start, a stop or a reboot, with the calls that wait for its
 * end. One at a time; a second call for the same thing joins, one for another is Busy, except
 * that a stop always gets through. */

#include "container/call.h"
#include "container/container.h"

/* Each begins or joins; the call is answered at the end (call_ref is taken). Return: 0, -errno (the
 * call is still to be failed). */
int operation_start(Container *container, Call *call, Error *reterr);
int operation_stop(Container *container, Call *call, Error *reterr);
int operation_reboot(Container *container, Call *call, Error *reterr);

/* operation_stop_then() - stop it (kill after the default time), then run `then` for the call, which
 * answers it. The container may be another one of the same id by then. */
typedef int (*OperationThen)(Call *call, Container *container, Error *reterr);
int operation_stop_then(Container *container, Call *call, OperationThen then, Error *reterr);

/* container_enter() tells; the operation may end by it. */
void operation_notice(Container *container);

/* The supervisor is gone, and all that could be heard of its run was heard: whoever still waits for
 * it, and for no job of the unit, would wait for ever. */
void operation_lost(Container *container);

/* The fields `token` and `config` of Subscribe, when this run has overrides. */
void operation_add_ticket(const Container *container, json_t *parameters);

/* NULL is none. */
bool operation_is_start(const Operation *operation);

/* Fails all that wait. */
Operation *operation_free(Operation *operation);
