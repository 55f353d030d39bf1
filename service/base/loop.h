/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A small event loop over epoll, for the processes that must not pay for libsystemd: the
 * supervisor, the job runner, the client. nagayad uses sd-event. */

#include <stdint.h>
#include <sys/epoll.h>

#include "base/cleanup.h"

typedef struct Loop Loop;
typedef struct Source Source;

/* `events` are EPOLL*; 0 for a timer. A handler may free any source, its own too. Return: < 0 ends
 * the loop with that value. */
typedef int (*SourceHandler)(Source *source, int fd, uint32_t events, void *userdata);

int loop_new(Loop **ret);
Loop *loop_free(Loop *loop);
DEFINE_CLEANUP(Loop *, loop_free)

/* The fd stays the caller's, and must stay open until the source is freed. Return: 0, -errno. */
int loop_add_fd(
        Loop *loop, int fd, uint32_t events, SourceHandler handler, void *userdata, Source **ret);

/* A one-shot timer at a monotonic time in usec (now_usec()); USEC_INFINITY: not armed. */
int loop_add_timer(
        Loop *loop, uint64_t at_usec, SourceHandler handler, void *userdata, Source **ret);
void source_set_time(Source *source, uint64_t at_usec);

/* Return: 0, -errno. 0 events: the source sleeps. */
int source_set_events(Source *source, uint32_t events);

/* NULL in, NULL out. */
Source *source_free(Source *source);
DEFINE_CLEANUP(Source *, source_free)

/* Runs until loop_exit(). Return: the exit value, or a handler's negative. */
int loop_run(Loop *loop);
void loop_exit(Loop *loop, int value);
