/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A job of the service manager is followed by its object path: StartUnit tells it, JobRemoved ends
 * it. Three things are harder than that. JobRemoved may be there before the reply to StartUnit.
 * PID 1 may be executed anew (its jobs go on, but signals and replies may be lost), and the bus may
 * go away: then the unit is asked, over the link that there is, whether the job is still its own; if not,
 * its state tells how that ended. A StartUnit or StopUnit that PID 1 has not seen (it answers in the
 * same breath, and the bus says when it could not) is given again; of one that it may have seen the unit tells
 * whether it went up or down since, and only if not the job is given again, which does nothing to one
 * that is still queued. */

#include "bus/unit-job.h"

#include <errno.h>
#include <string.h>

#include "base/process.h"
#include "base/strv.h"
#include "bus/unit-outcome.h"
#include "interfaces/errors.h"

#define UNIT_PATH_PREFIX "/org/freedesktop/systemd1/unit"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define UNIT_INTERFACE "org.freedesktop.systemd1.Unit"

/* PID 1 may be busy reloading. */
#define ANSWER_TIMEOUT_USEC (60 * USEC_PER_SEC)
/* Doubled with each attempt, five times: NameOwnerChanged tells earlier when PID 1 is there again, but nothing
 * does over its private socket. */
#define RETRY_USEC (50 * USEC_PER_MSEC)
#define RETRY_SHIFT_MAX 5

UnitJob *unit_job_new(Systemd *systemd, const char *unit)
{
        UnitJob **first = systemd_jobs(systemd);
        UnitJob *job = malloc(sizeof(*job));

        if (!job)
                return NULL;
        *job = (UnitJob){ .systemd = systemd, .next = *first, .unit = strdup(unit) };
        if (!job->unit) {
                free(job);
                return NULL;
        }
        if (*first)
                (*first)->previous = job;
        *first = job;
        return job;
}

void unit_job_free(UnitJob *job)
{
        if (job->previous)
                job->previous->next = job->next;
        else
                *systemd_jobs(job->systemd) = job->next;
        if (job->next)
                job->next->previous = job->previous;
        systemd_jobs_changed(job->systemd);
        free(job->unit);
        free(job->path);
        free(job->early_path);
        free(job->early_result);
        free(job->result);
        free(job);
}

/* The answers; the job is gone after them. */

static void job_fail(UnitJob *job, Error *error)
{
        if (job->done)
                job->done(job->userdata, NULL, error);
        else
                job->state(job->userdata, NULL, error);
        error_done(error);
        unit_job_free(job);
}

static void job_tell(UnitJob *job, const UnitOutcome *outcome)
{
        if (job->done)
                job->done(job->userdata, outcome, NULL);
        else
                job->state(job->userdata, outcome->active_state, NULL);
        unit_job_free(job);
}

void unit_job_fail_errno(UnitJob *job, int errnum)
{
        Error error = ERROR_NULL;

        (void) error_errno(&error, errnum, "Cannot ask the service manager about unit '%s'",
                           job->unit);
        job_fail(job, &error);
}

void unit_job_fail_unreachable(UnitJob *job)
{
        Error error = ERROR_NULL;

        (void) error_code(&error, ERROR_FAILED, EHOSTDOWN,
                          "The service manager cannot be reached about unit '%s', neither over the "
                          "system bus nor over its private socket",
                          job->unit);
        job_fail(job, &error);
}

static void wait_for_link(UnitJob *job, uint64_t usec)
{
        job->link = NULL;
        if (job->lost_usec == 0)
                job->lost_usec = now_usec();
        systemd_retry(job->systemd, usec);
}

/* The way to PID 1 is lost. Never fails the job from within a call of the port. */
void unit_job_lost(UnitJob *job)
{
        unsigned shift = job->attempts < RETRY_SHIFT_MAX ? job->attempts : RETRY_SHIFT_MAX;

        job->attempts++;
        job->aside = !job->aside;
        wait_for_link(job, RETRY_USEC << shift);
}

/* PID 1 has told of the job. */
static void job_found(UnitJob *job)
{
        job->attempts = 0;
        job->lost_usec = 0;
}

