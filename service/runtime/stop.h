/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The ways to an end: asking init to halt and killing after a time, killing at once, a reboot, a
 * signal. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "runtime/control.h"

typedef struct Supervisor Supervisor;

#define STOP_TIMEOUT_USEC (60 * UINT64_C(1000000))

typedef struct Stop {
        bool requested;         /* by anybody: the end is a wanted one */
        bool asked;             /* and it is to end, by killing if need be: no reboot */
        bool by_manager;        /* the service manager wants the unit to stop */
        int sent_signal;        /* the last one Kill sent, 0: none */
        uint64_t deadline_usec; /* then everything is killed; USEC_INFINITY: never */
        Source *timer, *extend;
} Stop;

typedef struct StopRequest {
        int64_t timeout_usec;   /* < 0: for ever, 0: at once */
        bool kill;              /* at once */
        bool no_kill;           /* the time being over is an error, not an end by force */
        Connection *connection; /* waits with no_kill */
} StopRequest;

/* Return: CONTROL_DONE, CONTROL_LATER, -errno. */
int stop_request(Supervisor *s, const StopRequest *request, Error *reterr);

/* SIGTERM: a stop job of the service manager. */
void stop_by_manager(Supervisor *s);

/* Each: 0, ERROR_CONTAINER_NOT_RUNNING, ERROR_CONTAINER_FROZEN, -errno. */
int stop_reboot(Supervisor *s, Error *reterr);
int stop_signal(Supervisor *s, int signal, Error *reterr);

/* Did init end by itself in a way, or by a request, that is no failure? */
bool stop_was_wanted(const Supervisor *s);

/* Did init ask for a reboot (reboot(2) inside kills it with SIGHUP)? */
bool stop_is_reboot(const Supervisor *s);

/* Disarms; forgets, for the next run. */
void stop_done(Stop *stop);

/* stop_blocks_signal() - is `signal` in the mask SigBlk of a /proc/PID/status text? Pure. */
bool stop_blocks_signal(const char *status, int signal);
