/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The service's stream of events, over its restarts: after one, what changed meanwhile is told as
 * if it had been seen. */

#include "cli/client.h"

typedef struct Watch Watch;

/* watch_new() - nothing is called yet. With `announce` a restart of the service is told on stderr.
 */
int watch_new(Context *context, bool announce, Watch **ret, Error *reterr);
Watch *watch_free(Watch *watch);
DEFINE_CLEANUP(Watch *, watch_free)

/* watch_next() - the next event, a reply of org.nagaya1.Manager.Monitor; the caller owns it. Events
 * "present" and "ready" come for each connection, and after a restart "state" and "removed" for
 * what was missed, before "ready". Waits until `until_usec` (now_usec(); USEC_INFINITY: for ever).
 * Return: 0, -ETIMEDOUT, -errno. */
int watch_next(Watch *watch, uint64_t until_usec, json_t **ret, Error *reterr);