/* --- the steps of a job --- */

static int job_send(UnitJob *job, sd_bus_message *message, OutboxAnswer answer)
{
        job->generation = systemd_link_generation(job->link);
        return outbox_call(systemd_link_outbox(job->link), message, 0, ANSWER_TIMEOUT_USEC, answer,
                           job, &job->call);
}

/* What was sent to an image of PID 1 is lost with it. The next one is on the bus before the old one's end is
 * noticed, and may not stay for long: then at once. */
static void job_missed(UnitJob *job)
{
        if (systemd_link_generation(job->link) == job->generation) {
                unit_job_lost(job);
                return;
        }
        job->aside = false;
        wait_for_link(job, 0);
}

/* Return: is it a reply of PID 1 that is no error? Else the job is lost or failed, and may be gone. */
static bool job_has_reply(UnitJob *job, sd_bus_message *reply, int problem, bool *ret_refused)
{
        const sd_bus_error *error = reply ? sd_bus_message_get_error(reply) : NULL;

        job->call = NULL;
        *ret_refused = false;
        if (problem == -ECONNRESET || (error && unit_error_is_absence(error))) {
                job_missed(job);
                return false;
        }
        if (problem < 0) {
                unit_job_fail_errno(job, -problem);
                return false;
        }
        *ret_refused = error != NULL;
        return !error;
}

static int send_details(UnitJob *job, OutboxAnswer answer)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = sd_bus_path_encode(UNIT_PATH_PREFIX, job->unit, &path);
        if (r >= 0)
                r = systemd_link_message(job->link, path, PROPERTIES, "GetAll", &message);
        /* All interfaces at once: the unit's and the service's are wanted. */
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', "");
        return r < 0 ? r : job_send(job, message, answer);
}

static void on_details(void *userdata, sd_bus_message *reply, int problem)
{
        UnitJob *job = userdata;
        UnitDetails details;

        job->call = NULL;
        unit_details_init(&details, job->result);
        if (reply && !sd_bus_message_is_method_error(reply, NULL))
                (void) unit_details_read(&details, reply);
        job_tell(job, &details.outcome);
        unit_details_done(&details);
}

/* job->result says how. */
static void job_ended(UnitJob *job)
{
        UnitDetails details;

        unit_details_init(&details, job->result);
        if (streq(job->result, "done") || send_details(job, on_details) < 0)
                job_tell(job, &details.outcome);
}

static UnitJob *find_by_path(Systemd *systemd, const SystemdLink *link, const char *path)
{
        for (UnitJob *job = *systemd_jobs(systemd); job; job = job->next)
                if (job->link == link && !job->result && streq0(job->path, path))
                        return job;
        return NULL;
}

void unit_job_on_removed(
        void *userdata, SystemdLink *link, const char *path, const char *unit, const char *result)
{
        Systemd *systemd = userdata;
        UnitJob *job;

        for (job = *systemd_jobs(systemd); job; job = job->next)
                if (job->link == link && job->done && !job->path && streq(job->unit, unit)) {
                        /* Without memory the reply finds nothing early and asks. */
                        (void) string_set(&job->early_path, path);
                        (void) string_set(&job->early_result, result);
                }
        /* Several starts of one unit are one job of PID 1. */
        while ((job = find_by_path(systemd, link, path))) {
                job->result = strdup(result);
                if (job->call)
                        (void) outbox_call_forget(TAKE_PTR(job->call));
                if (job->result)
                        job_ended(job);
                else
                        unit_job_fail_errno(job, ENOMEM);
        }
}

/* Neither a reply nor a signal tells of the job: its unit does. */
static void on_look(void *userdata, sd_bus_message *reply, int problem)
{
        UnitJob *job = userdata;
        UnitDetails details;
        bool refused, over;

        if (!job_has_reply(job, reply, problem, &refused)) {
                if (refused)
                        unit_job_lost(job);
                return;
        }
        unit_details_init(&details, "");
        if (unit_details_read(&details, reply) < 0) {
                unit_job_fail_errno(job, EBADMSG);
                return;
        }
        over = job->path ? !streq(details.job_path, job->path)
                         : unit_has_been(job->verb, &details, job->given_usec);
        if (over) {
                details.outcome.job_result =
                        unit_infer_result(job->verb, details.outcome.active_state);
                job_tell(job, &details.outcome);
        } else if (job->path)
                job_found(job); /* JobRemoved will come */
        else {
                job->given_usec = 0;
                unit_job_resume(job);
        }
        unit_details_done(&details);
}

