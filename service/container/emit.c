/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/emit.h"

#include "container/manager.h"

#define EMIT(manager, member, ...)                                                                 \
        for (size_t i = 0; i < (manager)->n_sinks; i++)                                            \
                if ((manager)->sinks[i].sink->member)                                              \
        (manager)->sinks[i].sink->member((manager)->sinks[i].userdata, __VA_ARGS__)

void emit_container_added(Container *container)
{
        EMIT(container->manager, container_added, container);
}

void emit_container_removed(Container *container)
{
        EMIT(container->manager, container_removed, container);
}

void emit_state_changed(Container *container, State previous, State state)
{
        EMIT(container->manager, state_changed, container, previous, state);
}

void emit_exited(Container *container, int code, int signal)
{
        EMIT(container->manager, exited, container, code, signal);
}

void emit_container_changed(Container *container, unsigned properties)
{
        EMIT(container->manager, container_changed, container, properties);
}

void emit_job_added(Job *job)
{
        EMIT(job->manager, job_added, job);
}

void emit_job_changed(Job *job)
{
        EMIT(job->manager, job_changed, job);
}

void emit_job_text(Job *job, bool is_log, const char *text)
{
        EMIT(job->manager, job_text, job, is_log, text);
}

void emit_job_removed(Job *job, const char *result)
{
        EMIT(job->manager, job_removed, job, result);
}

void emit_job_forgotten(Job *job)
{
        EMIT(job->manager, job_forgotten, job);
}
