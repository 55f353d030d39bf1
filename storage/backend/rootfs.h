/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A root file system, as lxc.rootfs.path names it. */

#include <stdbool.h>

#include "storage/backend/backend.h"

struct Rootfs {
        const Backend *backend;
        char *source; /* behind the type: a directory, device, file or data set, LOWER:...:UPPER */
};

#define ROOTFS_NULL ((Rootfs){ .backend = NULL })

/* rootfs_parse() - any generation's form. A path without a type is looked at on the disk; one that is
 * not there is a directory's. Return: 0, ERROR_INVALID_CONFIG, ERROR_NOT_SUPPORTED (no backend has such
 * a source), -errno. */
int rootfs_parse(const char *path, Rootfs *ret, Error *reterr);
void rootfs_done(Rootfs *rootfs);

/* rootfs_open() - the file system as a start would see it, as a mount that is attached nowhere and ends
 * with its fd. May take its time where backend->slow. Return: 0, ERROR_NOT_SUPPORTED, -errno. */
int rootfs_open(const Rootfs *rootfs, const RootfsMount *mount, int *ret_tree_fd, Error *reterr);

/* rootfs_path_move() - a path in or at `from` as it is when that directory has become `to`; others stay
 * as they are. The caller frees; NULL when out of memory. */
char *rootfs_path_move(const char *path, const char *from, const char *to);

/* rootfs_check_place() - a root file system must not lie in the directory of another container of the
 * container path `path`, but for the lower layers of an overlay. `directory` is its own. Return: 0,
 * ERROR_INVALID_CONFIG. */
int rootfs_check_place(const char *rootfs_path,
                       const char *path,
                       const char *directory,
                       Error *reterr);
