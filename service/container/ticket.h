/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A start ticket: tells the supervisor that is about to start that this run has something only the
 * service can bring (TICKET_DIR/ID; the supervisor takes it by rename). */

#include "interfaces/json.h"

typedef struct Ticket Ticket;

/* Writes the file. `config` ([{key, value}]) is borrowed. */
int ticket_new(const char *id, json_t *config, Ticket **ret, Error *reterr);

/* Removes the file where it was not taken. */
Ticket *ticket_free(Ticket *ticket);
DEFINE_CLEANUP(Ticket *, ticket_free)

/* `token` and `config` of Subscribe. */
void ticket_add_fields(const Ticket *ticket, json_t *parameters);
