/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The start ticket, TICKET_DIR/ID: the service leaves one when a start has settings for this run
 * only. Whoever takes it (rename) waits for the connection that brings them, as long as the writer
 * lives. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define TICKET_FILE "ticket"
#define TICKET_WAIT_USEC (5 * UINT64_C(1000000))

typedef struct Ticket {
        char *token;
        pid_t pid; /* the writer */
        uint64_t start_time;
} Ticket;

void ticket_done(Ticket *ticket);

/* ticket_parse() - Pure. Return: 0, -EBADMSG, -ENOMEM. */
int ticket_parse(const char *text, Ticket *ret);

/* ticket_take() - out of ticket_dir_fd into record_dir_fd (RECORD_DIR/ID); it is gone afterwards.
 * Return: 0 none, 1 taken, -errno. */
int ticket_take(int ticket_dir_fd, const char *id, int record_dir_fd, Ticket *ret, Error *reterr);

bool ticket_writer_lives(const Ticket *ticket);
