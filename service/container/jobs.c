/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A job is a stream of replies from nagaya-work. The service may come and go meanwhile: it asks
 * nagaya-work at its start what runs, and follows it. An ended job stays until its owner has
 * heard of the end, at least a minute, as long as there is room. */

#include "container/jobs.h"

#include <string.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "container/emit.h"
#include "container/link.h"
#include "container/manager.h"
#include "container/waiters.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

#define MESSAGES_MAX 32
#define KEEP_USEC (60 * USEC_PER_SEC)
#define CANCEL_USEC (30 * USEC_PER_SEC)
#define ADOPTION_USEC (500 * USEC_PER_MSEC)

struct JobRegistry {
        Manager *manager;
        Job *first; /* newest first */
        size_t n;
        int64_t last_number;
};

struct JobPrivate {
        Link *link;
        Waiters waiters;
        json_t *messages;       /* replies: who comes to wait later is told, too */
        sd_event_source *timer; /* ended: when it may be forgotten */
        bool heard;             /* its owner knows the end */
        bool due;               /* it was kept long enough */
};

static Job *job_free(Job *job)
{
        if (!job)
                return NULL;
        if (job->private) {
                (void) link_free(job->private->link);
                waiters_done(&job->private->waiters);
                json_decref(job->private->messages);
                (void) sd_event_source_disable_unref(job->private->timer);
                free(job->private);
        }
        json_decref(job->result);
        error_done(&job->error);
        free(job->kind);
        free(job->container);
        free(job->other);
        free(job->bus_name);
        free(job);
        return NULL;
}
DEFINE_CLEANUP(Job *, job_free)

static void job_forget(Job *job)
{
        Job **link = &job->manager->jobs->first;

        while (*link != job)
                link = &(*link)->next;
        *link = job->next;
        job->manager->jobs->n--;
        emit_job_forgotten(job);
        (void) job_free(job);
}

static void job_forget_if_heard(Job *job)
{
        if (job->private->heard && job->private->due)
                job_forget(job);
}

static int on_keep_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        Job *job = userdata;

        job->private->due = true;
        job_forget_if_heard(job);
        return 0;
}

/* The oldest ended one makes room, heard or not. Return: there is room. */
static bool make_room(JobRegistry *registry)
{
        Job *oldest = NULL;

        if (registry->n < JOBS_MAX)
                return true;
        for (Job *job = registry->first; job; job = job->next)
                if (job->state != JOB_RUNNING)
                        oldest = job;
        if (oldest)
                job_forget(oldest);
        return oldest != NULL;
}

static json_t *end_reply(const Job *job)
{
        return json_pack("{s:s,s:O}", "event", "end", "result", job->result);
}

static bool owner_waits(const Job *job)
{
        for (size_t i = 0; i < job->private->waiters.n; i++)
                if (job->private->waiters.calls[i]->peer.uid == job->owner)
                        return true;
        return false;
}

static void job_end(Job *job, JobState state)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        char container[300], kind[64];
        const char *fields[] = { container, kind, NULL };

        job->private->link = link_free(job->private->link);
        job->state = state;
        if (state == JOB_DONE)
                job->progress = 1;
        (void) snprintf(container, sizeof(container), "CONTAINER=%s", job->container);
        (void) snprintf(kind, sizeof(kind), "JOB=%s", job->kind);
        if (state == JOB_FAILED)
                log_error_event(LOG_ERR, fields, &job->error, job->kind);
        /* Before the world hears of it: a new container must be known when its job is done. */
        manager_job_ended(job);
        emit_job_changed(job);
        emit_job_removed(job, job_state_name(state));
        reply = end_reply(job);
        job->private->heard = owner_waits(job);
        if (state == JOB_DONE)
                waiters_reply(&job->private->waiters, reply);
        else
                waiters_fail(&job->private->waiters, &job->error);
        if (sd_event_add_time_relative(job->manager->event, &job->private->timer, CLOCK_MONOTONIC,
                                       KEEP_USEC, USEC_PER_SEC, on_keep_timeout, job) < 0)
                job_forget(job);
}

static void job_fail(Job *job, const Error *error)
{
        if (error->errnum == ECONNRESET && error->code == ERROR_FAILED)
                (void) error_public(&job->error, ERROR_FAILED,
                                    "The job runner ended in the midst of job '%s' on '%s'; see "
                                    "journalctl -u nagaya-work",
                                    job->kind, job->container);
        else
                (void) error_copy(&job->error, error);
        job_end(job, job->error.code == ERROR_CANCELLED ? JOB_CANCELLED : JOB_FAILED);
}

static void on_text(Job *job, json_t *fields, bool is_log)
{
        const char *text = json_string_value(json_object_get(fields, "text"));
        _cleanup_(json_decref_p) json_t *reply = NULL;

        if (!text)
                return;
        emit_job_text(job, is_log, text);
        reply = json_pack("{s:s,s:s}", "event", is_log ? "log" : "message", "text", text);
        if (!is_log && json_array_size(job->private->messages) < MESSAGES_MAX)
                (void) json_array_append(job->private->messages, reply);
        waiters_reply_more(&job->private->waiters, reply);
}

