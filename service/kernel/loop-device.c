/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/loop-device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"

#define TRIES 64

static int open_device(const char *path, int number, bool read_only)
{
        int flags = (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK;
        int fd = open(path, flags);

        if (fd >= 0 || errno != ENOENT)
                return fd < 0 ? -errno : fd;
        /* Where /dev is not the kernel's own, a new device has no node yet. */
        if (mknod(path, S_IFBLK | 0600, makedev(LOOP_MAJOR, (unsigned) number)) < 0 &&
            errno != EEXIST)
                return -errno;
        fd = open(path, flags);
        return fd < 0 ? -errno : fd;
}

int loop_device_open(int image_fd, const char *name, bool read_only, LoopDevice *ret)
{
        _cleanup_(fd_close_p) int control_fd = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        struct loop_config config = {
                .fd = (unsigned) image_fd,
                .info.lo_flags = LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0),
        };

        if (control_fd < 0)
                return -errno;
        if (name)
                (void) snprintf((char *) config.info.lo_file_name, sizeof(config.info.lo_file_name),
                                "%s", name);
        for (unsigned i = 0; i < TRIES; i++) {
                _cleanup_(fd_close_p) int fd = -EBADF;
                int number = ioctl(control_fd, LOOP_CTL_GET_FREE);

                if (number < 0)
                        return -errno;
                (void) snprintf(ret->path, sizeof(ret->path), "/dev/loop%d", number);
                fd = open_device(ret->path, number, read_only);
                if (fd < 0)
                        return fd;
                if (ioctl(fd, LOOP_CONFIGURE, &config) == 0) {
                        ret->fd = TAKE_FD(fd);
                        return 0;
                }
                /* Somebody else was quicker. */
                if (errno != EBUSY)
                        return -errno;
        }
        return -EBUSY;
}
