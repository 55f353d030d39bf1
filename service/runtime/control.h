/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The control socket: varlink (org.nagaya1.Supervisor) for uid 0, a table of methods. A connection
 * carries one call at a time; the next one is read when it is answered. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"
#include "interfaces/varlink-message.h"
#include "interfaces/varlink-stream.h"

#define CONTROL_CONNECTIONS_MAX 32

typedef struct Control Control;
typedef struct Connection Connection;

/* What a connection whose call is not answered yet waits for. */
typedef enum ControlWait {
        WAIT_NOTHING,
        WAIT_REPLY,   /* control_find() and control_reply() */
        WAIT_STOPPED, /* the rest: control_answer() */
        WAIT_FROZEN,
        WAIT_HOLD, /* the same, and then for control_hold() */
        WAIT_HELD,
        WAIT_EVENTS, /* a subscriber */
} ControlWait;

typedef struct ControlCall {
        Connection *connection;
        const json_t *parameters;
        bool more;
        FdArray fds; /* came with the call; a method may take them */
        json_t *reply;
        FdArray reply_fds;
} ControlCall;

enum {
        CONTROL_DONE = 0,  /* `reply` (NULL: {}) and `reply_fds` are sent */
        CONTROL_LATER = 1, /* the method has said control_wait() or control_subscribe() */
};

/* Return: CONTROL_*, or -errno with the error that is sent. */
typedef int (*ControlFunction)(ControlCall *call, void *userdata, Error *reterr);

typedef struct ControlMethod {
        const char *name;
        ControlFunction function;
} ControlMethod;

typedef struct ControlOptions {
        Loop *loop;
        int dir_fd;                         /* CONTROL_DIR */
        const char *name;                   /* of the socket in it; an old one is replaced */
        const ControlMethod *methods;       /* ended by a NULL name */
        void (*on_release)(void *userdata); /* a WAIT_HOLD or WAIT_HELD went */
        void *userdata;
} ControlOptions;

int control_new(const ControlOptions *options, Control **ret, Error *reterr);

/* Closes all connections; what is queued is sent first as far as it can be. The socket file stays:
 * its removal says that the run is over. */
Control *control_free(Control *control);
DEFINE_CLEANUP(Control *, control_free)

/* control_wait() - the call is answered later. timeout_usec USEC_INFINITY: whenever; else (only with
 * WAIT_STOPPED) with ERROR_TIMED_OUT then. Return: CONTROL_LATER, -errno. */
int control_wait(Connection *connection, ControlWait what, uint64_t timeout_usec, Error *reterr);

/* Names the connection, for control_find(). */
uint64_t control_id(const Connection *connection);

/* Return: NULL when it is gone or does not wait any more. */
Connection *control_find(Control *control, uint64_t id);

/* Answers a WAIT_REPLY. `parameters` and `fds` (may be NULL) are taken. */
void control_reply(Connection *connection, json_t *parameters, FdArray *fds);
void control_reply_error(Connection *connection, const Error *error);

/* Answers everybody who waits for it: {} or the error. */
void control_answer(Control *control, ControlWait what, const Error *error);

/* Does anybody wait for it? */
bool control_awaits(const Control *control, ControlWait what);

/* control_hold() - every WAIT_HOLD gets a first reply, and is a WAIT_HELD until it is answered or its
 * connection goes. */
void control_hold(Control *control);

/* control_subscribe() - `snapshot` (taken) is the first reply; control_publish() goes to every
 * subscriber (`event` is borrowed). Return: CONTROL_LATER, -errno. */
int control_subscribe(Connection *connection, json_t *snapshot, Error *reterr);
void control_publish(Control *control, json_t *event);
