/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A Call (container/call.h) over D-Bus. */

#include "bus/peers.h"

/* What one sender may have open here; beyond it: LimitsExceeded. */
#define BUS_CALLS_PER_SENDER_MAX 256
#define BUS_BYTES_PER_SENDER_MAX (4 * 1024 * 1024)

/* bus_call_begin() - read the message and hand the call to the dispatcher, as soon as it is known
 * who asks. Always leads to an answer; a bad message is answered here. */
void bus_call_begin(BusPeers *peers,
                    Manager *manager,
                    sd_bus_message *message,
                    const VerbTable *table,
                    const Verb *verb);

/* By the peer: it is known who asks; dispatch what waits. */
void bus_call_release_waiting(BusPeer *peer);

/* By the peer: it is not and will not be known who asks; fail what waits. */
void bus_call_refuse_waiting(BusPeer *peer, const Error *error);

/* By the peer: it is gone. */
void bus_call_hangup_all(BusPeer *peer);

/* An error as the D-Bus error of its row, with its sentence. Nothing is sent to who wants no
 * reply. */
void bus_reply_error(sd_bus_message *message, const Error *error);
