/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The jobs "snapshot" and "destroy-snapshot", both of the container that has the snapshots.
 *
 * snapshot: comment (text). Result: name, snapshot, method. The container must be at rest. It is made as
 * a replica (storage/replica.h) under the first free snapN, with the container's own name and addresses;
 * clone hooks are not run, since it is no container yet. Step 5 there: `ts` and `comment`.
 *
 * destroy-snapshot: snapshot, or all (bool). Result: name. Order of effects: what it has
 * outside of its directory is removed; it goes to the trash, in one step; its bases are told. */

#include "storage/job/job.h"
#include "storage/snapshots.h"

/* Return: 0, ERROR_CONTAINER_RUNNING, ERROR_BUSY, ERROR_NO_SUCH_CONTAINER, ERROR_INVALID_CONFIG,
 * ERROR_NOT_SUPPORTED, -errno. */
int snapshot_job(const JobRequest *request,
                 const Report *report,
                 json_t **ret_result,
                 Error *reterr);

/* Return: 0, ERROR_NO_SUCH_SNAPSHOT, ERROR_HAS_DEPENDENTS, -errno. */
int destroy_snapshot_job(const JobRequest *request,
                         const Report *report,
                         json_t **ret_result,
                         Error *reterr);

/* snapshot_site() - where a snapshot is, or will be. Return: 0, -ENOMEM raised. */
int snapshot_site(const SnapshotPlace *place, const char *name, Site *ret, Error *reterr);

/* snapshot_find() - one that is there. Return: 0, ERROR_NO_SUCH_SNAPSHOT, -errno. */
int snapshot_find(const SnapshotPlace *place, const char *name, Site *ret, Error *reterr);