static void on_progress(Job *job, const json_t *fields)
{
        _cleanup_(json_decref_p) json_t *reply = job_take_progress(job, fields);

        emit_job_changed(job);
        waiters_reply_more(&job->private->waiters, reply);
}

static void
on_reply(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Job *job = userdata;
        const char *event = json_string_value(json_object_get(parameters, "event"));
        json_t *result = json_object_get(parameters, "result");

        if (error)
                job_fail(job, error);
        else if (!continues) {
                if (json_is_object(result))
                        (void) json_object_update(job->result, result);
                (void) json_set(job->result, "container",
                                json_string(job_kind_row(job->kind)->is_renamed && job->other
                                                    ? job->other
                                                    : job->container));
                job_end(job, JOB_DONE);
        } else if (event && streq(event, "progress"))
                on_progress(job, parameters);
        else if (event && (streq(event, "message") || streq(event, "log")))
                on_text(job, parameters, streq(event, "log"));
}

static int job_new(Manager *manager,
                   int64_t number,
                   const char *kind,
                   const char *container,
                   const char *other,
                   uid_t owner,
                   Job **ret,
                   Error *reterr)
{
        _cleanup_(job_free_p) Job *job = calloc(1, sizeof(*job));

        if (!job)
                return error_oom(reterr);
        job->manager = manager;
        job->number = number;
        job->owner = owner;
        job->progress = -1;
        job->kind = strdup(kind);
        job->container = strdup(container);
        job->other = other ? strdup(other) : NULL;
        job->result = json_object();
        job->private = calloc(1, sizeof(*job->private));
        if (!job->kind || !job->container || (other && !job->other) || !job->result ||
            !job->private)
                return error_oom(reterr);
        job->private->messages = json_array();
        *ret = TAKE_PTR(job);
        return 0;
}

static void job_register(Job *job)
{
        JobRegistry *registry = job->manager->jobs;

        job->next = registry->first;
        registry->first = job;
        registry->n++;
        if (job->number > registry->last_number)
                registry->last_number = job->number;
}

int job_check_none(const Manager *manager, const char *container, Error *reterr)
{
        for (const Job *job = manager->jobs->first; container && job; job = job->next)
                if (job->state == JOB_RUNNING &&
                    (streq(job->container, container) || streq0(job->other, container)))
                        return error_public(reterr, ERROR_BUSY,
                                            "Container '%s' has a job under way; wait for it",
                                            container);
        return 0;
}

static int check_limits(Call *call, const char *container, const char *other, Error *reterr)
{
        JobRegistry *registry = call->manager->jobs;
        unsigned running = 0;
        int r;

        r = job_check_none(call->manager, container, reterr);
        if (r == 0)
                r = job_check_none(call->manager, other, reterr);
        if (r < 0)
                return r;
        for (Job *job = registry->first; job; job = job->next)
                running += job->state == JOB_RUNNING && job->owner == call->peer.uid;
        if (!make_room(registry) || (call->peer.uid != 0 && running >= JOBS_PER_USER_MAX))
                return error_public(
                        reterr, ERROR_LIMITS_EXCEEDED,
                        "There are %zu jobs, %u of them yours and running; wait for them",
                        registry->n, running);
        return 0;
}

int64_t job_number_take(JobRegistry *registry)
{
        return ++registry->last_number;
}

int job_start(Call *call,
              const char *kind,
              const char *container,
              const char *other,
              json_t *parameters,
              Job **ret,
              Error *reterr)
{
        _cleanup_(json_decref_p) json_t *owned = parameters;
        _cleanup_(job_free_p) Job *job = NULL;
        json_t *request;
        int r;

        r = check_limits(call, container, other, reterr);
        if (r < 0)
                return r;
        r = job_new(call->manager, job_number_take(call->manager->jobs), kind, container, other,
                    call->peer.uid, &job, reterr);
        if (r < 0)
                return r;
        r = string_set(&job->bus_name, call->peer.bus_name);
        request = json_pack("{s:i,s:I,s:s,s:s,s:s*,s:I,s:O}", "protocol", WORKER_PROTOCOL, "job",
                            (json_int_t) job->number, "kind", kind, "container", container, "other",
                            other, "owner", (json_int_t) job->owner, "parameters", owned);
        if (r < 0 || !request) {
                json_decref(request);
                return error_oom(reterr);
        }
        r = link_call(call->manager->event, WORK_SOCKET, INTERFACE_WORKER ".Run", request, true,
                      NULL, on_reply, job, &job->private->link, reterr);
        if (r < 0)
                return error_prefix(reterr, r,
                                    "Cannot hand over the job (is nagaya-work.socket started?)");
        job_register(job);
        *ret = job;
        emit_job_added(TAKE_PTR(job));
        return 0;
}

