/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Tells an event to all sinks (events.h). */

#include "container/events.h"

void emit_container_added(Container *container);
void emit_container_removed(Container *container);
void emit_state_changed(Container *container, State previous, State state);
void emit_exited(Container *container, int code, int signal);
void emit_container_changed(Container *container, unsigned properties);
void emit_job_added(Job *job);
void emit_job_changed(Job *job);
void emit_job_text(Job *job, bool is_log, const char *text);
void emit_job_removed(Job *job, const char *result);
void emit_job_forgotten(Job *job);
