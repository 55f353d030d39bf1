/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/manager.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/strv.h"
#include "container/charge.h"
#include "container/jobs.h"
#include "container/monitor.h"
#include "container/registry.h"
#include "container/watch.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

int manager_new(sd_event *event, Manager **ret, Error *reterr)
{
        _cleanup_(manager_free_p) Manager *manager = calloc(1, sizeof(*manager));
        int r;

        if (!manager)
                return error_oom(reterr);
        manager->event = sd_event_ref(event);
        manager->charges = charges_new();
        r = system_config_load(&manager->system_config, reterr);
        if (r < 0)
                return r;
        manager->container_path = strdup(system_config_container_path(manager->system_config));
        if (!manager->charges || !manager->container_path)
                return error_oom(reterr);
        r = registry_new(manager, &manager->registry, reterr);
        if (r < 0)
                return r;
        r = watch_new(manager, &manager->watch, reterr);
        if (r < 0)
                return r;
        r = job_registry_new(manager, &manager->jobs, reterr);
        if (r < 0)
                return r;
        r = monitor_new(manager, &manager->monitor, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager)
{
        if (!manager)
                return NULL;
        /* Nobody is left to be told. */
        manager->n_sinks = 0;
        (void) monitor_free(manager->monitor);
        (void) job_registry_free(manager->jobs);
        (void) watch_free(manager->watch);
        (void) registry_free(manager->registry);
        (void) system_config_free(manager->system_config);
        (void) charges_free(manager->charges);
        (void) sd_event_unref(manager->event);
        free(manager->container_path);
        free(manager);
        return NULL;
}

int manager_add_sink(Manager *manager, const EventSink *sink, void *userdata)
{
        if (manager->n_sinks == SINKS_MAX)
                return -ENOBUFS;
        manager->sinks[manager->n_sinks].sink = sink;
        manager->sinks[manager->n_sinks].userdata = userdata;
        manager->n_sinks++;
        return 0;
}

Container *manager_container(Manager *manager, const char *id)
{
        return manager->registry ? registry_find(manager->registry, id) : NULL;
}

Container *manager_containers(Manager *manager)
{
        return registry_first(manager->registry);
}

Job *manager_job(Manager *manager, int64_t number)
{
        return job_registry_find(manager->jobs, number);
}

Job *manager_jobs(Manager *manager)
{
        return job_registry_first(manager->jobs);
}

void manager_forget(Manager *manager, const char *id, bool disable)
{
        _cleanup_(free_p) char *unit = container_id_unit(id);
        char record[320];

        (void) snprintf(record, sizeof(record), RECORD_DIR "/%s", id);
        (void) remove_tree(AT_FDCWD, record);
        if (unit && manager->units.forget_unit)
                manager->units.forget_unit(manager->units.userdata, unit, disable);
}

/* A worker that was killed may have come to its end before, and that of a killed runner lives on for a
 * moment: whether it was destroyed shows when it vanishes, now or later. */
static void expect_end(const Job *job)
{
        Container *container = manager_container(job->manager, job->container);

        if (container && streq(job->kind, "destroy"))
                container->doomed = job->state == JOB_CANCELLED ||
                                    (job->state == JOB_FAILED && job->error.code == ERROR_FAILED);
}

void manager_job_ended(Job *job)
{
        bool renamed = job_kind_row(job->kind)->is_renamed;

        expect_end(job);
        registry_check(job->manager->registry, job->container);
        if (renamed && job->other)
                registry_check(job->manager->registry, job->other);
        if (job->state == JOB_DONE && (renamed || streq(job->kind, "destroy")))
                manager_forget(job->manager, job->container, !renamed);
        if (json_is_true(json_object_get(job->result, "reload")) && job->manager->units.reload)
                job->manager->units.reload(job->manager->units.userdata);
        (void) json_object_del(job->result, "reload");
}

int manager_find(Manager *manager, const char *id, Container **ret, Error *reterr)
{
        int r;

        *ret = manager_container(manager, id);
        if (*ret)
                return 0;
        r = container_id_check(id, reterr);
        if (r < 0)
                return r;
        return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'", id);
}

int manager_call_container(Call *call, Container **ret, Error *reterr)
{
        int r = manager_find(call->manager, call_string(call, "container"), ret, reterr);

        if (r < 0 || !(call->verb->flags & VERB_DEFINED))
                return r;
        /* What it includes is not watched: it may have been mended since. */
        if ((*ret)->broken)
                registry_refresh(*ret);
        return container_check_usable(*ret, reterr);
}
