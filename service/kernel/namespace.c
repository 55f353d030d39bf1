/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/namespace.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
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

int namespace_time(int proc_fd, const char *offsets)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        size_t n = strlen(offsets);

        if (unshare(CLONE_NEWTIME) < 0)
                return -errno;
        fd = path_open_in_root(proc_fd, "self/timens_offsets", O_WRONLY, 0);
        if (fd < 0)
                return fd;
        return write(fd, offsets, n) == (ssize_t) n ? 0 : -errno;
}
