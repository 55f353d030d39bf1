/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A function called in a process of its own, for what it changes about a process: its namespaces, its
 * credentials. Its error comes back as if it had been called here. */

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct Subprocess {
        uint64_t namespaces; /* CLONE_NEW*: it is born in new ones */
        /* In the new process. `channel_fd` ends when we are gone. Return: 0, -errno. */
        int (*main)(int channel_fd, void *userdata, Error *reterr);
        /* Here, when it has been made; may be NULL. A failure ends it. Return: 0, -errno. */
        int (*made)(pid_t pid, int channel_fd, void *userdata, Error *reterr);
        void *userdata;
} Subprocess;

/* subprocess_call() - waits for its end; it dies with us. Return: 0, -errno. */
int subprocess_call(const Subprocess *call, Error *reterr);
