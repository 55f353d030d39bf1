/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A job as the job runner holds it: a worker process in a cgroup of its own, what it has told so far,
 * and its outcome, which is kept after its end. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/loop.h"
#include "storage/work/job-kind.h"

typedef enum TaskState {
        TASK_RUNNING,
        TASK_DONE,
        TASK_FAILED,
        TASK_CANCELLED,
        _TASK_STATE_MAX,
} TaskState;

const char *task_state_name(TaskState state);

typedef struct Task Task;

/* What all tasks of a process share; outlives them. */
typedef struct TaskContext {
        Loop *loop;
        int group_fd; /* the delegated cgroup; < 0: none, workers stay in ours */
        const char *lock_dir;
        const char *container_path; /* the host's own, or NULL */
        const char *const *template_directories;
        const char *const *unit_directories;
        /* `parameters` of a reply that has more after it; borrowed. */
        void (*on_event)(Task *task, const json_t *parameters, void *userdata);
        /* The outcome is known: task_outcome(). The worker may still remove things. */
        void (*on_end)(Task *task, void *userdata);
        /* No process of the task is left; it may be freed, from within too. */
        void (*on_gone)(Task *task, void *userdata);
        void *userdata;
} TaskContext;

typedef struct TaskSpec {
        int64_t number;
        const JobKind *kind;
        const char *container; /* id */
        const char *other;     /* id of a second one that it works on, or NULL */
        int64_t owner;
        json_t *parameters;
} TaskSpec;

struct Task {
        Task *next; /* the holder's list */
        const TaskContext *context;
        int64_t number;
        const JobKind *kind;
        char *container;
        char *other;
        int64_t owner;
        TaskState state;
        Source *expiry; /* the holder's */
        struct TaskPrivate *private;
};

/* Copies what the spec points at. Return: 0, -errno. */
int task_start(const TaskContext *context, const TaskSpec *spec, Task **ret, Error *reterr);

/* Only when task_is_gone(), or at the end of the process. NULL in, NULL out. */
Task *task_free(Task *task);
DEFINE_CLEANUP(Task *, task_free)

/* Kills everything of it; the end comes when what it made is collected. Nothing to do for one that
 * has ended. */
void task_cancel(Task *task);

bool task_is_gone(const Task *task);

/* What a job has told of is on the disk, also when its process is about to be killed. Waits for the disk. */
void task_sync(const Task *task);

/* The last reply (a varlink message), NULL before the end. Borrowed. */
const json_t *task_outcome(const Task *task);

/* For who comes later: an array of the parameters of replies, the messages so far and the latest
 * progress. The caller owns it; NULL when out of memory. */
json_t *task_history(const Task *task);
