/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which message do received fds belong to? The kernel ends a recvmsg(2) after the first packet
 * that carried fds (unix(7), SCM_RIGHTS), and a sender passes them with the first byte of their
 * message. So they belong to the last message that begins in what was just read. */

#include "interfaces/varlink-stream.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/process.h"
#include "interfaces/errors.h"

#define READ_CHUNK 8192
#define BATCHES_MAX 8

/* Received fds and the stream offset of the message they came with. */
typedef struct Batch {
        uint64_t offset;
        FdArray fds;
} Batch;

typedef struct Output {
        struct Output *next;
        char *data;
        size_t size;
        size_t sent;
        FdArray fds;
} Output;

struct VarlinkStream {
        int fd;
        size_t max_message;
        char *input;
        size_t size, room; /* bytes held, bytes allocated */
        size_t scanned;    /* no NUL before this index */
        uint64_t offset;   /* stream offset of input[0] */
        bool at_end;
        Batch batches[BATCHES_MAX];
        size_t n_batches;
        Output *outputs, **last_output;
        size_t queued;
};

void fd_array_done(FdArray *array)
{
        for (size_t i = 0; i < array->n; i++)
                (void) fd_close(array->fds[i]);
        array->n = 0;
}

int varlink_stream_new(int fd, size_t max_message, VarlinkStream **ret)
{
        _cleanup_(fd_close_p) int owned = fd;
        VarlinkStream *stream;
        int r;

        r = fd_set_nonblock(owned, true);
        if (r < 0)
                return r;
        stream = calloc(1, sizeof(*stream));
        if (!stream)
                return -ENOMEM;
        stream->fd = TAKE_FD(owned);
        stream->max_message = max_message;
        stream->last_output = &stream->outputs;
        *ret = stream;
        return 0;
}

static void output_drop_first(VarlinkStream *stream)
{
        Output *output = stream->outputs;

        stream->queued -= output->size - output->sent;
        stream->outputs = output->next;
        if (!stream->outputs)
                stream->last_output = &stream->outputs;
        fd_array_done(&output->fds);
        free(output->data);
        free(output);
}

VarlinkStream *varlink_stream_free(VarlinkStream *stream)
{
        if (!stream)
                return NULL;
        while (stream->outputs)
                output_drop_first(stream);
        for (size_t i = 0; i < stream->n_batches; i++)
                fd_array_done(&stream->batches[i].fds);
        (void) fd_close(stream->fd);
        free(stream->input);
        free(stream);
        return NULL;
}

int varlink_stream_fd(const VarlinkStream *stream)
{
        return stream->fd;
}

static int make_room(VarlinkStream *stream)
{
        size_t room = stream->room ? stream->room * 2 : READ_CHUNK;
        char *grown;

        if (stream->room - stream->size >= READ_CHUNK / 2)
                return 0;
        grown = realloc(stream->input, room);
        if (!grown)
                return -ENOMEM;
        stream->input = grown;
        stream->room = room;
        return 0;
}

static int take_rights(struct msghdr *header, FdArray *ret)
{
        bool overflow = header->msg_flags & MSG_CTRUNC;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                size_t n;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < n; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (ret->n < VARLINK_FDS_MAX)
                                ret->fds[ret->n++] = fd;
                        else {
                                (void) fd_close(fd);
                                overflow = true;
                        }
                }
        }
        return overflow ? -EMSGSIZE : 0;
}

static int keep_batch(VarlinkStream *stream, FdArray *fds)
{
        size_t start = 0;
        Batch *batch;

        if (fds->n == 0)
                return 0;
        if (stream->n_batches == BATCHES_MAX) {
                fd_array_done(fds);
                return -EMSGSIZE;
        }
        /* A message starts after a NUL; the NUL at the very end only ends one. */
        for (size_t i = 0; i + 1 < stream->size; i++)
                if (stream->input[i] == '\0')
                        start = i + 1;
        batch = &stream->batches[stream->n_batches++];
        *batch = (Batch){ .offset = stream->offset + start, .fds = *fds };
        fds->n = 0;
        return 0;
}

/* Return: > 0 bytes read, 0 nothing there, -errno. */
static int receive(VarlinkStream *stream)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * VARLINK_FDS_MAX)];
        } control;
        struct iovec iov;
        struct msghdr header = { .msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = &control,
                                 .msg_controllen = sizeof(control) };
        FdArray fds = { .n = 0 };
        ssize_t n;
        int r;

        r = make_room(stream);
        if (r < 0)
                return r;
        iov = (struct iovec){ stream->input + stream->size, stream->room - stream->size };
        n = recvmsg(stream->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        r = take_rights(&header, &fds);
        if (r < 0) {
                fd_array_done(&fds);
                return r;
        }
        if (n == 0) {
                fd_array_done(&fds);
                stream->at_end = true;
                return 0;
        }
        stream->size += (size_t) n;
        r = keep_batch(stream, &fds);
        return r < 0 ? r : (int) n;
}

static char *find_end(VarlinkStream *stream)
{
        char *end;

        if (stream->size == stream->scanned)
                return NULL;
        end = memchr(stream->input + stream->scanned, '\0', stream->size - stream->scanned);
        if (!end)
                stream->scanned = stream->size;
        return end;
}

