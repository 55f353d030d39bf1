/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/systemd.h"

#include <errno.h>
#include <string.h>

#include "base/process.h"
#include "bus/unit-job.h"

/* As long as an answer may take. PID 1 is away while it is executed anew, and for good when it has crashed. */
#define UNREACHABLE_USEC (60 * USEC_PER_SEC)
#define PRIVATE_LIMIT 64

struct Systemd {
        sd_event *event;
        char *private_address;
        SystemdLink *bus;     /* over the system bus, or NULL */
        SystemdLink *private; /* or NULL */
        bool private_closed;
        bool ending;
        sd_event_source *retry;
        uint64_t retry_usec; /* when it fires; USEC_INFINITY: it does not */
        UnitJob *first;
};

/* --- links --- */

UnitJob **systemd_jobs(Systemd *systemd)
{
        return &systemd->first;
}

void systemd_jobs_changed(Systemd *systemd)
{
        /* The private link may have no use any more. */
        if (systemd->private && systemd->bus)
                systemd_retry(systemd, 0);
}

void systemd_retry(Systemd *systemd, uint64_t usec)
{
        uint64_t at = now_usec() + usec;

        if (at >= systemd->retry_usec)
                return;
        systemd->retry_usec = at;
        (void) sd_event_source_set_time(systemd->retry, at);
        (void) sd_event_source_set_enabled(systemd->retry, SD_EVENT_ONESHOT);
}

static UnitJob *find_on_link(const Systemd *systemd, const SystemdLink *link)
{
        for (UnitJob *job = systemd->first; job; job = job->next)
                if (job->link == link)
                        return job;
        return NULL;
}

/* The private link is kept while a job needs it. */
static void private_release(Systemd *systemd)
{
        SystemdLink *link = systemd->private;
        UnitJob *job;

        if (!link || (!systemd->private_closed && (!systemd->bus || find_on_link(systemd, link))))
                return;
        systemd->private = NULL;
        systemd->private_closed = false;
        (void) systemd_link_free(link);
        while ((job = find_on_link(systemd, link)))
                unit_job_lost(job);
}

static void on_private_closed(void *userdata, SystemdLink *link)
{
        Systemd *systemd = userdata;

        systemd->private_closed = true;
        systemd_retry(systemd, 0);
}

/* PID 1 is there again: the best time for what was lost. */
static void on_renewed(void *userdata, SystemdLink *link)
{
        unit_job_on_renewed(userdata, link);
        systemd_retry(userdata, 0);
}

static const SystemdLinkEvents link_events = {
        .job_removed = unit_job_on_removed,
        .renewed = on_renewed,
        .closed = on_private_closed,
};

static int find_private(Systemd *systemd, SystemdLink **ret)
{
        int r = 0;

        if (systemd->private_closed)
                return -ECONNRESET;
        if (!systemd->private)
                r = systemd_link_new_private(systemd->private_address, systemd->event,
                                             PRIVATE_LIMIT, &link_events, systemd,
                                             &systemd->private);
        *ret = systemd->private;
        return r;
}

int systemd_find_link(Systemd *systemd, bool aside, SystemdLink **ret)
{
        int r;

        if (systemd->ending)
                return -ESHUTDOWN;
        if (!systemd->bus || aside) {
                r = find_private(systemd, ret);
                if (r >= 0 || !systemd->bus)
                        return r;
        }
        *ret = systemd->bus;
        return 0;
}

static bool is_overdue(const UnitJob *job, uint64_t now)
{
        return !job->link && job->lost_usec > 0 && now >= job->lost_usec + UNREACHABLE_USEC;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        Systemd *systemd = userdata;
        uint64_t now = now_usec();
        UnitJob *next;

        systemd->retry_usec = USEC_INFINITY;
        private_release(systemd);
        for (UnitJob *job = systemd->first; job; job = next) {
                next = job->next;
                if (!job->link && !is_overdue(job, now))
                        unit_job_resume(job);
        }
        for (UnitJob *job = systemd->first; job; job = job->next)
                if (is_overdue(job, now)) {
                        unit_job_fail_unreachable(job);
                        /* The answer may have changed the list: one at a time. */
                        systemd_retry(systemd, 0);
                        break;
                }
        return 0;
}

/* --- the port --- */

static int job_new(Systemd *systemd, const char *unit, UnitJob **ret, Error *reterr)
{
        if (systemd->ending)
                return error_errno(reterr, ESHUTDOWN, "The service is ending");
        *ret = unit_job_new(systemd, unit);
        return *ret ? 0 : error_oom(reterr);
}

static int run(void *userdata,
               UnitVerb verb,
               const char *unit,
               UnitJobDone done,
               void *done_userdata,
               UnitJob **ret,
               Error *reterr)
{
        UnitJob *job;
        int r = job_new(userdata, unit, &job, reterr);

        if (r < 0)
                return r;
        job->verb = verb;
        job->done = done;
        job->userdata = done_userdata;
        unit_job_resume(job);
        *ret = job;
        return 0;
}

