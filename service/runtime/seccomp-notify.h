/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* System calls with the action `notify`: each is told to a program of the host
 * (lxc.seccomp.notify.proxy), in LXC's own protocol, and answered as that says. One after the other;
 * the process waits that long. Without an answer a call fails with ENOSYS. */

#include <sys/types.h>

#include "base/error.h"
#include "base/loop.h"

typedef struct SeccompNotify SeccompNotify;

typedef struct SeccompNotifyOptions {
        Loop *loop;
        int listener;       /* of the filter, taken */
        const char *proxy;  /* unix:/path or unix:@abstract */
        const char *cookie; /* NULL: none */
        pid_t init;
} SeccompNotifyOptions;

/* Return: 0, -errno; the listener is closed then, and every such call fails with ENOSYS. */
int seccomp_notify_new(const SeccompNotifyOptions *options, SeccompNotify **ret);
SeccompNotify *seccomp_notify_free(SeccompNotify *notify);
DEFINE_CLEANUP(SeccompNotify *, seccomp_notify_free)
