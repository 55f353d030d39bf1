/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The child's side of attach: everything between its birth and the program. Nobody but attach.c
 * includes this. */

#include <sys/resource.h>

#include "kernel/label.h"
#include "runtime/attach.h"

typedef enum AttachStep {
        ATTACH_TERMINAL_READY, /* no error: the message carries the terminal's master */
        ATTACH_LISTENER_READY, /* the same with the listener of the seccomp filter */
        ATTACH_HARD_LIMITS,
        ATTACH_NAMESPACES,
        ATTACH_SESSION,
        ATTACH_TERMINAL,
        ATTACH_STDIO,
        ATTACH_PERSONALITY,
        ATTACH_LIMITS,
        ATTACH_CAPABILITIES,
        ATTACH_LABEL,
        ATTACH_SECCOMP,
        ATTACH_DIRECTORY,
        ATTACH_USER,
        ATTACH_ENVIRONMENT,
        ATTACH_EXEC,
        _ATTACH_STEP_MAX,
} AttachStep;

/* What the child says on its channel; its end, when the program is executed. */
typedef struct AttachReport {
        AttachStep step;
        int errnum;
} AttachReport;

typedef struct AttachChild {
        const AttachRequest *request;
        int channel; /* SOCK_SEQPACKET to the supervisor */
        int init_pidfd;
        int namespaces;        /* CLONE_NEW* to enter, without the pid namespace */
        uint64_t capabilities; /* what the program may ever have */
        bool no_new_privs;
        unsigned long personality;  /* init's */
        bool limited[RLIM_NLIMITS]; /* by lxc.prlimit */
        struct rlimit limits[RLIM_NLIMITS];
        char *label; /* init's; NULL: none */
        LabelModule label_module;
        int proc_fd; /* the host's, for the label; or -EBADF */
        bool session_keyring;
        const void *seccomp; /* NULL: no filter */
        size_t seccomp_size;
        bool seccomp_notify;
        int host_master, host_slave; /* a terminal, should the container have no devpts */
        char **environment;          /* without HOME and USER */
} AttachChild;

_noreturn_ void attach_child_run(AttachChild *child);

/* attach_read_limits() - what binds init binds the program: read of init itself, which may have given
 * up more. attach_child_done() frees it. */
int attach_read_limits(const Supervisor *s,
                       const AttachRequest *request,
                       AttachChild *child,
                       Error *reterr);
void attach_child_done(AttachChild *child);

/* attach_find_user() - the line of a passwd text with this uid. Pure. *ret_name and *ret_home are
 * the caller's to free. Return: 1 found, 0 not, -ENOMEM. */
int attach_find_user(
        const char *passwd, uid_t uid, char **ret_name, char **ret_home, gid_t *ret_gid);
