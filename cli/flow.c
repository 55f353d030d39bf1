/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Two things are not as one would like them. Standard input and output are shared with other
 * processes, so O_NONBLOCK must not be set on them: they are read when epoll says so, and written
 * to blockingly. And epoll refuses regular files (they are always ready): those are read by a timer
 * that is due at once. */

#include "cli/flow.h"

#include <fcntl.h>
#include <poll.h>

#include "base/process.h"

#define BUFFER_SIZE 16384
#define RETRY_USEC (200 * USEC_PER_MSEC)
#define END_OF_TRANSMISSION '\004'

struct Flow {
        Loop *loop;
        FlowSetup setup;
        int from, to;
        Source *in;    /* NULL while the buffer is full, and at the end */
        Source *out;   /* while the target is full */
        Source *timer; /* instead of `in` */
        bool ready;    /* the input is always ready */
        bool ended;
        size_t size, sent;
        char buffer[BUFFER_SIZE];
};

static int on_input(Source *source, int fd, uint32_t events, void *userdata);
static int on_timer(Source *source, int fd, uint32_t events, void *userdata);
static int on_output(Source *source, int fd, uint32_t events, void *userdata);

static int listen_input(Flow *flow)
{
        int r;

        if (flow->ended || flow->from < 0)
                return 0;
        if (flow->ready) {
                source_set_time(flow->timer, now_usec());
                return 0;
        }
        r = loop_add_fd(flow->loop, flow->from, EPOLLIN, on_input, flow, &flow->in);
        if (r == -EPERM) {
                flow->ready = true;
                source_set_time(flow->timer, now_usec());
                return 0;
        }
        return r;
}

int flow_new(Loop *loop, const FlowSetup *setup, Flow **ret)
{
        _cleanup_(flow_free_p) Flow *flow = calloc(1, sizeof(*flow));
        int r;

        if (!flow)
                return -ENOMEM;
        flow->loop = loop;
        flow->setup = *setup;
        /* Copies: one epoll takes a file descriptor only once. */
        flow->from = fcntl(setup->from, F_DUPFD_CLOEXEC, 3);
        flow->to = flow->from < 0 ? -EBADF : fcntl(setup->to, F_DUPFD_CLOEXEC, 3);
        if (flow->to < 0)
                return -errno;
        r = loop_add_timer(loop, USEC_INFINITY, on_timer, flow, &flow->timer);
        if (r >= 0)
                r = listen_input(flow);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(flow);
        return 0;
}

Flow *flow_free(Flow *flow)
{
        if (!flow)
                return NULL;
        (void) source_free(flow->in);
        (void) source_free(flow->out);
        (void) source_free(flow->timer);
        (void) fd_close(flow->from);
        (void) fd_close(flow->to);
        free(flow);
        return NULL;
}

/* Return: bytes, 0 at the end, -EAGAIN, -errno. */
static ssize_t read_some(Flow *flow)
{
        ssize_t n;

        do
                n = read(flow->from, flow->buffer, sizeof(flow->buffer));
        while (n < 0 && errno == EINTR);
        return n < 0 ? -errno : n;
}

static void wait_for_target(Flow *flow)
{
        struct pollfd pollfd = { .fd = flow->to, .events = POLLOUT };

        (void) poll(&pollfd, 1, -1);
}

/* Return: 0 all written, -EAGAIN, -errno. */
static int write_buffer(Flow *flow)
{
        while (flow->sent < flow->size) {
                ssize_t n = write(flow->to, flow->buffer + flow->sent, flow->size - flow->sent);

                if (n >= 0)
                        flow->sent += (size_t) n;
                else if (errno == EAGAIN && !flow->setup.to_is_own)
                        /* Somebody else made it non-blocking. */
                        wait_for_target(flow);
                else if (errno != EINTR)
                        return -errno;
        }
        return 0;
}

static int finish(Flow *flow)
{
        static const char eot = END_OF_TRANSMISSION;

        flow->ended = true;
        flow->in = source_free(flow->in);
        if (flow->setup.end == FLOW_EOT)
                (void) !write(flow->to, &eot, 1);
        if (flow->setup.end == FLOW_CLOSE)
                flow->to = fd_close(flow->to);
        return flow->setup.ended ? flow->setup.ended(flow, flow->setup.userdata) : 0;
}

/* The buffer is full: write it, and see whom to wait for. */
static int push(Flow *flow)
{
        int r = write_buffer(flow);

        if (r == -EAGAIN) {
                flow->in = source_free(flow->in);
                if (flow->out)
                        return 0;
                return loop_add_fd(flow->loop, flow->to, EPOLLOUT, on_output, flow, &flow->out);
        }
        flow->out = source_free(flow->out);
        flow->size = flow->sent = 0;
        if (r < 0)
                /* Nobody is there to read it: as if the input had ended. */
                return finish(flow);
        if (!flow->in || flow->ready)
                return listen_input(flow);
        return 0;
}

static int pull(Flow *flow)
{
        ssize_t n = read_some(flow);
        int r;

        if (n == -EAGAIN)
                return 0;
        if (n == -EIO && flow->setup.from_terminal) {
                flow->in = source_free(flow->in);
                source_set_time(flow->timer, now_usec() + RETRY_USEC);
                return 0;
        }
        if (n <= 0)
                return finish(flow);
        flow->size = (size_t) n;
        flow->sent = 0;
        if (flow->setup.filter) {
                r = flow->setup.filter(flow->buffer, &flow->size, flow->setup.userdata);
                if (r < 0)
                        return r;
        }
        return push(flow);
}

static int on_input(Source *source, int fd, uint32_t events, void *userdata)
{
        return pull(userdata);
}

static int on_timer(Source *source, int fd, uint32_t events, void *userdata)
{
        Flow *flow = userdata;

        return flow->ready ? pull(flow) : listen_input(flow);
}

static int on_output(Source *source, int fd, uint32_t events, void *userdata)
{
        return push(userdata);
}

void flow_drain(Flow *flow)
{
        while (!flow->ended) {
                ssize_t n;

                if (flow->sent == flow->size) {
                        n = read_some(flow);
                        if (n <= 0)
                                return;
                        flow->size = (size_t) n;
                        flow->sent = 0;
                }
                n = write_buffer(flow);
                if (n < 0 && n != -EAGAIN)
                        return;
                if (n == -EAGAIN)
                        wait_for_target(flow);
        }
}
