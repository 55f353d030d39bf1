/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/notify.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct {
        struct sockaddr_un address;
        socklen_t size; /* 0: no service manager */
} manager;

void notify_setup(void)
{
        const char *path = getenv("NOTIFY_SOCKET");
        size_t n = path ? strlen(path) : 0;

        if (n > 1 && n < sizeof(manager.address.sun_path) && strchr("/@", path[0])) {
                manager.address.sun_family = AF_UNIX;
                memcpy(manager.address.sun_path, path, n);
                if (path[0] == '@')
                        manager.address.sun_path[0] = '\0';
                manager.size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n);
        }
        (void) unsetenv("NOTIFY_SOCKET");
}

void notify(const char *format, ...)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *text = NULL;
        va_list ap;
        int n;

        if (manager.size == 0)
                return;
        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        if (n < 0) {
                text = NULL;
                return;
        }
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd >= 0)
                (void) sendto(fd, text, (size_t) n, MSG_NOSIGNAL,
                              (const struct sockaddr *) &manager.address, manager.size);
}

void notify_status(const char *sentence)
{
        char line[512];
        size_t n = 0;

        for (; sentence[n] && n < sizeof(line) - 1; n++)
                line[n] = iscntrl((unsigned char) sentence[n]) ? ' ' : sentence[n];
        line[n] = '\0';
        notify("STATUS=%s\n", line);
}
