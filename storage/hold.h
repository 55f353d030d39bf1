/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A container that is cloned must not change meanwhile: it is locked while it does not run, and held
 * frozen by its supervisor while it does. Both end with this process, however that ends. */

#include "interfaces/container-lock.h"
#include "interfaces/varlink-client.h"
#include "storage/job/site.h"

typedef struct Hold {
        ContainerLock lock;
        VarlinkClient *supervisor; /* of a running one; NULL: it is locked */
} Hold;

#define HOLD_NULL ((Hold){ .lock = CONTAINER_LOCK_NULL })

/* Return: 0, ERROR_CONTAINER_RUNNING (and allow_running is not set), ERROR_BUSY, ERROR_TIMED_OUT (a
 * process of it could not be stopped), -errno. */
int hold_take(const char *lock_dir,
              const char *id,
              const Site *site,
              bool allow_running,
              Hold *ret,
              Error *reterr);

/* hold_check() - has it been held all the time? Return: 0, ERROR_BUSY. */
int hold_check(const Hold *hold, const char *id, Error *reterr);

void hold_release(Hold *hold);
