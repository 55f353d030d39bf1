/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How far a job is, on stderr: a bar that is drawn over on a terminal, lines elsewhere. */

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
        bool quiet;
        bool drawn;     /* a bar stands on the present line */
        double part;    /* 0..1; < 0: unknown */
        char text[128]; /* what it does at present */
} Progress;

void progress_init(Progress *progress, bool quiet);
void progress_set(Progress *progress, double part);
typedef struct ProgressAmount {
        uint64_t files, bytes;             /* copied */
        uint64_t total_files, total_bytes; /* 0 files: unknown */
} ProgressAmount;

void progress_amount(Progress *progress, const ProgressAmount *amount);
/* A new step. */
void progress_message(Progress *progress, const char *text);
/* A line of a program's output. */
void progress_log(Progress *progress, const char *text);
/* Takes the bar away. */
void progress_done(Progress *progress);
