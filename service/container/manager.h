/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Owns the containers, the jobs and what they need of the outside (ports). */

#include <systemd/sd-event.h>

#include "config/system-config.h"
#include "container/authority.h"
#include "container/events.h"
#include "container/units.h"

#define SINKS_MAX 4

struct Manager {
        sd_event *event;
        SystemConfig *system_config;
        char *container_path; /* lxc.lxcpath */

        struct Registry *registry; /* container/registry.h */
        struct JobRegistry *jobs;  /* container/jobs.h */

        Authority authority;
        Units units;
        struct {
                const EventSink *sink;
                void *userdata;
        } sinks[SINKS_MAX];
        size_t n_sinks;

        struct Watch *watch;     /* container/watch.h */
        struct Monitor *monitor; /* container/monitor.h */

        /* Calls in flight per uid, container/dispatch.c. */
        struct Charges *charges;
};

/* Loads the host's configuration, scans the containers, finds running supervisors and jobs. */
int manager_new(sd_event *event, Manager **ret, Error *reterr);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager *, manager_free)

int manager_add_sink(Manager *manager, const EventSink *sink, void *userdata);

/* Look-ups. Return: NULL when there is none. */
Container *manager_container(Manager *manager, const char *id);
Container *manager_containers(Manager *manager); /* the first; then ->next */
Job *manager_job(Manager *manager, int64_t number);
Job *manager_jobs(Manager *manager);

/* manager_forget() - there is no such container any more: the next one of that name must not inherit the
 * unit's enablement or limits, nor the record of a run. Not `disable`: a rename has moved the former along
 * already. */
void manager_forget(Manager *manager, const char *id, bool disable);

/* manager_job_ended() - what it did to its container is looked at now, before anyone is told. */
void manager_job_ended(Job *job);

/* Return: 0, ERROR_INVALID_NAME, ERROR_NO_SUCH_CONTAINER. */
int manager_find(Manager *manager, const char *id, Container **ret, Error *reterr);

/* The container named by the call; VERB_DEFINED: not a broken one. As manager_find(), ERROR_CONTAINER_BROKEN. */
int manager_call_container(Call *call, Container **ret, Error *reterr);
