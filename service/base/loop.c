/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/loop.h"

#include <limits.h>
#include <stdbool.h>

#include "base/process.h"

#define EVENTS_MAX 16

struct Source {
        Loop *loop;
        Source *next;
        int fd; /* < 0: a timer */
        uint64_t at_usec;
        SourceHandler handler;
        void *userdata;
        bool freed;
};

/* Sources freed by a handler stay in the list, marked, until the round is over: epoll_wait() may
 * already have returned events that point at them. */
struct Loop {
        int epoll_fd;
        Source *sources;
        bool exiting;
        int exit_value;
};

int loop_new(Loop **ret)
{
        Loop *loop = calloc(1, sizeof(*loop));

        if (!loop)
                return -ENOMEM;
        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (loop->epoll_fd < 0) {
                free(loop);
                return -errno;
        }
        *ret = loop;
        return 0;
}

static void sweep(Loop *loop, bool all)
{
        Source **link = &loop->sources;

        while (*link) {
                Source *source = *link;

                if (!source->freed && !all) {
                        link = &source->next;
                        continue;
                }
                *link = source->next;
                free(source);
        }
}

Loop *loop_free(Loop *loop)
{
        if (!loop)
                return NULL;
        sweep(loop, true);
        (void) fd_close(loop->epoll_fd);
        free(loop);
        return NULL;
}

static int source_new(Loop *loop, int fd, SourceHandler handler, void *userdata, Source **ret)
{
        Source *source = calloc(1, sizeof(*source));

        if (!source)
                return -ENOMEM;
        *source = (Source){
                .loop = loop,
                .next = loop->sources,
                .fd = fd,
                .at_usec = USEC_INFINITY,
                .handler = handler,
                .userdata = userdata,
        };
        loop->sources = source;
        *ret = source;
        return 0;
}

int loop_add_fd(
        Loop *loop, int fd, uint32_t events, SourceHandler handler, void *userdata, Source **ret)
{
        struct epoll_event event = { .events = events };
        Source *source;
        int r;

        r = source_new(loop, fd, handler, userdata, &source);
        if (r < 0)
                return r;
        event.data.ptr = source;
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
                source->freed = true;
                source->fd = -1;
                return -errno;
        }
        *ret = source;
        return 0;
}

int loop_add_timer(
        Loop *loop, uint64_t at_usec, SourceHandler handler, void *userdata, Source **ret)
{
        int r = source_new(loop, -1, handler, userdata, ret);

        if (r == 0)
                (*ret)->at_usec = at_usec;
        return r;
}

void source_set_time(Source *source, uint64_t at_usec)
{
        source->at_usec = at_usec;
}

int source_set_events(Source *source, uint32_t events)
{
        struct epoll_event event = { .events = events, .data.ptr = source };

        return epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event) < 0 ? -errno
                                                                                        : 0;
}

Source *source_free(Source *source)
{
        if (!source || source->freed)
                return NULL;
        if (source->fd >= 0)
                (void) epoll_ctl(source->loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
        source->freed = true;
        return NULL;
}

static int wait_msec(const Loop *loop)
{
        uint64_t next = USEC_INFINITY, now;

        for (const Source *s = loop->sources; s; s = s->next)
                if (!s->freed && s->at_usec < next)
                        next = s->at_usec;
        if (next == USEC_INFINITY)
                return -1;
        now = now_usec();
        if (next <= now)
                return 0;
        /* Rounded up: waking early would spin. */
        next = (next - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
        return next > INT_MAX ? INT_MAX : (int) next;
}

static int run_timers(Loop *loop)
{
        uint64_t now = now_usec();

        for (Source *s = loop->sources; s; s = s->next) {
                int r;

                if (s->freed || s->at_usec > now)
                        continue;
                s->at_usec = USEC_INFINITY;
                r = s->handler(s, -1, 0, s->userdata);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int run_once(Loop *loop)
{
        struct epoll_event events[EVENTS_MAX];
        int n, r;

        n = epoll_wait(loop->epoll_fd, events, EVENTS_MAX, wait_msec(loop));
        if (n < 0)
                return errno == EINTR ? 0 : -errno;
        for (int i = 0; i < n; i++) {
                Source *s = events[i].data.ptr;

                if (s->freed)
                        continue;
                r = s->handler(s, s->fd, events[i].events, s->userdata);
                if (r < 0)
                        return r;
        }
        r = run_timers(loop);
        sweep(loop, false);
        return r;
}

int loop_run(Loop *loop)
{
        while (!loop->exiting) {
                int r = run_once(loop);

                if (r < 0)
                        return r;
        }
        return loop->exit_value;
}

void loop_exit(Loop *loop, int value)
{
        loop->exiting = true;
        loop->exit_value = value;
}
