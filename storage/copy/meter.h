/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How far the copy of a tree is, told to who waits for the job. What was done is known at any time; how much
 * there is to do only when all of the tree was looked at. The copy does not wait for that: when it turns out
 * to be a long one, another thread goes ahead and counts, which costs a few percent of the copying of the
 * same files. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "storage/copy/copy.h"
#include "storage/job/report.h"

#define METER_PATIENCE_USEC (300 * USEC_PER_MSEC)

typedef struct Meter {
        const Report *report;
        int tree_fd;
        uint64_t count_at; /* CLOCK_MONOTONIC */
        pthread_t thread;
        bool has_thread;
        atomic_bool stop, known;
        uint64_t files, bytes; /* to do; once known */
} Meter;

/* meter_begin() - the tree is borrowed until meter_end(). What is copied within `patience_usec` is not
 * counted. */
void meter_begin(Meter *meter, int tree_fd, uint64_t patience_usec, const Report *report);

/* meter_progress() - for TreeCopy. */
void meter_progress(const CopyStats *done, void *meter);

/* meter_end() - `done`: that was all; NULL: it failed. */
void meter_end(Meter *meter, const CopyStats *done);
