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
/* Small messages without fds that wait to be sent share a buffer of at most that size. */
#define SHARED_OUTPUT_MAX 65536
/* Nothing is received while a whole message is here, so there are fds of two at most: of the one
 * whose rest comes, and of the next. */
#define BATCHES_MAX 2

/* Received fds and the stream offset of the message they came with. */
typedef struct Batch {
        uint64_t offset;
        FdArray fds;
} Batch;

typedef struct Output {
        struct Output *next;
        char *data;
        size_t size, room;
        size_t sent;
        FdArray fds;
} Output;

struct VarlinkStream {
        int fd;
        size_t max_message;
        char *input;
        size_t start;      /* of the next message in `input` */
        size_t size, room; /* bytes held from input[0], bytes allocated */
        size_t scanned;    /* no NUL between `start` and this index */
        uint64_t offset;   /* stream offset of input[start] */
        bool at_end;
        Batch batches[BATCHES_MAX];
        size_t n_batches;
        Output *outputs, *last_output;
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
        *ret = stream;
        return 0;
}

static void output_drop_first(VarlinkStream *stream)
{
        Output *output = stream->outputs;

        stream->queued -= output->size - output->sent;
        stream->outputs = output->next;
        if (!stream->outputs)
                stream->last_output = NULL;
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

/* What was handed out is given back here, once for all messages of a read: not with each message. */
static void compact(VarlinkStream *stream)
{
        if (stream->start == 0)
                return;
        stream->size -= stream->start;
        stream->scanned -= stream->start;
        memmove(stream->input, stream->input + stream->start, stream->size);
        stream->start = 0;
}

/* A large message's buffer must not stay with a connection that is idle or waits for long. */
static void shrink(VarlinkStream *stream)
{
        if (stream->start < stream->size || stream->room <= READ_CHUNK)
                return;
        free(stream->input);
        stream->input = NULL;
        stream->start = stream->size = stream->room = stream->scanned = 0;
}

static int make_room(VarlinkStream *stream)
{
        size_t room = stream->room ? stream->room * 2 : READ_CHUNK;
        char *grown;

        compact(stream);
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

/* The batch of the message at that offset, which may come in pieces, each with fds. */
static Batch *find_batch(VarlinkStream *stream, uint64_t offset)
{
        Batch *last = stream->n_batches > 0 ? &stream->batches[stream->n_batches - 1] : NULL;

        if (last && last->offset == offset)
                return last;
        if (stream->n_batches == BATCHES_MAX)
                return NULL;
        last = &stream->batches[stream->n_batches++];
        *last = (Batch){ .offset = offset };
        return last;
}

static int keep_batch(VarlinkStream *stream, FdArray *fds)
{
        size_t start = stream->start;
        Batch *batch;

        if (fds->n == 0)
                return 0;
        /* A message starts after a NUL; the NUL at the very end only ends one. */
        for (size_t i = start; i + 1 < stream->size; i++)
                if (stream->input[i] == '\0')
                        start = i + 1;
        batch = find_batch(stream, stream->offset + (start - stream->start));
        if (!batch || batch->fds.n + fds->n > VARLINK_FDS_MAX) {
                fd_array_done(fds);
                return -EMSGSIZE;
        }
        memcpy(batch->fds.fds + batch->fds.n, fds->fds, fds->n * sizeof(int));
        batch->fds.n += fds->n;
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
        const char *text = stream->input + stream->start;
        size_t size = (size_t) (end - text);
        json_error_t problem;
        FdArray fds;
        json_t *message;

        take_batch(stream, &fds);
        message = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);
        stream->offset += size + 1;
        stream->start += size + 1;
        stream->scanned = stream->start;
        shrink(stream);
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

static int closed(const VarlinkStream *stream, Error *reterr)
{
        bool midst = stream->size > stream->start;

        return error_code(reterr, 0, midst ? EPIPE : ECONNRESET, "The peer closed the connection%s",
                          midst ? " in the midst of a message" : "");
}

int varlink_stream_read(VarlinkStream *stream, json_t **ret, FdArray *ret_fds, Error *reterr)
{
        for (;;) {
                char *end = find_end(stream);
                int r;

                if (end)
                        return decode(stream, end, ret, ret_fds, reterr);
                if (stream->size - stream->start > stream->max_message)
                        return error_code(reterr, ERROR_LIMITS_EXCEEDED, EMSGSIZE,
                                          "A message has more than %zu bytes", stream->max_message);
                if (stream->at_end)
                        return closed(stream, reterr);
                r = receive(stream);
                if (r == -EMSGSIZE)
                        return error_code(reterr, ERROR_LIMITS_EXCEEDED, EMSGSIZE,
                                          "A message brings more than %d file descriptors",
                                          VARLINK_FDS_MAX);
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

/* Takes the text. */
static int output_add(VarlinkStream *stream, char **text, size_t size, FdArray *fds)
{
        Output *output = calloc(1, sizeof(*output));

        if (!output)
                return -ENOMEM;
        output->data = TAKE_PTR(*text);
        output->size = output->room = size;
        if (fds) {
                output->fds = *fds;
                fds->n = 0;
        }
        if (stream->last_output)
                stream->last_output->next = output;
        else
                stream->outputs = output;
        stream->last_output = output;
        return 0;
}

/* Fds go with the first byte of a message: one that has some stands alone. */
static bool can_share(const Output *output, size_t size, const FdArray *fds)
{
        return output && output->fds.n == 0 && (!fds || fds->n == 0) &&
               output->size + size <= SHARED_OUTPUT_MAX;
}

/* A peer that reads slowly costs what it has not read, not an allocation for each event. */
static int output_append(Output *output, const char *text, size_t size)
{
        if (output->size + size > output->room) {
                size_t room = (output->size + size) * 2;
                char *grown = realloc(output->data, room);

                if (!grown)
                        return -ENOMEM;
                output->data = grown;
                output->room = room;
        }
        memcpy(output->data + output->size, text, size);
        output->size += size;
        return 0;
}

int varlink_stream_write(VarlinkStream *stream, const json_t *message, FdArray *fds)
{
        _cleanup_(free_p) char *text = json_dumps(message, JSON_COMPACT);
        size_t size;
        int r;

        if (!text)
                return -ENOMEM;
        size = strlen(text) + 1;
        if (stream->queued > 0 && stream->queued + size > VARLINK_QUEUE_MAX)
                return -ENOBUFS;
        if (can_share(stream->last_output, size, fds))
                r = output_append(stream->last_output, text, size);
        else
                r = output_add(stream, &text, size, fds);
        if (r < 0)
                return r;
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
        size_t size = stream->size - stream->start;

        return size > 0 && memchr(stream->input + stream->start, '\0', size) != NULL;
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