static int state(void *userdata,
                 const char *unit,
                 UnitStateAnswer answer,
                 void *answer_userdata,
                 UnitJob **ret,
                 Error *reterr)
{
        UnitJob *job;
        int r = job_new(userdata, unit, &job, reterr);

        if (r < 0)
                return r;
        job->state = answer;
        job->userdata = answer_userdata;
        unit_job_resume(job);
        *ret = job;
        return 0;
}

static void forget(UnitJob *job)
{
        if (job->call)
                (void) outbox_call_forget(job->call);
        unit_job_free(job);
}

/* What was enabled is still wanted by PID 1 until it reads its files anew. */
static void tell_reload(SystemdLink *link)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;

        if (systemd_link_message(link, NULL, NULL, "Reload", &message) >= 0)
                (void) outbox_tell(systemd_link_outbox(link), message);
}

static void reload(void *userdata)
{
        SystemdLink *link;

        if (systemd_find_link(userdata, false, &link) >= 0)
                tell_reload(link);
}

static void on_disabled(void *userdata, sd_bus_message *reply, int problem)
{
        SystemdLink *link = userdata;

        if (!reply || sd_bus_message_is_method_error(reply, NULL) ||
            sd_bus_message_enter_container(reply, 'a', "(sss)") <= 0 ||
            sd_bus_message_at_end(reply, false) != 0)
                return;
        tell_reload(link);
}

static int disable_unit(SystemdLink *link, const char *unit, bool runtime)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = systemd_link_message(link, NULL, NULL, "DisableUnitFiles", &message);

        if (r >= 0)
                r = sd_bus_message_append(message, "asb", 1, unit, (int) runtime);
        return r < 0 ? r
                     : outbox_call(systemd_link_outbox(link), message, 0, UINT64_MAX, on_disabled,
                                   link, NULL);
}

/* Drop-ins of set-property and of the administrator, and a mask. */
static int revert_unit(SystemdLink *link, const char *unit)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = systemd_link_message(link, NULL, NULL, "RevertUnitFiles", &message);

        if (r >= 0)
                r = sd_bus_message_append(message, "as", 1, unit);
        return r < 0 ? r
                     : outbox_call(systemd_link_outbox(link), message, 0, UINT64_MAX, on_disabled,
                                   link, NULL);
}

/* Nobody waits: what fails here (the unit is not loaded, was not enabled) is what is wanted, or is
 * met again at the next start of a container of that name. */
static void forget_unit(void *userdata, const char *unit, bool disable)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        SystemdLink *link;
        int r = systemd_find_link(userdata, false, &link);

        if (r >= 0)
                r = systemd_link_message(link, NULL, NULL, "ResetFailedUnit", &message);
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', unit);
        if (r >= 0)
                r = outbox_tell(systemd_link_outbox(link), message);
        if (r >= 0 && disable)
                r = disable_unit(link, unit, false);
        if (r >= 0 && disable)
                r = disable_unit(link, unit, true);
        if (r >= 0 && disable)
                (void) revert_unit(link, unit);
}

int systemd_new(sd_event *event, const char *private_address, Units *port, Systemd **ret)
{
        _cleanup_(systemd_free_p) Systemd *systemd = calloc(1, sizeof(*systemd));
        int r;

        if (!systemd)
                return -ENOMEM;
        systemd->event = event;
        systemd->retry_usec = USEC_INFINITY;
        systemd->private_address = strdup(private_address);
        if (!systemd->private_address)
                return -ENOMEM;
        r = sd_event_add_time_relative(event, &systemd->retry, CLOCK_MONOTONIC, 0, USEC_PER_MSEC,
                                       on_retry, systemd);
        if (r >= 0)
                r = sd_event_source_set_enabled(systemd->retry, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *port = (Units){
                .run = run,
                .forget = forget,
                .state = state,
                .forget_unit = forget_unit,
                .reload = reload,
                .userdata = systemd,
        };
        *ret = TAKE_PTR(systemd);
        return 0;
}

Systemd *systemd_free(Systemd *systemd)
{
        if (!systemd)
                return NULL;
        systemd->ending = true;
        systemd_detach(systemd);
        systemd->private_closed = true;
        private_release(systemd);
        while (systemd->first)
                unit_job_fail_errno(systemd->first, ESHUTDOWN);
        (void) sd_event_source_disable_unref(systemd->retry);
        free(systemd->private_address);
        free(systemd);
        return NULL;
}

int systemd_attach(Systemd *systemd, sd_bus *bus, size_t limit)
{
        int r;

        systemd_detach(systemd);
        r = systemd_link_new(bus, systemd->event, limit, &link_events, systemd, &systemd->bus);
        if (r < 0)
                return r;
        systemd_retry(systemd, 0);
        return 0;
}

void systemd_detach(Systemd *systemd)
{
        SystemdLink *link = TAKE_PTR(systemd->bus);
        UnitJob *job;

        if (!link)
                return;
        /* Calls under way are answered: those jobs are lost by that, those that waited here. */
        (void) systemd_link_free(link);
        while ((job = find_on_link(systemd, link)))
                unit_job_lost(job);
}
