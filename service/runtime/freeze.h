/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Freezing and thawing, by cgroup.freeze of payload/. That it is frozen is only believed of
 * cgroup.events; the payload may freeze itself, too. */

#include <stdbool.h>

#include "base/error.h"
#include "base/loop.h"
#include "runtime/control.h"

typedef struct Supervisor Supervisor;

#define FREEZE_TIMEOUT_USEC (30 * UINT64_C(1000000))

typedef struct Freeze {
        Source *timer;    /* a process that does not stop must not leave the others frozen */
        bool for_holders; /* nobody else wanted it: thawed when the last of them goes */
} Freeze;

/* freeze_request() - answered when it is frozen. Return: CONTROL_DONE (it was), CONTROL_LATER,
 * ERROR_CONTAINER_NOT_RUNNING, -errno. */
int freeze_request(Supervisor *s, Connection *connection, Error *reterr);

/* freeze_hold() - frozen for as long as the connection lasts, then thawed, unless it was frozen before.
 * Its call is answered for good when somebody else thaws the container. Return: CONTROL_LATER,
 * ERROR_CONTAINER_NOT_RUNNING, -errno. */
int freeze_hold(Supervisor *s, Connection *connection, Error *reterr);

/* freeze_release() - a holder went. */
void freeze_release(void *supervisor);

/* Return: 0, ERROR_CONTAINER_NOT_RUNNING, -errno. */
int freeze_thaw(Supervisor *s, Error *reterr);

/* freeze_end() - thaw if frozen or freezing, since the container is to end. */
void freeze_end(Supervisor *s);

/* freeze_update() - cgroup.events changed. */
void freeze_update(Supervisor *s, bool frozen);

/* Return: 0, ERROR_CONTAINER_FROZEN with what to do. */
int freeze_check(const Supervisor *s, Error *reterr);

/* freeze_abandon() - the container has ended: whoever waits for it to be frozen is told. */
void freeze_abandon(Supervisor *s);

void freeze_done(Freeze *freeze);
