/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A container's directory while it is made: under a name that can never be a container's, locked for
 * as long as its maker lives, and published under its own name in one step. Killed at any time, the
 * maker leaves either nothing that counts (trash_collect() takes it away) or the whole. */

#include "base/error.h"

typedef struct Draft {
        int parent_fd; /* the container path; borrowed */
        int dir_fd;    /* holds the lock */
        char name[128];
} Draft;

#define DRAFT_NULL ((Draft){ -EBADF, -EBADF, "" })

/* Makes an empty directory, mode 0770, for the container `name`. Return: 0, -errno. */
int draft_make(int parent_fd, const char *name, Draft *ret, Error *reterr);

/* draft_sync() - all that is in it, and what was made for it elsewhere, is on the disk. One syncfs(2):
 * hundreds of small files need not be told apart, and it costs less than an fsync(2) of each. `name` is
 * its container's. Return: 0, -errno. */
int draft_sync(const Draft *draft, const char *name, Error *reterr);

/* draft_publish() - draft_sync(), then its name, durably: whoever sees it after a power cut sees the whole.
 * Return: 0, ERROR_CONTAINER_EXISTS, -errno. */
int draft_publish(Draft *draft, const char *name, Error *reterr);

/* draft_publish_unsynced() - without the wait for the disk: marked (interfaces/unsynced.h), which the
 * caller settles after it has answered. Return: as draft_publish(). */
int draft_publish_unsynced(Draft *draft, const char *name, Error *reterr);

/* What was not published goes to the trash. */
void draft_done(Draft *draft);
