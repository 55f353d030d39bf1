/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The varlink transport (varlink.org): JSON objects, each ended by a NUL byte, over a stream
 * socket, with file descriptors beside them as systemd passes them (SCM_RIGHTS; the JSON holds
 * indexes). Non-blocking, and bound to no event loop: whoever owns the loop asks which events are
 * wanted and calls in. */

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

#define VARLINK_FDS_MAX 16
#define VARLINK_MESSAGE_MAX (1024 * 1024)    /* what a client may send */
#define VARLINK_REPLY_MAX (16 * 1024 * 1024) /* what a server may answer */
#define VARLINK_QUEUE_MAX (4 * 1024 * 1024)  /* unsent bytes before a peer counts as gone */

typedef struct VarlinkStream VarlinkStream;

/* File descriptors that travel with a message, owned by the holder. */
typedef struct FdArray {
        int fds[VARLINK_FDS_MAX];
        size_t n;
} FdArray;

void fd_array_done(FdArray *array);

/* Takes the fd in either case; makes it non-blocking. max_message: larger ones are refused.
 * Return: 0, -errno. */
int varlink_stream_new(int fd, size_t max_message, VarlinkStream **ret);
VarlinkStream *varlink_stream_free(VarlinkStream *stream);
DEFINE_CLEANUP(VarlinkStream *, varlink_stream_free)

int varlink_stream_fd(const VarlinkStream *stream);

/* varlink_stream_read() - the next message, reading what is there.
 * Return: > 0 a message (the caller owns *ret and *ret_fds), 0 none yet, -ECONNRESET the peer
 * closed orderly between messages, -EPIPE it closed in the midst of one, -EBADMSG no JSON object,
 * -EMSGSIZE too large, -errno. After < 0 the stream is of no more use. */
int varlink_stream_read(VarlinkStream *stream, json_t **ret, FdArray *ret_fds, Error *reterr);

/* varlink_stream_write() - queue a message and send what can be sent now. The fds are taken (and
 * closed when sent) on success. Return: 0, -ENOBUFS the peer does not read (queue over
 * VARLINK_QUEUE_MAX; the message is not queued), -errno. */
int varlink_stream_write(VarlinkStream *stream, const json_t *message, FdArray *fds);

/* Return: 0 (all sent or the socket is full), -errno. */
int varlink_stream_flush(VarlinkStream *stream);

/* EPOLLIN, and EPOLLOUT while something is queued. */
uint32_t varlink_stream_events(const VarlinkStream *stream);
size_t varlink_stream_queued(const VarlinkStream *stream);

/* A whole message may already be in the buffer: no event will tell. */
bool varlink_stream_has_input(const VarlinkStream *stream);

/* For programs without a loop: wait (poll(2)) until readable or writable as wanted.
 * timeout_usec USEC_INFINITY: for ever. Return: 0, -ETIMEDOUT, -errno. */
int varlink_stream_wait(VarlinkStream *stream, uint64_t timeout_usec);
