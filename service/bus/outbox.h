/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls of ours to one service. dbus-daemon lets a connection have 128 calls in flight, whomever
 * they go to, and counts one until it is answered, also when nobody waits for it any more: without
 * a bound of its own per service, a polkitd that hangs would keep us from starting containers. So
 * each service has its box with a limit, and within it each lane (a user) has one; what is beyond
 * waits here. The bounds of all boxes of a connection must stay below 128 together. */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"

typedef struct Outbox Outbox;
typedef struct OutboxCall OutboxCall;

/* Once per call, never from within outbox_call(); it must neither forget the call nor free the box.
 * reply: the answer, an error of the other side too
 * (sd_bus_message_is_method_error()); borrowed. NULL: none, `problem` is -ETIMEDOUT or -ECONNRESET
 * (the connection is gone). */
typedef void (*OutboxAnswer)(void *userdata, sd_bus_message *reply, int problem);

/* The bus is borrowed; it must outlive the box. Return: NULL when out of memory. */
Outbox *outbox_new(sd_bus *bus, sd_event *event, size_t limit, size_t lane_limit);
/* Every open call is answered with -ECONNRESET. */
Outbox *outbox_free(Outbox *outbox);
DEFINE_CLEANUP(Outbox *, outbox_free)

/* outbox_call() - the message is sent when there is room. timeout_usec counts from now, waiting for
 * room included; UINT64_MAX: none. Return: 0, -errno. */
int outbox_call(Outbox *outbox,
                sd_bus_message *message,
                uint64_t lane,
                uint64_t timeout_usec,
                OutboxAnswer answer,
                void *userdata,
                OutboxCall **ret);

/* No answer will come. Return: was the message sent, so that the other side may be told? */
bool outbox_call_forget(OutboxCall *call);

/* For a call whose answer is of no interest. Return: 0, -errno. */
int outbox_tell(Outbox *outbox, sd_bus_message *message);
