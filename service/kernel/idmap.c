/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/idmap.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"

static int open_process(int proc_fd, pid_t pid)
{
        char name[16];
        int fd;

        (void) snprintf(name, sizeof(name), "%d", pid);
        fd = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int idmap_write(int proc_fd, pid_t pid, const char *users, const char *groups)
{
        _cleanup_(fd_close_p) int fd = open_process(proc_fd, pid);
        int r;

        if (fd < 0)
                return fd;
        r = file_write_attribute(fd, "uid_map", users);
        return r < 0 ? r : file_write_attribute(fd, "gid_map", groups);
}

int idmap_open(int proc_fd, pid_t pid)
{
        _cleanup_(fd_close_p) int process_fd = open_process(proc_fd, pid);
        int fd;

        if (process_fd < 0)
                return process_fd;
        fd = openat(process_fd, "ns/user", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}
