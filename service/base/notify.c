/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/notify.h"
#include "base/strv.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Where those begin that a service is given: sd_listen_fds(3). */
#define FDS_BEGIN 3

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

void notify_forget_fds(void)
{
        const char *n = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");

        if (n && pid && atoi(pid) == getpid() && atoi(n) > 0)
                (void) close_range(FDS_BEGIN, (unsigned) (FDS_BEGIN + atoi(n) - 1), 0);
}

/* `fd` < 0: none. */
static void send_text(const char *text, int fd)
{
        _cleanup_(fd_close_p) int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct iovec iov = { (void *) text, strlen(text) };
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct msghdr message = {
                .msg_name = &manager.address,
                .msg_namelen = manager.size,
                .msg_iov = &iov,
                .msg_iovlen = 1,
        };

        if (fd >= 0) {
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(&control.header), &fd, sizeof(int));
                message.msg_control = &control;
                message.msg_controllen = sizeof(control.space);
        }
        if (socket_fd >= 0)
                (void) sendmsg(socket_fd, &message, MSG_NOSIGNAL);
}

void notify(const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        va_list ap;

        if (manager.size == 0)
                return;
        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (text)
                send_text(text, -EBADF);
}

void notify_store_fd(const char *name, int fd)
{
        char text[64];

        if (manager.size == 0)
                return;
        (void) snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s\n", name);
        send_text(text, fd);
}

void notify_drop_fd(const char *name)
{
        notify("FDSTOREREMOVE=1\nFDNAME=%s\n", name);
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
