/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* seccomp_unotify(2). The packet for the proxy, over SOCK_SEQPACKET: the header below, the kernel's
 * request and (empty) response, the cookie; with it come file descriptors of /proc/PID, of its mem and
 * of the listener. The answer is the same without the cookie. */

#include "runtime/seccomp-notify.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <syslog.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"

#define STRUCTURE_MAX 1024 /* bytes of the kernel's request or response; today 80 and 24 */

typedef struct ProxyHeader {
        uint64_t reserved;
        pid_t monitor, init;
        struct seccomp_notif_sizes sizes;
        uint64_t cookie_size;
} ProxyHeader;

struct SeccompNotify {
        Loop *loop;
        int listener, proxy;
        Source *on_listener, *on_proxy;
        char *address, *cookie;
        pid_t init;
        struct seccomp_notif_sizes sizes;
        uint64_t id; /* of the request that waits for its answer; 0: none does */
        bool complained;
};

static void answer(SeccompNotify *notify, const struct seccomp_notif_resp *response)
{
        char whole[STRUCTURE_MAX] = { 0 };

        /* The kernel may have a longer one than we know. */
        memcpy(whole, response, sizeof(*response));
        (void) ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_SEND, whole);
        notify->id = 0;
        if (notify->on_listener)
                (void) source_set_events(notify->on_listener, EPOLLIN);
}

static void refuse(SeccompNotify *notify)
{
        answer(notify, &(struct seccomp_notif_resp){ .id = notify->id, .error = -ENOSYS });
}

static void disconnect(SeccompNotify *notify)
{
        notify->on_proxy = source_free(notify->on_proxy);
        notify->proxy = fd_close(notify->proxy);
}

static int on_answer(Source *source, int fd, uint32_t events, void *userdata)
{
        SeccompNotify *notify = userdata;
        char packet[sizeof(ProxyHeader) + 2 * STRUCTURE_MAX];
        size_t begin = sizeof(ProxyHeader) + notify->sizes.seccomp_notif;
        struct seccomp_notif_resp response;
        ssize_t n = recv(fd, packet, sizeof(packet), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                disconnect(notify);
                if (notify->id)
                        refuse(notify);
                return 0;
        }
        if (!notify->id)
                return 0; /* nobody asked */
        if ((size_t) n < begin + sizeof(response)) {
                refuse(notify);
                return 0;
        }
        memcpy(&response, packet + begin, sizeof(response));
        if (response.id == notify->id)
                answer(notify, &response);
        else
                refuse(notify);
        return 0;
}

static int connect_proxy(SeccompNotify *notify)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *path = startswith(notify->address, "unix:");
        size_t n = path ? strlen(path) : 0;
        int r;

        if (notify->proxy >= 0)
                return 0;
        if (n == 0 || n >= sizeof(address.sun_path))
                return -EINVAL;
        memcpy(address.sun_path, path, n);
        if (path[0] == '@')
                address.sun_path[0] = '\0';
        notify->proxy = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (notify->proxy < 0)
                return -errno;
        r = connect(notify->proxy, (struct sockaddr *) &address,
                    (socklen_t) (offsetof(struct sockaddr_un, sun_path) + n +
                                 (path[0] == '@' ? 0 : 1))) < 0
                    ? -errno
                    : loop_add_fd(notify->loop, notify->proxy, EPOLLIN, on_answer, notify,
                                  &notify->on_proxy);
        if (r < 0)
                disconnect(notify);
        return r;
}

