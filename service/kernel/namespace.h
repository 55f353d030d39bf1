/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A namespace of others, open. */
typedef struct NamespaceFd {
        int fd;
        int flag; /* CLONE_NEW* */
} NamespaceFd;

/* namespace_clone() - like fork(2), the child being born in new namespaces (CLONE_NEW*) and in the
 * cgroup `cgroup_fd` (< 0: ours). Caught signals are at their defaults in the child. The pidfd is
 * CLOEXEC. Return: 0 in the child, the pid in the parent, -errno. */
pid_t namespace_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

/* namespace_clone_joining() - the same, and the child is in the `n` namespaces of others, too. This
 * process, which must have a single thread, is in them for that moment. No mount and no user
 * namespace. */
pid_t namespace_clone_joining(
        const NamespaceFd *others, size_t n, uint64_t flags, int cgroup_fd, int *ret_pidfd);

/* namespace_time() - the next program executed by this process runs in a new time namespace with
 * these offsets, in the form of timens_offsets (time_namespaces(7)). `proc_fd` is a proc of ours.
 * Return: 0, -errno. */
int namespace_time(int proc_fd, const char *offsets);
