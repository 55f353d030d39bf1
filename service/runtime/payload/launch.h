/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Makes a container's init out of a Plan. Asynchronous, so that the supervisor goes on serving its
 * control socket:
 *
 *      launch_begin()          clone3(2) into the cgroup and the namespaces; returns at once
 *      launch_receive() ...    whenever sync_fd is readable, until it says
 *        LAUNCH_PREPARED       all is set up, init waits: limits, start-host hook; then
 *      launch_go()
 *        LAUNCH_RUNNING        init was executed
 *
 * On any failure, and to give up at any moment: kill the cgroup, reap pidfd, launch_child_done().
 */

#include "kernel/namespace.h"
#include "runtime/plan/plan.h"
#include "storage/backend/rootfs.h"

typedef struct Launch {
        const Plan *plan;
        const Rootfs *rootfs; /* what plan->rootfs_path has turned out to be */
        int rootfs_fd;        /* a detached mount of it; < 0: opened by its path */
        int cgroup_fd;        /* the payload's directory; init is born in it */
        char *cgroup_path;    /* the same in the hierarchy */
        NamespaceFd shares[_NAMESPACE_TYPE_MAX]; /* of others, that are joined */
        size_t n_shares;
        const void *seccomp; /* struct sock_filter[], from seccomp_filter_get(); NULL: none */
        size_t seccomp_size; /* bytes */
        bool seccomp_notify; /* somebody is asked about system calls */
} Launch;

#define LAUNCH_NULL ((Launch){ .rootfs_fd = -EBADF, .cgroup_fd = -EBADF })

typedef struct LaunchChild {
        pid_t pid;
        int pidfd;
        int sync_fd;       /* SOCK_SEQPACKET, non-blocking */
        int *masters;      /* ptys: [0] console (-EBADF: none), [N] ttyN; whoever takes one */
        size_t n_masters;  /* puts -EBADF in its place. Complete at LAUNCH_PREPARED. */
        int listener;      /* of the seccomp filter, when one is asked for; whoever takes it puts
                            * -EBADF in its place */
        int device_filter; /* program, attached by launch_go(); -EBADF: none */
        bool ready;
} LaunchChild;

#define LAUNCH_CHILD_NULL                                                                          \
        ((LaunchChild){                                                                            \
                .pidfd = -EBADF, .sync_fd = -EBADF, .listener = -EBADF, .device_filter = -EBADF })

enum {
        LAUNCH_AGAIN = 0, /* nothing is there to be heard */
        LAUNCH_HEARD = 1,
        LAUNCH_PREPARED = 2,
        LAUNCH_RUNNING = 3,
};

/* Return: 0, -errno (stage "clone"; nothing is left). */
int launch_begin(const Launch *launch, LaunchChild *ret, Error *reterr);

/* launch_receive() - handles one message, if there is one. Return: LAUNCH_*; < 0: the error of the child, whole:
 * stage, object, errno, sentence, code. A child that ends without a word is an error too. */
int launch_receive(LaunchChild *child, Error *reterr);

/* launch_go() - what the parent does last (the device filter on the cgroup), then init goes on. */
int launch_go(const Launch *launch, LaunchChild *child, Error *reterr);

/* Closes what it holds; does not kill. */
void launch_child_done(LaunchChild *child);

/* seccomp_filter_get() - the BPF program of a profile, from the cache or newly compiled by
 * nagaya-seccomp. *ret_warnings: what the compiler skipped. */
int seccomp_filter_get(
        const char *profile, void **ret, size_t *ret_size, char ***ret_warnings, Error *reterr);
