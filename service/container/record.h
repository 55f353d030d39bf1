/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a run left behind when it ended (RECORD_DIR/ID/record), for the service that did not hear it
 * live. */

#include "interfaces/json.h"
#include "interfaces/lifecycle.h"

#define HISTORY_MAX 64

/* States of a run, `last` is the number of the last of them. */
typedef struct History {
        State states[HISTORY_MAX];
        size_t n;
        int64_t last;
} History;

/* From {"history": [...], "sequence": n}. Names that are not known (a newer version's) end it. */
void history_from_json(const json_t *object, History *ret);

/* Return: > 0 read, 0 there is none, -errno. The caller frees. */
int run_record_read(const char *id, json_t **ret, Error *reterr);
