/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/pty.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/path.h"

int pty_open_slave(int master)
{
        int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int pty_new(int *ret_master, int *ret_slave)
{
        _cleanup_(fd_close_p) int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        int slave;

        if (master < 0 || unlockpt(master) < 0)
                return -errno;
        slave = pty_open_slave(master);
        if (slave < 0)
                return slave;
        *ret_master = TAKE_FD(master);
        *ret_slave = slave;
        return 0;
}

/* The device 5:2, and on a devpts: a node of that number on another file system would open the
 * instance of whatever devpts lies beside it. */
static int check_multiplexer(int fd)
{
        struct statfs fs;
        struct stat st;

        if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
                return -errno;
        if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2) || fs.f_type != DEVPTS_SUPER_MAGIC)
                return -ENOTTY;
        return 0;
}

int pty_open_multiplexer(int root_fd, const char *path)
{
        _cleanup_(fd_close_p) int node = -EBADF, master = -EBADF;
        int r;

        /* O_PATH first: opening an unknown device or FIFO has effects. And again after the open:
         * the path may have been changed in between. (/proc/self/fd would do it in one, but this
         * may run where /proc is the container's.) */
        node = path_open_in_root(root_fd, path, O_PATH, 0);
        if (node < 0)
                return node;
        r = check_multiplexer(node);
        if (r < 0)
                return r;
        master = path_open_in_root(root_fd, path, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
        if (master < 0)
                return master;
        r = check_multiplexer(master);
        if (r < 0)
                return r;
        if (unlockpt(master) < 0)
                return -errno;
        r = fd_set_nonblock(master, false);
        return r < 0 ? r : TAKE_FD(master);
}

int pty_make_raw(int fd)
{
        struct termios mode;

        if (tcgetattr(fd, &mode) < 0)
                return -errno;
        cfmakeraw(&mode);
        return tcsetattr(fd, TCSANOW, &mode) < 0 ? -errno : 0;
}

int pty_resize(int fd, uint16_t columns, uint16_t rows)
{
        struct winsize size = { .ws_col = columns, .ws_row = rows };

        return ioctl(fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
