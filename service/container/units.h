/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Port: the units of the service manager. Implemented by bus/systemd.c over D-Bus. */

#include <stdbool.h>

#include "base/error.h"

typedef struct UnitJob UnitJob;

/* How a queued job ended, and what is known of the unit when it did not end well. Borrowed, never
 * NULL unless noted; "" where unknown. */
typedef struct UnitOutcome {
        const char *job_result;   /* done canceled timeout failed dependency skipped ... */
        const char *active_state; /* active activating inactive failed ... */
        const char *load_state;   /* loaded masked not-found error ... */
        const char *result;       /* Service.Result: success exit-code signal timeout ... */
        int exec_main_code;       /* CLD_EXITED ... ; 0: never ran */
        int exec_main_status;
        const char *status_text; /* what the supervisor said last */
        int status_errno;
} UnitOutcome;

/* Exactly once: outcome, or error (the manager refused the job: masked, not found, shutting down;
 * or went away), with a sentence. */
typedef void (*UnitJobDone)(void *userdata, const UnitOutcome *outcome, const Error *error);

/* state: ActiveState, or NULL with an error. */
typedef void (*UnitStateAnswer)(void *userdata, const char *active_state, const Error *error);

typedef enum UnitVerb {
        UNIT_START,
        UNIT_STOP,
} UnitVerb;

typedef struct Units {
        /* Queue a job ("replace" mode). The answer never comes before the return. */
        int (*run)(void *userdata,
                   UnitVerb verb,
                   const char *unit,
                   UnitJobDone done,
                   void *done_userdata,
                   UnitJob **ret,
                   Error *reterr);
        /* Forget the answer; the job itself goes on. */
        void (*forget)(UnitJob *job);

        /* Ask for ActiveState; same rules. */
        int (*state)(void *userdata,
                     const char *unit,
                     UnitStateAnswer answer,
                     void *answer_userdata,
                     UnitJob **ret,
                     Error *reterr);

        /* Clear the unit's failed state and, when `disable`, its enablement (DisableUnitFiles);
         * nobody waits for it. */
        void (*forget_unit)(void *userdata, const char *unit, bool disable);

        /* Unit files have changed; nobody waits for it. */
        void (*reload)(void *userdata);
        void *userdata;
} Units;
