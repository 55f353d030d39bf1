/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A container in the making, out of another one: what the jobs clone, snapshot and restore share. It is
 * built in a draft (storage/draft.h) and seen under its final name only by this process.
 *
 * Order of effects, each of which may be the last before a kill:
 *
 *      1   the draft: nobody's container; removed by whoever collects next
 *      2   its owner, its storage, its files, the records of its bases, /etc/hostname
 *      3   its config, the last of its files; it names what exists, and nobody else's files but lower
 *          layers
 *      4   its clone hooks
 *      5   what the caller still wants to put there
 *      6   the bases are told; who is told of and not there does not count
 *      7   it gets its name, in one step
 *
 * The source is only read. Nothing is durable before step 7, which begins with a sync of all; or, where the
 * spec says so, with the mark that this is still to be done (interfaces/unsynced.h). */

#include "storage/backend/backend.h"
#include "storage/clone-plan.h"
#include "storage/draft.h"
#include "storage/kinship.h"
#include "storage/original.h"
#include "storage/job/report.h"

typedef struct ReplicaSpec {
        const Original *original;
        const char *source_name; /* of the container that is cloned, for its hooks */
        const Site *site;        /* of the new one */
        const char *container;   /* its id */
        const char *volume_name; /* of what lies outside of its directory; NULL: as it is called */
        ClonePlan plan;
        const BackendOptions *options;
        const char *uts_name; /* also for /etc/hostname; NULL: both stay */
        bool keep_mac, ephemeral;
        bool tmpfs;      /* what it changes is kept in memory, until it stops */
        bool hooks;      /* run the clone hooks */
        bool sync_later; /* what is copied: by the caller, after it has answered */
        char *const *mounts, *const *hook_arguments;
        const Report *report;
} ReplicaSpec;

typedef struct Replica {
        const ReplicaSpec *spec;
        Draft draft;
        char *rootfs_path;
        bool has_storage;      /* of rootfs_path, as far as it lies elsewhere */
        bool copied;           /* file by file, and all of it */
        bool same_file_system; /* its files are in one of the same type as those of its source */
        const char *method;    /* how its files came: "copy" "reflink" "overlay" "snapshot" */
        Kinship bases;
        size_t n_told; /* of them */
        int tree_fd;   /* its root file system, until step 6 */
        int host_fd;   /* of view_enter(), once that is needed */
} Replica;

#define REPLICA_NULL ((Replica){ .draft = DRAFT_NULL, .tree_fd = -EBADF, .host_fd = -EBADF })

/* replica_build() - steps 1 to 4. Return: 0, ERROR_CONTAINER_EXISTS, ERROR_HOOK_FAILED, ERROR_NOT_SUPPORTED,
 * -errno: then nothing of it is to stay. */
int replica_build(const ReplicaSpec *spec, Replica *ret, Error *reterr);

/* replica_tell() - step 6. Return: 0, -errno. */
int replica_tell(Replica *replica, Error *reterr);

/* replica_publish() - steps 6 and 7. Return: 0, ERROR_CONTAINER_EXISTS, -errno. */
int replica_publish(Replica *replica, Error *reterr);

/* It was published by other means: nothing of it is taken back. */
void replica_keep(Replica *replica);

/* What was not published is taken back. */
void replica_done(Replica *replica);

/* "copy", "reflink" ... as a sentence's end: "by copying every file". */
const char *replica_method_text(const char *method);
