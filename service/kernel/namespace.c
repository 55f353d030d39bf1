/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/path.h"

pid_t namespace_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
        int pidfd = -EBADF;
        struct clone_args args = {
                .flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
                .pidfd = (uint64_t) (uintptr_t) &pidfd,
                .exit_signal = SIGCHLD,
        };
        long pid;

        if (cgroup_fd >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (uint64_t) cgroup_fd;
        }
        pid = syscall(SYS_clone3, &args, sizeof(args));
        if (pid < 0)
                return -errno;
        if (pid > 0)
                *ret_pidfd = pidfd;
        return (pid_t) pid;
}

static int open_own(int flag)
{
        static const struct {
                int flag;
                const char *path;
        } paths[] = {
                { CLONE_NEWPID, "/proc/self/ns/pid" },
                { CLONE_NEWUTS, "/proc/self/ns/uts" },
                { CLONE_NEWIPC, "/proc/self/ns/ipc" },
                { CLONE_NEWNET, "/proc/self/ns/net" },
                { CLONE_NEWTIME, "/proc/self/ns/time" },
                { CLONE_NEWCGROUP, "/proc/self/ns/cgroup" },
        };
        int fd;

        for (size_t i = 0; i < ELEMENTS(paths); i++)
                if (paths[i].flag == flag) {
                        fd = open(paths[i].path, O_RDONLY | O_CLOEXEC);
                        return fd < 0 ? -errno : fd;
                }
        return -EINVAL;
}

/* Return: the clone's; the way back is walked whatever it was. */
pid_t namespace_clone_joining(
        const NamespaceFd *others, size_t n, uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
        _cleanup_(fd_close_p) int own = -EBADF;
        pid_t pid;

        if (n == 0)
                return namespace_clone(flags, cgroup_fd, ret_pidfd);
        own = open_own(others->flag);
        if (own < 0)
                return own;
        if (setns(others->fd, others->flag) < 0)
                return -errno;
        pid = namespace_clone_joining(others + 1, n - 1, flags, cgroup_fd, ret_pidfd);
        if (pid != 0 && setns(own, others->flag) < 0)
                abort(); /* cannot happen, and nothing could be done any more */
        return pid;
}

int namespace_time(int proc_fd, const char *offsets)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        size_t n = strlen(offsets);

        if (unshare(CLONE_NEWTIME) < 0)
                return -errno;
        if (n == 0)
                return 0;
        fd = path_open_in_root(proc_fd, "self/timens_offsets", O_WRONLY, 0);
        if (fd < 0)
                return fd;
        return write(fd, offsets, n) == (ssize_t) n ? 0 : -errno;
}
