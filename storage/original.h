/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A container (or snapshot) that is cloned, renamed or restored from: its directory, its configuration
 * as text and as loaded, its root file system. Nothing of it is written here. */

#include "config/config.h"
#include "storage/clone-plan.h"
#include "storage/backend/rootfs.h"
#include "storage/job/site.h"

typedef struct Original {
        const Site *site;
        int dir_fd;
        char *text;  /* of its config */
        bool legacy; /* written in names of LXC 1.x */
        Config *config;
        Rootfs rootfs;
        int containers_fd; /* borrowed */
        int root_fd;       /* O_PATH: what its files are in, where that is a directory; else < 0 */
        const char *upper; /* of an overlay, in its own directory; else NULL */
        bool owns_lower;   /* a lower layer lies in its own directory, too */
} Original;

#define ORIGINAL_NULL ((Original){ .dir_fd = -EBADF, .root_fd = -EBADF })

/* original_open() - `name` is how it is called in messages, containers_fd the container path, which for a
 * snapshot is that of its container. Its files must be its own: a root file
 * system in another container's directory is not (but for lower layers). Return: 0,
 * ERROR_NO_SUCH_CONTAINER, ERROR_INVALID_CONFIG, ERROR_NOT_SUPPORTED (it has no root file system),
 * -errno. */
int original_open(
        const Site *site, int containers_fd, const char *name, Original *ret, Error *reterr);
void original_done(Original *original);

/* original_plan() - for another one in storage of its kind, shared with it if that is possible; whose lower
 * layers lie in its own directory gets a directory. Return: 0, ERROR_NOT_SUPPORTED. */
int original_plan(const Original *original, ClonePlan *ret, Error *reterr);

/* original_open_root() - its root file system as it would be started, read-only, as a detached mount.
 * Return: tree fd, -errno. */
int original_open_root(const Original *original, Error *reterr);

/* original_open_changes() - the upper layer itself. Return: fd, -errno. */
int original_open_changes(const Original *original, Error *reterr);

/* original_medium() - of the image or device that it is in: the bytes, and the type of a file system that is to
 * be like the one on it. 0 and NULL: in neither; NULL: as others are. */
void original_medium(const Original *original, uint64_t *ret_size, const char **ret_type);
