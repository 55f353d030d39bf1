/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/link.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"

int link_loopback_up(void)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct ifreq request = {
                .ifr_name = "lo",
                .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING,
        };

        /* Any socket answers for the interfaces of its namespace: netdevice(7). */
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}
