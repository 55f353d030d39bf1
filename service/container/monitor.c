/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/monitor.h"

#include "container/manager.h"
#include "container/waiters.h"

struct Monitor {
        Manager *manager;
        Waiters streams;
};

static void tell(Monitor *monitor, json_t *event)
{
        _cleanup_(json_decref_p) json_t *owned = event;

        if (owned && monitor->streams.n > 0)
                waiters_reply_more(&monitor->streams, owned);
}

static void on_added(void *userdata, Container *container)
{
        tell(userdata,
             json_pack("{s:s,s:o,s:s}", "event", "added", "container",
                       json_from_text(container->id), "state", state_name(container->state)));
}

static void on_removed(void *userdata, Container *container)
{
        tell(userdata, json_pack("{s:s,s:o}", "event", "removed", "container",
                                 json_from_text(container->id)));
}

static void on_state(void *userdata, Container *container, State previous, State state)
{
        tell(userdata, json_pack("{s:s,s:o,s:s,s:s}", "event", "state", "container",
                                 json_from_text(container->id), "previous", state_name(previous),
                                 "state", state_name(state)));
}

static void on_exited(void *userdata, Container *container, int code, int signal)
{
        tell(userdata,
             json_pack("{s:s,s:o,s:i,s:i}", "event", "exited", "container",
                       json_from_text(container->id), "exitCode", code, "signal", signal));
}

static void on_job_added(void *userdata, Job *job)
{
        tell(userdata, json_pack("{s:s,s:I,s:s}", "event", "job-added", "job",
                                 (json_int_t) job->number, "container", job->container));
}

static void on_job_removed(void *userdata, Job *job, const char *result)
{
        tell(userdata,
             json_pack("{s:s,s:I,s:s,s:s}", "event", "job-removed", "job", (json_int_t) job->number,
                       "container", job->container, "result", result));
}

static const EventSink sink = {
        .container_added = on_added,
        .container_removed = on_removed,
        .state_changed = on_state,
        .exited = on_exited,
        .job_added = on_job_added,
        .job_removed = on_job_removed,
};

int monitor_new(Manager *manager, Monitor **ret, Error *reterr)
{
        Monitor *monitor = calloc(1, sizeof(*monitor));

        if (!monitor || manager_add_sink(manager, &sink, monitor) < 0) {
                free(monitor);
                return error_oom(reterr);
        }
        monitor->manager = manager;
        *ret = monitor;
        return 0;
}

Monitor *monitor_free(Monitor *monitor)
{
        if (!monitor)
                return NULL;
        waiters_done(&monitor->streams);
        free(monitor);
        return NULL;
}

int monitor_add(Monitor *monitor, Call *call, Error *reterr)
{
        for (Container *c = manager_containers(monitor->manager); c; c = c->next)
                call_reply_more(call,
                                json_pack("{s:s,s:o,s:s}", "event", "present", "container",
                                          json_from_text(c->id), "state", state_name(c->state)));
        call_reply_more(call, json_pack("{s:s}", "event", "ready"));
        if (call->gone)
                return 0;
        return waiters_add(&monitor->streams, call) < 0 ? error_oom(reterr) : 0;
}
