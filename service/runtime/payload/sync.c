/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/payload/sync.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

typedef struct Header {
        uint32_t type;
        int32_t errnum, code, value;
        uint32_t sizes[SYNC_TEXTS];
} Header;

typedef union Control {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * SYNC_FDS_MAX)];
} Control;

static void put_fds(struct msghdr *msg, Control *control, const SyncMessage *message)
{
        struct cmsghdr *cmsg;

        if (message->n_fds == 0)
                return;
        msg->msg_control = control;
        msg->msg_controllen = CMSG_SPACE(sizeof(int) * message->n_fds);
        cmsg = &control->header;
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int) * message->n_fds);
        memcpy(CMSG_DATA(cmsg), message->fds, sizeof(int) * message->n_fds);
}

int sync_send(int fd, const SyncMessage *message)
{
        Header header = {
                .type = message->type,
                .errnum = message->errnum,
                .code = message->code,
                .value = message->value,
        };
        struct iovec iov[1 + SYNC_TEXTS] = { { &header, sizeof(header) } };
        struct msghdr msg = { .msg_iov = iov, .msg_iovlen = ELEMENTS(iov) };
        Control control;

        for (size_t i = 0; i < SYNC_TEXTS; i++) {
                const char *text = message->text[i] ? message->text[i] : "";

                header.sizes[i] = (uint32_t) strnlen(text, SYNC_TEXT_MAX - 1);
                iov[1 + i] = (struct iovec){ (void *) (uintptr_t) text, header.sizes[i] };
        }
        put_fds(&msg, &control, message);
        while (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
                if (errno != EINTR)
                        return -errno;
        return 0;
}

static void take_fds(struct msghdr *msg, SyncMessage *message)
{
        for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
                if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
                        continue;
                message->n_fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                memcpy(message->fds, CMSG_DATA(cmsg), message->n_fds * sizeof(int));
                return;
        }
}

/* Cuts the texts apart, each with its NUL. */
static int take_texts(const Header *header, const char *data, size_t size, SyncMessage *message)
{
        char *p = message->buffer;

        for (size_t i = 0; i < SYNC_TEXTS; i++) {
                size_t n = header->sizes[i];

                if (n >= SYNC_TEXT_MAX || n > size)
                        return -EBADMSG;
                memcpy(p, data, n);
                p[n] = '\0';
                message->text[i] = n > 0 ? p : NULL;
                p += n + 1;
                data += n;
                size -= n;
        }
        return size == 0 ? 0 : -EBADMSG;
}

int sync_receive(int fd, SyncMessage *ret)
{
        char data[SYNC_TEXTS * SYNC_TEXT_MAX];
        Header header;
        Control control;
        struct iovec iov[] = { { &header, sizeof(header) }, { data, sizeof(data) } };
        struct msghdr msg = {
                .msg_iov = iov,
                .msg_iovlen = ELEMENTS(iov),
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        unsigned reset = 0;
        ssize_t n;
        int r;

        /* A peer that ended with something unread resets the connection. That is told first, once,
         * and what it had sent is still to be read. */
        do
                n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
        while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset++)));
        if (n < 0)
                return errno == ECONNRESET ? 0 : -errno;
        if (n == 0)
                return 0;
        ret->n_fds = 0;
        take_fds(&msg, ret);
        r = (size_t) n < sizeof(header) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ||
                            header.type >= _SYNC_TYPE_MAX
                    ? -EBADMSG
                    : take_texts(&header, data, (size_t) n - sizeof(header), ret);
        if (r < 0) {
                for (size_t i = 0; i < ret->n_fds; i++)
                        (void) fd_close(ret->fds[i]);
                return r;
        }
        ret->type = header.type;
        ret->errnum = header.errnum;
        ret->code = header.code;
        ret->value = header.value;
        return 1;
}

int sync_send_error(int fd, const Error *error)
{
        SyncMessage message = {
                .type = SYNC_ERROR,
                .errnum = error->errnum,
                .code = error->code,
                .text = { error->stage, error->object, error_message(error) },
        };

        return sync_send(fd, &message);
}

int sync_take_error(const SyncMessage *message, Error *reterr)
{
        int errnum = message->errnum > 0 ? message->errnum : EIO;
        int r = error_code(reterr, message->code, errnum, "%s",
                           message->text[2] ? message->text[2] : "Init's setup failed");

        return error_at(reterr, r, message->text[0], message->text[1]);
}
