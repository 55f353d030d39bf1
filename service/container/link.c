/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/link.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/path.h"
#include "base/process.h"
#include "interfaces/errors.h"

struct Link {
        VarlinkStream *stream;
        sd_event_source *source;
        sd_event_source *timer; /* of the limit */
        uint64_t limit_usec;
        LinkReply on_reply;
        void *userdata;
        bool *freed; /* set by link_free() while the link is on the stack */
};

/* A container's id may be longer than a socket address takes: then the socket is opened, and the
 * address is that of its fd. */
static int fill_address(const char *path, struct sockaddr_un *ret, int *ret_socket_fd)
{
        *ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (strlen(path) < sizeof(ret->sun_path)) {
                (void) strcpy(ret->sun_path, path);
                return 0;
        }
        *ret_socket_fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (*ret_socket_fd < 0)
                return -errno;
        (void) strcpy(ret->sun_path, fd_path(*ret_socket_fd).text);
        return 0;
}

static int connect_to(const char *path, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF, socket_fd = -EBADF;
        struct sockaddr_un address;
        int r;

        r = fill_address(path, &address, &socket_fd);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot connect to '%s'", path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        /* Does not wait: EAGAIN when the backlog is full, unix(7). */
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return error_errno(reterr, errno, "Cannot connect to '%s'", path);
        return TAKE_FD(fd);
}

/* Return: false when the handler freed the link. */
static bool tell(Link *link, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        bool freed = false, *outer = link->freed;

        link->freed = &freed;
        link->on_reply(link->userdata, parameters, fds, continues, error);
        if (freed) {
                if (outer)
                        *outer = true;
                return false;
        }
        link->freed = outer;
        return true;
}

static bool handle_message(Link *link, json_t *message, FdArray *fds)
{
        VarlinkReply reply = { 0 };
        Error error = ERROR_NULL;
        bool alive;

        if (varlink_reply_parse(message, &reply, &error) == 0 && reply.error)
                (void) varlink_error_to(&reply, &error);
        alive = tell(link, reply.parameters, fds, reply.continues && !error_is_set(&error),
                     error_is_set(&error) ? &error : NULL);
        varlink_reply_done(&reply);
        error_done(&error);
        return alive;
}

void link_drain(Link *link)
{
        for (;;) {
                _cleanup_(json_decref_p) json_t *message = NULL;
                Error error = ERROR_NULL;
                FdArray fds = { .n = 0 };
                bool alive;
                int r;

                r = varlink_stream_read(link->stream, &message, &fds, &error);
                if (r == 0)
                        return;
                if (r < 0) {
                        error.errnum = ECONNRESET;
                        (void) tell(link, NULL, NULL, false, &error);
                        error_done(&error);
                        return;
                }
                alive = handle_message(link, message, &fds);
                fd_array_done(&fds);
                if (!alive)
                        return;
        }
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Link *link = userdata;

        if (events & EPOLLOUT) {
                (void) varlink_stream_flush(link->stream);
                (void) sd_event_source_set_io_events(source, varlink_stream_events(link->stream));
        }
        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                link_drain(link);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        Link *link = userdata;
        Error error = ERROR_NULL;

        (void) error_public(&error, ERROR_TIMED_OUT,
                            "The process that has to do it did not answer within %" PRIu64
                            " s; is it stopped by a signal?",
                            link->limit_usec / USEC_PER_SEC);
        (void) tell(link, NULL, NULL, false, &error);
        error_done(&error);
        return 0;
}

int link_limit(Link *link, uint64_t timeout_usec, Error *reterr)
{
        sd_event *event = sd_event_source_get_event(link->source);
        int r;

        link->timer = sd_event_source_disable_unref(link->timer);
        link->limit_usec = timeout_usec;
        r = sd_event_add_time_relative(event, &link->timer, CLOCK_MONOTONIC, timeout_usec, 0,
                                       on_timeout, link);
        return r < 0 ? error_errno(reterr, -r, "Cannot set a timer") : 0;
}

int link_call(sd_event *event,
              const char *path,
              const char *method,
              json_t *parameters,
              bool more,
              FdArray *fds,
              LinkReply on_reply,
              void *userdata,
              Link **ret,
              Error *reterr)
{
        _cleanup_(json_decref_p) json_t *message = varlink_call_new(method, parameters, more);
        FdArray taken = fds ? *fds : (FdArray){ .n = 0 };
        _cleanup_(link_free_p) Link *link = NULL;
        int fd, r;

        if (fds)
                fds->n = 0;
        link = calloc(1, sizeof(*link));
        fd = link && message ? connect_to(path, reterr) : error_oom(reterr);
        if (fd < 0) {
                fd_array_done(&taken);
                return fd;
        }
        link->on_reply = on_reply;
        link->userdata = userdata;
        r = varlink_stream_new(fd, VARLINK_REPLY_MAX, &link->stream);
        if (r == 0)
                r = varlink_stream_write(link->stream, message, &taken);
        fd_array_done(&taken);
        if (r == 0)
                r = sd_event_add_io(event, &link->source, varlink_stream_fd(link->stream),
                                    varlink_stream_events(link->stream), on_io, link);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot call '%s' on '%s'", method, path);
        *ret = TAKE_PTR(link);
        return 0;
}

Link *link_free(Link *link)
{
        if (!link)
                return NULL;
        if (link->freed)
                *link->freed = true;
        (void) sd_event_source_disable_unref(link->source);
        (void) sd_event_source_disable_unref(link->timer);
        (void) varlink_stream_free(link->stream);
        free(link);
        return NULL;
}

int link_wait(Link *link, uint64_t timeout_usec)
{
        return varlink_stream_wait(link->stream, timeout_usec);
}
