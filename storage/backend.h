/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a root file system lives. Each backend is one row of operations in a file of its own; the
 * table of them is in backend.c. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* The storage of one container in the making. */
typedef struct Volume {
        int dir_fd;            /* the container's directory, as yet under another name */
        const char *directory; /* its final path */
} Volume;

typedef struct Backend {
        const char *name;
        const char *summary;

        /* Why it cannot be used on any host, or NULL. */
        const char *missing;

        /* May it be used on this host? NULL: always. Return: > 0 yes, 0 no (*ret_reason is a
         * sentence, the caller frees), -ENOMEM. */
        int (*probe)(char **ret_reason);

        /* Makes the storage. *ret_rootfs_path becomes lxc.rootfs.path; the caller frees. */
        int (*create)(const Volume *volume, char **ret_rootfs_path, Error *reterr);
} Backend;

/* Ended by a NULL name. */
extern const Backend backends[];

/* backend_is_usable() - Return: > 0 yes, 0 no (*ret_reason, the caller frees), -ENOMEM. */
int backend_is_usable(const Backend *backend, char **ret_reason);

/* backend_find() - by name; "best" (btrfs, zfs, lvm, dir) or "a,b,c" is the first usable one. NULL:
 * dir. Return: 0, ERROR_INVALID_ARGS (no such backend), ERROR_NOT_SUPPORTED (not usable here, with
 * the reason). */
int backend_find(const char *name, const Backend **ret, Error *reterr);

/* backend_path() - the path part of a lxc.rootfs.path: "dir:/x" and "/x" give "/x". */
const char *backend_path(const char *rootfs_path);

/* backend-dir.c */
int backend_dir_create(const Volume *volume, char **ret_rootfs_path, Error *reterr);
int backend_none_create(const Volume *volume, char **ret_rootfs_path, Error *reterr);
