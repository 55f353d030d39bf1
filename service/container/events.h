/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Port: what happens, told to whoever shows it (the bus door's signals, varlink's Monitor). Called
 * in the order of the events, before the reply to the call that caused them. */

#include "container/container.h"
#include "container/job.h"

enum {
        CONTAINER_CHANGED_OWNER = 1 << 0,
        CONTAINER_CHANGED_INIT_PID = 1 << 1,
        CONTAINER_CHANGED_BROKEN = 1 << 2,
};

/* Any may be NULL. */
typedef struct EventSink {
        void (*container_added)(void *userdata, Container *container);
        void (*container_removed)(void *userdata, Container *container);
        void (*state_changed)(void *userdata, Container *container, State previous, State state);
        void (*exited)(void *userdata, Container *container, int code, int signal);
        void (*container_changed)(void *userdata, Container *container, unsigned properties);
        void (*job_added)(void *userdata, Job *job);
        void (*job_changed)(void *userdata, Job *job); /* progress */
        void (*job_text)(void *userdata, Job *job, bool is_log, const char *text);
        void (*job_removed)(void *userdata,
                            Job *job,
                            const char *result);         /* it ended: done failed cancelled */
        void (*job_forgotten)(void *userdata, Job *job); /* the object goes away */
} EventSink;
