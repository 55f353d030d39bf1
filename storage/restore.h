/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The job "restore": a container as one of its snapshots is. Parameter: snapshot.
 *
 * To a new name (source (id), sourceDirectory: of the container that has the snapshot; the job is the new
 * one's): a clone of the snapshot.
 *
 * In place: the container must be at rest, and nobody's base, not even its snapshots': a volume of LVM that is
 * not thin goes with all that is made of it, and `lvconvert --merge` would use up the snapshot. Order of effects:
 *
 *      1-5     a replica (storage/replica.h) of the snapshot in a draft, with the paths of the container
 *      6       the bases that are new to the container are told; a record says what the old one has outside
 *              of its directory (storage/backend/outside.h), which only means something for a draft
 *      7       draft and container change places, in one step: until here the old one is whole, from here
 *              the restored one is
 *      8       the snapshots move from the old one, which now is called like a draft, to the restored
 *              one. A killed job's are found there by the collector, which does the same.
 *      9       what the old one has elsewhere is removed, and it goes to the trash; bases that are not needed
 *              any more are told
 *
 * Result: name, snapshot, method. */

#include "storage/job/job.h"

/* Return: 0, ERROR_NO_SUCH_SNAPSHOT, ERROR_CONTAINER_RUNNING, ERROR_CONTAINER_EXISTS,
 * ERROR_HAS_DEPENDENTS, ERROR_BUSY, ERROR_INVALID_CONFIG, ERROR_HOOK_FAILED, ERROR_NOT_SUPPORTED,
 * -errno. */
int restore_job(const JobRequest *request,
                const Report *report,
                json_t **ret_result,
                Error *reterr);
