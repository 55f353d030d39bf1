/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All jobs, and the connections to nagaya-work that follow them. */

#include "container/job.h"

typedef struct JobRegistry JobRegistry;

#define JOBS_MAX 256         /* known at once, ended ones too */
#define JOBS_PER_USER_MAX 16 /* running, of one user other than root */

/* Finds the jobs that run already. Never starts nagaya-work. */
int job_registry_new(Manager *manager, JobRegistry **ret, Error *reterr);
JobRegistry *job_registry_free(JobRegistry *registry);

Job *job_registry_find(JobRegistry *registry, int64_t number);
Job *job_registry_first(JobRegistry *registry);

/* job_number_take() - a number that no other job has, for a brief one that is not registered. */
int64_t job_number_take(JobRegistry *registry);

/* job_start() - hand the job to nagaya-work. `parameters` is taken. The job belongs to the call's
 * peer. `other`: a second container that nothing else may work on meanwhile, or NULL. Return: 0,
 * ERROR_BUSY (one of them has a job), ERROR_LIMITS_EXCEEDED, -errno. */
int job_start(Call *call,
              const char *kind,
              const char *container,
              const char *other,
              json_t *parameters,
              Job **ret,
              Error *reterr);

/* Answered at the end of the job, at once when it has ended. */
int job_wait(Job *job, Call *call, Error *reterr);

/* Answered when nagaya-work took it. */
int job_cancel(Job *job, Call *call, Error *reterr);

/* No job works on the container, or makes it. Return: 0 (also for NULL), ERROR_BUSY. */
int job_check_none(const Manager *manager, const char *container, Error *reterr);
