/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A job of the service manager that is followed, inside of bus/systemd.c. */

#include "bus/systemd-link.h"
#include "container/units.h"

typedef struct Systemd Systemd;

struct UnitJob {
        Systemd *systemd;
        UnitJob *previous, *next;
        char *unit;
        SystemdLink *link; /* NULL: looked for again by the retry timer */
        OutboxCall *call;
        unsigned generation; /* of the link, when the call was made */
        bool aside;          /* not over the bus, next time */
        unsigned attempts;   /* since it was lost */
        uint64_t lost_usec;  /* since when there is no way to PID 1; 0: there is one */

        UnitVerb verb;
        uint64_t given_usec; /* when it was given to PID 1; 0: it surely has not got it */
        char *path;          /* once it is queued */
        char *early_path, *early_result; /* a JobRemoved of the unit before the reply */
        char *result;                    /* once it is over */
        UnitJobDone done;                /* NULL: a question for the state */
        UnitStateAnswer state;
        void *userdata;
};

/* Return: a new job in the list of `systemd`, or NULL when out of memory. */
UnitJob *unit_job_new(Systemd *systemd, const char *unit);
void unit_job_free(UnitJob *job);

/* unit_job_resume() - send what the job needs next. Never answers. */
void unit_job_resume(UnitJob *job);

/* unit_job_lost() - the way to PID 1 is lost: the job is resumed in a while. Never answers. */
void unit_job_lost(UnitJob *job);

/* The answer; the job is gone after it. The sentence tells of the unit. */
void unit_job_fail_errno(UnitJob *job, int errnum);
void unit_job_fail_unreachable(UnitJob *job);

/* By the link's signals. */
void unit_job_on_removed(
        void *userdata, SystemdLink *link, const char *path, const char *unit, const char *result);
void unit_job_on_renewed(void *userdata, SystemdLink *link);

/* What jobs ask of their owner. */
UnitJob **systemd_jobs(Systemd *systemd); /* where the list begins */
void systemd_jobs_changed(Systemd *systemd);
/* aside: not over the bus, if there is another way. Return: 0, -errno there is no way to PID 1 now. */
int systemd_find_link(Systemd *systemd, bool aside, SystemdLink **ret);
/* Jobs without a link are resumed, and links without a use released, from the loop. */
void systemd_retry(Systemd *systemd, uint64_t usec);
