/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Programs run inside a running container (org.nagaya1.Container.Attach). Each is a child of the
 * supervisor, born in payload/ and in the container's pid namespace, with a session: a
 * SOCK_SEQPACKET on which the client reads {"exitCode":n} or {"signal":n}, writes {"kill":n}, and
 * which hangs the program up when he closes it, unless it is detached. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "runtime/control.h"

typedef struct Supervisor Supervisor;
typedef struct AttachSession AttachSession;

#define ATTACH_SESSIONS_MAX 256

typedef struct AttachRequest {
        char **command; /* not empty */
        bool tty;       /* a fresh terminal; stdio is not used */
        int stdio[3];   /* borrowed; < 0: /dev/null */
        char **environment;
        bool clear_environment; /* nothing but container=lxc and `environment` */
        bool uid_set, gid_set;
        uid_t uid;
        gid_t gid;
        const char *cwd;        /* NULL: "/" */
        unsigned namespaces;    /* bit N = NamespaceType N; 0: all of init's */
        bool keep_capabilities; /* not limited to init's */
        bool keep_label;        /* the supervisor's, not init's */
        bool outside_cgroup;    /* in the supervisor's group, not in the payload's */
        bool detach;
} AttachRequest;

/* attach_start() - the call is answered when the program was executed. Return: CONTROL_LATER,
 * ERROR_CONTAINER_NOT_RUNNING, ERROR_CONTAINER_FROZEN, ERROR_LIMITS_EXCEEDED, -errno. */
int attach_start(Supervisor *s,
                 const AttachRequest *request,
                 Connection *connection,
                 Error *reterr);

/* Tells the clients of all sessions how their programs ended, as far as they have, and drops them.
 */
void attach_done(Supervisor *s);
