/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who may run or change a container. Two things are held together: our lock file, and the abstract
 * socket by which LXC's own tools see that a container runs, so that neither LXC nor we start or
 * destroy what the other one runs. Both go with the process that holds them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct ContainerLock {
        int file_fd;
        int lxc_fd; /* bound to @DIRECTORY/command, not listening */
} ContainerLock;

#define CONTAINER_LOCK_NULL ((ContainerLock){ -EBADF, -EBADF })

/* container_lock_take() - without waiting. `lock_dir` (LOCK_DIR but in tests) is made where it is
 * missing; `directory` is the container's, absolute. Return: 0, ERROR_BUSY (somebody runs or changes
 * it, here or under LXC), -errno. */
int container_lock_take(const char *lock_dir,
                        const char *id,
                        const char *directory,
                        ContainerLock *ret,
                        Error *reterr);

/* container_lock_wait() - the same, but whoever holds it gets a moment to end: a supervisor that has
 * told its end, a worker that has told its result, are gone a few milliseconds later. */
int container_lock_wait(const char *lock_dir,
                        const char *id,
                        const char *directory,
                        uint64_t timeout_usec,
                        ContainerLock *ret,
                        Error *reterr);

void container_lock_release(ContainerLock *lock);

/* config_lock_wait() - who rewrites the container's configuration file. A lock of its own
 * (lock_dir/.ID.config, which is no container's id): a running container holds the other one, and its
 * configuration may be changed all the same. Waits for its turn, which comes after as many short
 * writes. Return: fd to be closed, -errno. */
int config_lock_wait(const char *lock_dir, const char *id, Error *reterr);

/* kin_lock_wait() - what containers remember of each other (layers of overlays, records of clones) is by
 * name: who gives one another name holds this lock `exclusive`, who relies on names that he has read,
 * until others can see that, holds it shared. Before a container's own lock. Return: fd to be closed,
 * ERROR_BUSY (`exclusive`, after a minute), -errno. */
int kin_lock_wait(const char *lock_dir, bool exclusive, Error *reterr);

/* The name of LXC's command socket for this container, after the NUL of an abstract address; one
 * that is too long is hashed as LXC does. At most 106 bytes. */
#define LXC_SOCKET_NAME_MAX 106
void lxc_socket_name(const char *directory, char ret[static LXC_SOCKET_NAME_MAX + 1]);
