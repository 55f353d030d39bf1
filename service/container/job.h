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

/* What a job's result may hold. */
extern const Field job_result_fields[];

struct Job {
        Manager *manager;
        struct Job *next;
        int64_t number;
        char *kind;      /* create, destroy */
        char *container; /* id */
        uid_t owner;     /* who started it */
        char *bus_name;  /* over D-Bus: its unique name, for unicast signals; else NULL */
        Action action;   /* of the verb that started it: who holds it may wait and cancel */
        JobState state;
        double progress; /* 0..1, -1: unknown */
        json_t *result;  /* an object */
        Error error;     /* JOB_FAILED, JOB_CANCELLED */
        struct JobPrivate *private;
};
