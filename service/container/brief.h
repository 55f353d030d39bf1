/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Brief jobs of nagaya-work: what the service has no right to do or may not wait for, and is over in
 * milliseconds. There is no Job object: there is nothing to follow or to cancel, and the caller waits
 * anyway. */

#include "container/call.h"
#include "container/link.h"

/* brief_start() - for the call's peer. `container` is an id, or "" for what is about none;
 * `parameters` is borrowed. The reply that does not continue has `result`, or is an error, which
 * brief_error() explains. Return: 0, -errno. */
int brief_start(const Call *call,
                const char *kind,
                const char *container,
                json_t *parameters,
                LinkReply on_reply,
                void *userdata,
                Link **ret,
                Error *reterr);

/* brief_error() - *ret is the error as the caller is to read it; `what` is what nagaya-work was to do
 * ("changed the configuration of 'x'"). */
void brief_error(const Error *error, const char *what, Error *ret);

/* brief_answer() - the job's result is the call's. `parameters` is taken. Return: 0, -errno. */
int brief_answer(
        Call *call, const char *kind, const char *container, json_t *parameters, Error *reterr);