static void on_queued(void *userdata, sd_bus_message *reply, int problem)
{
        const sd_bus_error *error = reply ? sd_bus_message_get_error(reply) : NULL;
        UnitJob *job = userdata;
        Error refusal = ERROR_NULL;
        const char *path;
        bool refused;
        int r;

        if (error && unit_error_is_undelivered(error))
                job->given_usec = 0;
        if (!job_has_reply(job, reply, problem, &refused)) {
                if (!refused)
                        return;
                (void) unit_refusal(error, job->verb, job->unit, &refusal);
                job_fail(job, &refusal);
                return;
        }
        r = sd_bus_message_read_basic(reply, 'o', &path);
        if (r >= 0)
                r = string_set(&job->path, path);
        if (r < 0) {
                unit_job_fail_errno(job, -r);
                return;
        }
        job_found(job);
        if (!job->early_path)
                return;
        if (streq(job->early_path, path))
                job->result = TAKE_PTR(job->early_result);
        /* Another job of the unit: ours may have been among those before it. */
        if (job->result)
                job_ended(job);
        else if (send_details(job, on_look) < 0)
                unit_job_lost(job);
}

static int job_queue(UnitJob *job)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = systemd_link_message(job->link, NULL, NULL,
                                 job->verb == UNIT_START ? "StartUnit" : "StopUnit", &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "ss", job->unit, "replace");
        if (r < 0)
                return r;
        job->given_usec = now_usec();
        return job_send(job, message, on_queued);
}

static void on_state(void *userdata, sd_bus_message *reply, int problem)
{
        UnitJob *job = userdata;
        UnitDetails details;
        Error error = ERROR_NULL;
        bool refused;

        if (!job_has_reply(job, reply, problem, &refused)) {
                if (!refused)
                        return;
                (void) error_public(&error, ERROR_FAILED,
                                    "Cannot ask for the state of unit '%s': %s", job->unit,
                                    sd_bus_message_get_error(reply)->message);
                job_fail(job, &error);
                return;
        }
        unit_details_init(&details, "");
        if (sd_bus_message_read(reply, "v", "s", &details.outcome.active_state) < 0)
                unit_job_fail_errno(job, EBADMSG);
        else
                job_tell(job, &details.outcome);
}

static int job_ask_state(UnitJob *job)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = sd_bus_path_encode(UNIT_PATH_PREFIX, job->unit, &path);
        if (r >= 0)
                r = systemd_link_message(job->link, path, PROPERTIES, "Get", &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "ss", UNIT_INTERFACE, "ActiveState");
        return r < 0 ? r : job_send(job, message, on_state);
}

/* Sends what the job needs next. What was lost on one way is tried on the other: PID 1 that is executed anew
 * listens on its private socket before it is on the bus again, and the bus alone may be gone. */
void unit_job_resume(UnitJob *job)
{
        int r = systemd_find_link(job->systemd, job->aside, &job->link);

        if (r >= 0 && !job->done)
                r = job_ask_state(job);
        else if (r >= 0 && (job->path || job->given_usec > 0))
                r = send_details(job, on_look);
        else if (r >= 0)
                r = job_queue(job);
        if (r < 0)
                unit_job_lost(job);
}

void unit_job_on_renewed(void *userdata, SystemdLink *link)
{
        Systemd *systemd = userdata;
        UnitJob *next;

        /* unit_job_resume() only sends: the list stays as it is. */
        for (UnitJob *job = *systemd_jobs(systemd); job; job = next) {
                next = job->next;
                if (job->link == link && job->path && !job->call)
                        unit_job_resume(job);
        }
}
