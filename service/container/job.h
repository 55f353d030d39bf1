/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A job as the service knows it; it runs in nagaya-work. */

#include "container/call.h"

typedef enum JobState {
        JOB_RUNNING,
        JOB_DONE,
        JOB_FAILED,
        JOB_CANCELLED,
        _JOB_STATE_MAX,
} JobState;

const char *job_state_name(JobState state);

/* A kind of job, as nagaya-work names it. */
typedef struct JobKindRow {
        const char *kind;
        Action action;   /* of the verb that starts it */
        bool is_renamed; /* its container is afterwards called as `other` */
} JobKindRow;

/* Never NULL: a kind of another version is taken for one that may do the most. */
const JobKindRow *job_kind_row(const char *kind);

/* What a job's result may hold. */
extern const Field job_result_fields[];

struct Job {
        Manager *manager;
        struct Job *next;
        int64_t number;
        char *kind;
        char *container; /* id */
        char *other;     /* id of a second one that it holds, or NULL */
        uid_t owner;     /* who started it */
        char *bus_name;  /* over D-Bus: its unique name, for unicast signals; else NULL */
        JobState state;
        double progress;                   /* 0..1, -1: unknown */
        uint64_t files, bytes;             /* copied */
        uint64_t total_files, total_bytes; /* 0 files: unknown */
        json_t *result;                    /* an object */
        Error error;                       /* JOB_FAILED, JOB_CANCELLED */
        struct JobPrivate *private;
};

/* job_take_progress() - what its runner tells of it. Return: the same for who waits for it; the caller owns
 * it; NULL when out of memory. */
json_t *job_take_progress(Job *job, const json_t *fields);
