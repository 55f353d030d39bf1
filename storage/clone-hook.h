/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The clone hooks of a new container: run after its storage and config are complete and before it is
 * published, in a mount namespace of their own, in which its root file system is mounted; "/" is the
 * host's. With lxc.idmap they run in a user namespace with the container's map, as its root: what a
 * hook writes through a link that somebody laid inside cannot be more than the container's.
 *
 * LXC_ROOTFS_MOUNT is where the hook finds the root file system: lxc.rootfs.mount, or the directory
 * itself where none was mounted. */

#include "config/config.h"
#include "storage/job/report.h"

typedef struct CloneHook {
        const char *container;   /* id of the new one */
        const char *name;        /* its name */
        const Config *config;    /* its configuration, as it will be read */
        const char *config_file; /* of that name, by the final path (storage/view.h) */
        const char
                *rootfs_path; /* with its type, as it stands in the config: "overlay:LOWER:UPPER" */
        int tree_fd; /* of rootfs_open(), attached nowhere yet; < 0: a directory, used where
                                  * it is. Stays the caller's. */
        const char *source_name;
        char *const *arguments; /* of the clone's caller; may be NULL */
        const Report *report;   /* gets every line of output */
} CloneHook;

/* clone_hook_run() - all clone hooks, in order. Without any: nothing, and nothing is mounted. Return:
 * 0, ERROR_HOOK_FAILED with the last line of output, ERROR_INVALID_CONFIG, -errno: then the new
 * container is not to be. */
int clone_hook_run(const CloneHook *hook, Error *reterr);
