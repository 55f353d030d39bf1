/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kinds of jobs, one table: name -> function. A job's function runs in a worker process of its
 * own and may block. */

#include "storage/job/job.h"

typedef struct JobKind {
        const char *name;
        SiteFlags site;
        JobFunction run;
        /* A few milliseconds for somebody who waits, whatever else is at work on the container: not
         * listed, nobody else's reason to be busy, and it leaves nothing to be removed. */
        bool brief;
        JobSettle settle; /* NULL: it is not done */
} JobKind;

/* Return: the row, or NULL. */
const JobKind *job_kind_find(const char *name);

/* job_run() - one job from its beginning to its end, in this process: opens the site (`request->site`
 * is set here; parameter "directory"), runs the function, tells the outcome, and then removes what this
 * and earlier jobs left to be removed in that container path. Return: 0, -errno (of the job). */
int job_run(const JobKind *kind, JobRequest *request, const Report *report);

/* job_settle() - after a worker was killed, in another process: storage/recover.h, the outcome if there is
 * one all the same, and the removal. */
void job_settle(const JobKind *kind, JobRequest *request, const Report *report);

/* job_sync() - what the job has told of is on the disk, if its process cannot see to it any more
 * (interfaces/unsynced.h). Waits for the disk. */
void job_sync(const JobKind *kind, const JobRequest *request);

/* job_collect() - for the host's own container path, in which workers may have been killed whose jobs nobody
 * knows any more, and those that are noted in it (storage/elsewhere.h). begun_fd: as
 * recover() has it, for the former. */
void job_collect(const char *container_path, const char *lock_dir, int begun_fd);
