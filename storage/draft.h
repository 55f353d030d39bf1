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

/* Gives it its name, durably. Return: 0, ERROR_CONTAINER_EXISTS, -errno. */
int draft_publish(Draft *draft, const char *name, Error *reterr);

/* What was not published goes to the trash. */
void draft_done(Draft *draft);
