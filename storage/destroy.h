/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The job "destroy": the container is gone at once, its files are removed afterwards
 * (job_collect()).
 *
 * Parameter: snapshots (bool: its snapshots, too). Result: name, reload (as of a rename: the unit's enablement and
 * drop-ins are gone).
 *
 * What lies outside of the container's own directory is never removed, nor a root file system that
 * lxc.rootfs.managed = 0 declares to be somebody else's; a message says what stays. */

#include "storage/job/job.h"

/* Return: 0, ERROR_NO_SUCH_CONTAINER, ERROR_BUSY (it runs, or something is mounted in it),
 * ERROR_HAS_DEPENDENTS, ERROR_HAS_SNAPSHOTS, ERROR_NOT_SUPPORTED, ERROR_INVALID_NAME,
 * ERROR_INVALID_ARGS, -errno. */
int destroy_job(const JobRequest *request,
                const Report *report,
                json_t **ret_result,
                Error *reterr);

/* destroy_settle() - JobSettle: it is done when the container is gone. */
int destroy_settle(const JobRequest *request, json_t **ret_result, Error *reterr);