static void take_batch(VarlinkStream *stream, FdArray *ret)
{
        ret->n = 0;
        if (stream->n_batches == 0 || stream->batches[0].offset != stream->offset)
                return;
        *ret = stream->batches[0].fds;
        stream->n_batches--;
        memmove(stream->batches, stream->batches + 1, stream->n_batches * sizeof(Batch));
}

static int
decode(VarlinkStream *stream, const char *end, json_t **ret, FdArray *ret_fds, Error *reterr)
{
        size_t size = (size_t) (end - stream->input);
        json_error_t problem;
        FdArray fds;
        json_t *message;

        take_batch(stream, &fds);
        message = json_loadb(stream->input, size, JSON_REJECT_DUPLICATES, &problem);
        stream->offset += size + 1;
        stream->size -= size + 1;
        stream->scanned = 0;
        memmove(stream->input, end + 1, stream->size);
        if (!json_is_object(message)) {
                const char *reason = message ? "it is of another type" : problem.text;
                int r = error_code(reterr, ERROR_INVALID_ARGS, EBADMSG,
                                   "A message is not a JSON object: %s", reason);

                json_decref(message);
                fd_array_done(&fds);
                return r;
        }
        *ret = message;
        if (ret_fds)
                *ret_fds = fds;
        else
                fd_array_done(&fds);
        return 1;
}

int varlink_stream_read(VarlinkStream *stream, json_t **ret, FdArray *ret_fds, Error *reterr)
{
        for (;;) {
                char *end = find_end(stream);
                int r;

                if (end)
                        return decode(stream, end, ret, ret_fds, reterr);
                if (stream->size > stream->max_message)
                        return error_code(reterr, ERROR_LIMITS_EXCEEDED, EMSGSIZE,
                                          "A message has more than %zu bytes", stream->max_message);
                if (stream->at_end)
                        return error_code(reterr, 0, stream->size ? EPIPE : ECONNRESET,
                                          "The peer closed the connection%s",
                                          stream->size ? " in the midst of a message" : "");
                r = receive(stream);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot read a message");
                if (r == 0 && !stream->at_end)
                        return 0;
        }
}

/* `control` has room for VARLINK_FDS_MAX. */
static void put_rights(struct msghdr *header, struct cmsghdr *control, const FdArray *fds)
{
        size_t size = sizeof(int) * fds->n;

        *control = (struct cmsghdr){
                .cmsg_len = CMSG_LEN(size),
                .cmsg_level = SOL_SOCKET,
                .cmsg_type = SCM_RIGHTS,
        };
        memcpy(CMSG_DATA(control), fds->fds, size);
        header->msg_control = control;
        header->msg_controllen = CMSG_SPACE(size);
}

static int send_output(VarlinkStream *stream, Output *output)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * VARLINK_FDS_MAX)];
        } control;
        struct iovec iov = { output->data + output->sent, output->size - output->sent };
        struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
        ssize_t n;

        if (output->fds.n > 0)
                put_rights(&header, &control.header, &output->fds);
        n = sendmsg(stream->fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        fd_array_done(&output->fds);
        output->sent += (size_t) n;
        stream->queued -= (size_t) n;
        return 0;
}

int varlink_stream_flush(VarlinkStream *stream)
{
        while (stream->outputs) {
                Output *output = stream->outputs;
                int r = send_output(stream, output);

                if (r == -EAGAIN)
                        return 0;
                if (r < 0)
                        return r;
                if (output->sent == output->size)
                        output_drop_first(stream);
        }
        return 0;
}

int varlink_stream_write(VarlinkStream *stream, const json_t *message, FdArray *fds)
{
        _cleanup_(free_p) char *data = NULL;
        Output *output;
        size_t size;

        data = json_dumps(message, JSON_COMPACT);
        if (!data)
                return -ENOMEM;
        size = strlen(data) + 1;
        if (stream->queued > 0 && stream->queued + size > VARLINK_QUEUE_MAX)
                return -ENOBUFS;
        output = calloc(1, sizeof(*output));
        if (!output)
                return -ENOMEM;
        output->data = TAKE_PTR(data);
        output->size = size;
        if (fds) {
                output->fds = *fds;
                fds->n = 0;
        }
        *stream->last_output = output;
        stream->last_output = &output->next;
        stream->queued += size;
        return varlink_stream_flush(stream);
}

uint32_t varlink_stream_events(const VarlinkStream *stream)
{
        return EPOLLIN | (stream->outputs ? (uint32_t) EPOLLOUT : 0);
}

size_t varlink_stream_queued(const VarlinkStream *stream)
{
        return stream->queued;
}

bool varlink_stream_has_input(const VarlinkStream *stream)
{
        return stream->size > 0 && memchr(stream->input, '\0', stream->size) != NULL;
}

int varlink_stream_wait(VarlinkStream *stream, uint64_t timeout_usec)
{
        struct pollfd pollfd = { .fd = stream->fd, .events = POLLIN };
        int n, msec = -1;

        if (stream->outputs)
                pollfd.events |= POLLOUT;
        if (timeout_usec != USEC_INFINITY)
                msec = timeout_usec / USEC_PER_MSEC >= INT_MAX
                               ? INT_MAX
                               : (int) ((timeout_usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
        n = poll(&pollfd, 1, msec);
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -ETIMEDOUT;
        return pollfd.revents & POLLOUT ? varlink_stream_flush(stream) : 0;
}
