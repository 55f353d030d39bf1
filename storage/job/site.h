/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a container lies: the open container path and the name in it. */

#include "base/error.h"
#include "interfaces/container-lock.h"

typedef struct Site {
        int fd;          /* the container path: a directory, readable */
        char *path;      /* of it */
        char *directory; /* path/name */
        char *name;
} Site;

#define SITE_NULL ((Site){ .fd = -EBADF })

typedef enum SiteFlags {
        SITE_AS_IT_IS,
        SITE_ANY_NAME,  /* the same, also where it is called as no container may be */
        SITE_MAKE_PATH, /* make the container path where it is missing */
        SITE_NONE,      /* it is about no container */
} SiteFlags;

/* site_open() - `directory` is the container's own; it need not exist. The container path must be
 * such that nobody but root can change what lies in it. `id` must be the container's id there.
 * Return: 0, ERROR_INVALID_NAME, ERROR_INVALID_ARGS, ERROR_ACCESS_DENIED, -errno. */
int site_open(const char *id, const char *directory, SiteFlags flags, Site *ret, Error *reterr);
void site_done(Site *site);

/* site_claim() - a container is to be made there: it may be called so, nothing is there yet, and nobody else
 * makes it (*ret). Return: 0, ERROR_INVALID_NAME, ERROR_CONTAINER_EXISTS, ERROR_BUSY, -errno. */
int site_claim(
        const Site *site, const char *id, const char *lock_dir, ContainerLock *ret, Error *reterr);

/* site_check_absent() - nothing is there yet. Return: 0, ERROR_CONTAINER_EXISTS. */
int site_check_absent(const Site *site, const char *id, Error *reterr);
