/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The service's side of a nagaya-run: follows its states, and calls it. Each state of a run is told to
 * the world once, in order, however late the service comes to hear of it (run and sequence of the
 * container remember what was told). */

#include "container/container.h"
#include "container/link.h"

/* supervisor_follow() - connect and subscribe. `adopting`: the service has just started; what
 * happened before is no news, the present state is taken silently.
 * Return: 0, -errno (nobody listens any more). */
int supervisor_follow(Container *container, bool adopting, Error *reterr);

/* supervisor_vanished() - the control socket is gone: what the run left in its record is told, and
 * what it did not tell any more is completed by the life cycle. */
void supervisor_vanished(Container *container);

/* supervisor_await_adoption() - at the service's start: wait for the snapshot, until `until_usec`
 * (now_usec()) at the latest. */
void supervisor_await_adoption(Container *container, uint64_t until_usec);

/* supervisor_adopt_record() - for a container that the service comes to know: its last run, or that
 * of an older container of this name, is no news. */
void supervisor_adopt_record(Container *container);

/* supervisor_tell_record() - a start ended badly and nobody is followed: hear what the record says. */
void supervisor_tell_record(Container *container);

/* Hear what is already there (link_drain()). */
void supervisor_catch_up(Container *container);

Supervisor *supervisor_free(Supervisor *supervisor);

/* supervisor_call() - a method of org.nagaya1.Supervisor; as link_call(). Nobody there:
 * ERROR_CONTAINER_NOT_RUNNING. */
int supervisor_call(Container *container,
                    const char *member,
                    json_t *parameters,
                    FdArray *fds,
                    LinkReply on_reply,
                    void *userdata,
                    Link **ret,
                    Error *reterr);