/* By then the process may be another one: asked for after both are open. */
static int open_process(const SeccompNotify *notify, pid_t pid, int ret[static 2])
{
        _cleanup_(fd_close_p) int proc_fd = -EBADF, mem_fd = -EBADF;
        char path[32];
        uint64_t id = notify->id;

        (void) snprintf(path, sizeof(path), "/proc/%d", pid);
        proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0)
                return -errno;
        mem_fd = openat(proc_fd, "mem", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (mem_fd < 0 || ioctl(notify->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
                return -errno;
        ret[0] = TAKE_FD(proc_fd);
        ret[1] = TAKE_FD(mem_fd);
        return 0;
}

static int send_request(SeccompNotify *notify, void *request, const int fds[static 3])
{
        char response[STRUCTURE_MAX] = { 0 };
        ProxyHeader header = {
                .monitor = getpid(),
                .init = notify->init,
                .sizes = notify->sizes,
                .cookie_size = notify->cookie ? strlen(notify->cookie) : 0,
        };
        struct iovec parts[] = {
                { &header, sizeof(header) },
                { request, notify->sizes.seccomp_notif },
                { response, notify->sizes.seccomp_notif_resp },
                { notify->cookie, header.cookie_size },
        };
        union {
                struct cmsghdr header;
                char data[CMSG_SPACE(3 * sizeof(int))];
        } control = { 0 };
        struct msghdr message = {
                .msg_iov = parts,
                .msg_iovlen = header.cookie_size > 0 ? 4 : 3,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(3 * sizeof(int));
        memcpy(CMSG_DATA(rights), fds, 3 * sizeof(int));
        return sendmsg(notify->proxy, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int forward(SeccompNotify *notify, struct seccomp_notif *request)
{
        int fds[3] = { -EBADF, -EBADF, notify->listener };
        int r = connect_proxy(notify);

        if (r == 0)
                r = open_process(notify, (pid_t) request->pid, fds);
        if (r == 0)
                r = send_request(notify, request, fds);
        (void) fd_close(fds[0]);
        (void) fd_close(fds[1]);
        return r;
}

static int on_request(Source *source, int fd, uint32_t events, void *userdata)
{
        SeccompNotify *notify = userdata;
        union {
                struct seccomp_notif notif;
                char whole[STRUCTURE_MAX];
        } request = { .whole = { 0 } };
        int r;

        /* Nobody has the filter any more. To receive would wait for ever. */
        if (!(events & EPOLLIN)) {
                notify->on_listener = source_free(notify->on_listener);
                return 0;
        }
        /* The process that asked may be gone. */
        if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
                return 0;
        notify->id = request.notif.id;
        (void) source_set_events(source, 0);
        r = forward(notify, &request.notif);
        if (r == 0)
                return 0;
        if (!notify->complained)
                log_event(LOG_WARNING, NULL,
                          "Cannot ask '%s' (lxc.seccomp.notify.proxy) about a system call, which "
                          "fails with ENOSYS: %s",
                          notify->address, strerror(-r));
        notify->complained = true;
        if (r != -ENOENT)
                disconnect(notify);
        refuse(notify);
        return 0;
}

int seccomp_notify_new(const SeccompNotifyOptions *options, SeccompNotify **ret)
{
        _cleanup_(seccomp_notify_free_p) SeccompNotify *notify = calloc(1, sizeof(*notify));
        int r;

        if (!notify) {
                (void) fd_close(options->listener);
                return -ENOMEM;
        }
        *notify = (SeccompNotify){
                .loop = options->loop,
                .listener = options->listener,
                .proxy = -EBADF,
                .init = options->init,
        };
        if (string_set(&notify->address, options->proxy) < 0 ||
            string_set(&notify->cookie, options->cookie) < 0)
                return -ENOMEM;
        if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &notify->sizes) < 0)
                return -errno;
        if (notify->sizes.seccomp_notif > STRUCTURE_MAX ||
            notify->sizes.seccomp_notif_resp > STRUCTURE_MAX)
                return -EMSGSIZE;
        r = loop_add_fd(notify->loop, notify->listener, EPOLLIN, on_request, notify,
                        &notify->on_listener);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(notify);
        return 0;
}

SeccompNotify *seccomp_notify_free(SeccompNotify *notify)
{
        if (!notify)
                return NULL;
        disconnect(notify);
        (void) source_free(notify->on_listener);
        (void) fd_close(notify->listener);
        free(notify->address);
        free(notify->cookie);
        free(notify);
        return NULL;
}
