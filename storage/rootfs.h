/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A root file system, as lxc.rootfs.path names it. */

#include <stdbool.h>

#include "storage/backend.h"

typedef struct Rootfs {
        const Backend *backend;
        char *source; /* behind the type: a directory, device, file or data set, LOWER:...:UPPER */
} Rootfs;

#define ROOTFS_NULL ((Rootfs){ .backend = NULL })

/* rootfs_parse() - any generation's form. A path without a type is looked at on the disk, in LXC's
 * order of detection. Return: 0, ERROR_INVALID_CONFIG, ERROR_NOT_SUPPORTED (no backend has such a
 * source), -errno. */
int rootfs_parse(const char *path, Rootfs *ret, Error *reterr);
void rootfs_done(Rootfs *rootfs);

/* rootfs_open() - the file system as a start would see it, as a mount that is attached nowhere and ends
 * with its fd. Return: 0, ERROR_NOT_SUPPORTED, -errno. */
int rootfs_open(const Rootfs *rootfs, bool read_only, int *ret_tree_fd, Error *reterr);
