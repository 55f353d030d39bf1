/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls to the service. A call is made without leave to ask anybody first; when the service says
 * that a password would help, and there is a terminal, an agent is started and the call is made
 * again. So nobody pays for an agent that is not needed. */

#include "cli/context.h"

/* A connection of its own. */
int client_connect(const Context *context, VarlinkClient **ret, Error *reterr);

/* {"container": id}; NULL when out of memory. */
json_t *client_parameters(const char *container);

/* client_call() - one call, one reply. `parameters` is taken (NULL: none). ret may be NULL. */
int client_call(
        Context *context, const char *method, json_t *parameters, json_t **ret, Error *reterr);

/* client_call_fds() - the same with file descriptors, which stay the caller's; the reply's are
 * given back in *ret_fds. */
int client_call_fds(Context *context,
                    const char *method,
                    json_t *parameters,
                    const FdArray *fds,
                    json_t **ret,
                    FdArray *ret_fds,
                    Error *reterr);

/* client_open() - begin a call with many replies on a connection of its own, which the caller
 * reads. */
int client_open(Context *context,
                const char *method,
                json_t *parameters,
                VarlinkClient **ret,
                Error *reterr);

/* Is it that a password would help, and can one be asked for? */
bool client_may_ask(const Context *context, const Error *error);

/* After a failed receive: did the service go (it restarts, most likely), rather than refuse? */
bool client_lost(const VarlinkClient *client);

/* client_reconnect() - as client_connect(), trying again while the service is away, at most
 * `timeout_usec`. */
int client_reconnect(const Context *context,
                     uint64_t timeout_usec,
                     VarlinkClient **ret,
                     Error *reterr);

/* A field of a reply that must be there. Strings are borrowed. */
int reply_string(const json_t *reply, const char *field, const char **ret, Error *reterr);
int reply_integer(const json_t *reply, const char *field, int64_t *ret, Error *reterr);
int reply_array(const json_t *reply, const char *field, json_t **ret, Error *reterr);

/* A string, or "" when there is none. */
const char *json_text(const json_t *object, const char *field);
