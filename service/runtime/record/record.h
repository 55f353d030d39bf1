/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What remains of a run: RECORD_DIR/ID/record, written once at its end, read by the service (also
 * by one that was not there) and by the clean-up. */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "interfaces/lifecycle.h"

#define RECORD_FILE "record"
#define HISTORY_MAX 64

/* The last states of a run, in order; the last one has the number `sequence`, the first state of
 * the run is number 1. */
typedef struct History {
        uint8_t states[HISTORY_MAX];
        size_t n;
        uint64_t sequence;
} History;

void history_add(History *history, State state);
State history_last(const History *history); /* STATE_STOPPED when it is empty */

/* A list of names; NULL when out of memory. */
json_t *history_to_json(const History *history);
/* Return: 0, -EBADMSG. */
int history_from_json(const json_t *list, uint64_t sequence, History *ret);

typedef struct Record {
        char *run;
        History history;
        int exit_code; /* of init, when signal is 0 */
        int signal;    /* that ended init (or the supervisor), 0: none */
        Error error;   /* why the start failed; errnum 0: it did not */
} Record;

void record_done(Record *record);

/* Return: NULL when out of memory. */
char *record_print(const Record *record);

/* record_parse() - Return: 0, -EBADMSG, -ENOMEM. */
int record_parse(const char *text, Record *ret);

/* Both by the fd of RECORD_DIR/ID. Return: 0, -ENOENT (none), -errno. */
int record_write(int dir_fd, const Record *record);
int record_read(int dir_fd, Record *ret);
