/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One varlink call to a process of ours (a supervisor, the job runner), on a connection of its own,
 * without waiting. */

#include <systemd/sd-event.h>

#include "interfaces/varlink-message.h"
#include "interfaces/varlink-stream.h"

typedef struct Link Link;

/* Told for each reply; the last one (continues false, or an error) ends the link, which must then be
 * freed by link_free() (from within, too). Everything is borrowed, but fds may be taken.
 * -ECONNRESET: the other side closed before its last reply. */
typedef void (*LinkReply)(
        void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error);

/* `parameters` and `fds` (may be NULL) are taken in either case. The answer never comes before the
 * return, but for link_drain(). Return: 0, -errno (-ENOENT, -ECONNREFUSED: nobody listens). */
int link_call(sd_event *event,
              const char *path,
              const char *method,
              json_t *parameters,
              bool more,
              FdArray *fds,
              LinkReply on_reply,
              void *userdata,
              Link **ret,
              Error *reterr);

/* link_limit() - told -ETIMEDOUT (ERROR_TIMED_OUT) when the last reply is not there by then: the other
 * side may be stopped by a signal, and somebody waits. A second limit replaces the first. */
int link_limit(Link *link, uint64_t timeout_usec, Error *reterr);

Link *link_free(Link *link);
DEFINE_CLEANUP(Link *, link_free)

/* link_drain() - take what has already arrived, now: the other side tells of a change on one
 * connection before it replies on another. May free the link by way of its handler. */
void link_drain(Link *link);

/* link_wait() - at the service's start only: wait for something to arrive. Return: 0, -ETIMEDOUT. */
int link_wait(Link *link, uint64_t timeout_usec);