int job_wait(Job *job, Call *call, Error *reterr)
{
        json_t *message;
        size_t i;

        json_array_foreach(call->more ? job->private->messages : NULL, i, message)
                call_reply_more(call, json_incref(message));
        if (job->state == JOB_RUNNING)
                return waiters_add(&job->private->waiters, call) < 0 ? error_oom(reterr) : 0;
        if (job->state == JOB_DONE)
                call_reply(call, end_reply(job));
        else
                call_fail(call, &job->error);
        if (call->peer.uid == job->owner)
                job->private->heard = true;
        job_forget_if_heard(job);
        return 0;
}

typedef struct Cancellation {
        Link *link;
        Waiters waiters;
} Cancellation;

static void
on_cancelled(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Cancellation *cancellation = userdata;

        if (error)
                waiters_fail(&cancellation->waiters, error);
        else
                waiters_reply(&cancellation->waiters, NULL);
        waiters_done(&cancellation->waiters);
        (void) link_free(cancellation->link);
        free(cancellation);
}

int job_cancel(Job *job, Call *call, Error *reterr)
{
        Cancellation *cancellation;
        int r;

        if (job->state != JOB_RUNNING) {
                call_reply(call, NULL);
                return 0;
        }
        cancellation = calloc(1, sizeof(*cancellation));
        if (!cancellation)
                return error_oom(reterr);
        r = link_call(job->manager->event, WORK_SOCKET, INTERFACE_WORKER ".Cancel",
                      json_pack("{s:I}", "job", (json_int_t) job->number), false, NULL,
                      on_cancelled, cancellation, &cancellation->link, reterr);
        if (r == 0 && waiters_add(&cancellation->waiters, call) < 0) {
                (void) link_free(cancellation->link);
                r = error_oom(reterr);
        }
        if (r == 0)
                (void) link_limit(cancellation->link, CANCEL_USEC, NULL);
        if (r < 0)
                free(cancellation);
        return r;
}

Job *job_registry_find(JobRegistry *registry, int64_t number)
{
        for (Job *job = registry->first; job; job = job->next)
                if (job->number == number)
                        return job;
        return NULL;
}

Job *job_registry_first(JobRegistry *registry)
{
        return registry->first;
}

/* --- what runs already when the service starts --- */

static void adopt_job(Manager *manager, const json_t *row)
{
        const char *kind = json_string_value(json_object_get(row, "kind"));
        const char *container = json_string_value(json_object_get(row, "container"));
        int64_t number = json_integer_value(json_object_get(row, "job"));
        _cleanup_(job_free_p) Job *job = NULL;

        if (!kind || !container || number <= 0)
                return;
        if (job_new(manager, number, kind, container,
                    json_string_value(json_object_get(row, "other")),
                    (uid_t) json_integer_value(json_object_get(row, "owner")), &job, NULL) < 0)
                return;
        if (link_call(manager->event, WORK_SOCKET, INTERFACE_WORKER ".Follow",
                      json_pack("{s:I}", "job", (json_int_t) number), true, NULL, on_reply, job,
                      &job->private->link, NULL) < 0)
                return;
        job_register(TAKE_PTR(job));
}

typedef struct Adoption {
        Manager *manager;
        bool done;
} Adoption;

static void
on_list(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Adoption *adoption = userdata;
        json_t *rows = json_object_get(parameters, "jobs"), *row;
        size_t i;

        adoption->done = true;
        json_array_foreach(rows, i, row)
                adopt_job(adoption->manager, row);
}

/* nagaya-work is activated by its socket: asking a runner that does not run would start it, for
 * nothing. While it runs it keeps a file beside the socket. */
static void adopt_jobs(Manager *manager)
{
        Adoption adoption = { .manager = manager };
        uint64_t until = now_usec() + ADOPTION_USEC;
        Link *link = NULL;

        if (access(WORK_ACTIVE, F_OK) < 0)
                return;
        if (link_call(manager->event, WORK_SOCKET, INTERFACE_WORKER ".List", NULL, false, NULL,
                      on_list, &adoption, &link, NULL) < 0)
                return;
        while (!adoption.done && now_usec() < until && link_wait(link, until - now_usec()) == 0)
                link_drain(link);
        (void) link_free(link);
}

int job_registry_new(Manager *manager, JobRegistry **ret, Error *reterr)
{
        JobRegistry *registry = calloc(1, sizeof(*registry));

        if (!registry)
                return error_oom(reterr);
        *ret = registry;
        registry->manager = manager;
        /* Numbers are not given twice, also over restarts of the service while jobs run. */
        registry->last_number = (int64_t) (now_usec() / USEC_PER_SEC) * 1000;
        adopt_jobs(manager);
        return 0;
}

JobRegistry *job_registry_free(JobRegistry *registry)
{
        if (!registry)
                return NULL;
        while (registry->first) {
                Job *job = registry->first;

                registry->first = job->next;
                (void) job_free(job);
        }
        free(registry);
        return NULL;
}
