/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a worker process tells of its job, as JSON messages on a SEQPACKET socket: any number of
 * "progress", "message" and "log", then "end" or "error". Nobody listening is no error of the job:
 * it goes on, and the outcome is on the disk. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define REPORT_TEXT_MAX 4096           /* bytes of one text; longer ones are cut */
#define REPORT_MESSAGE_MAX (64 * 1024) /* bytes of one message */

typedef struct Report {
        int fd; /* borrowed; < 0: tells nobody */
} Report;

typedef struct Amount {
        uint64_t files, bytes;             /* done */
        uint64_t total_files, total_bytes; /* to do; 0 files: unknown */
} Amount;

/* 0 to 1; -1: unknown. */
void report_progress(const Report *report, double progress);
void report_copied(const Report *report, double progress, const Amount *amount);

/* A sentence for the owner of the job: something to know although the job succeeds. */
void report_message(const Report *report, const char *format, ...) _printf_(2, 3);

/* A line of output of a program that the job runs; it may hold any bytes. */
void report_log(const Report *report, const char *line);

/* The last of all. `result` (an object, or NULL) is taken. */
void report_end(const Report *report, json_t *result);
void report_error(const Report *report, const Error *error);

/* report_read() - the other side: the next message as an object with a string "event". Return: > 0
 * a message (the caller owns it), 0 none yet, -ECONNRESET the worker closed, -EBADMSG, -errno. */
int report_read(int fd, json_t **ret);
