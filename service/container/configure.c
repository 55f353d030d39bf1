/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client may go meanwhile: what was begun is brought to its end all the same. */

#include "container/configure.h"

#include "base/process.h"
#include "base/strv.h"
#include "container/brief.h"
#include "container/link.h"
#include "container/manager.h"
#include "container/registry.h"
#include "container/supervisor.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* A disk that hangs, a process that somebody stopped. */
#define ANSWER_USEC (60 * USEC_PER_SEC)

typedef struct Change {
        Call *call;
        Link *link;
        char *container;    /* id: the object may be gone when an answer comes */
        json_t *parameters; /* of the job */
        char *live_file;
        char *previous; /* what was in live_file before; NULL: not touched, or not known */
        bool live;      /* the running container has it */
        Error error;    /* while something is taken back */
} Change;

static Change *change_free(Change *change)
{
        if (!change)
                return NULL;
        (void) link_free(change->link);
        (void) call_unref(change->call);
        json_decref(change->parameters);
        error_done(&change->error);
        free(change->container);
        free(change->live_file);
        free(change->previous);
        free(change);
        return NULL;
}
DEFINE_CLEANUP(Change *, change_free)

static void fail(Change *change, const Error *error)
{
        call_fail(change->call, error);
        (void) change_free(change);
}

/* --- the running container --- */

static int call_supervisor(Change *change, const char *value, LinkReply on_reply, Error *reterr)
{
        Container *container = manager_container(change->call->manager, change->container);
        int r;

        if (!container)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    change->container);
        change->link = link_free(change->link);
        r = supervisor_call(container, "SetCgroup",
                            json_pack("{s:s,s:s}", "file", change->live_file, "value", value), NULL,
                            on_reply, change, &change->link, reterr);
        return r < 0 ? r : link_limit(change->link, ANSWER_USEC, reterr);
}

static void
on_reverted(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Change *change = userdata;

        fail(change, &change->error);
}

static void fail_and_revert(Change *change, const Error *error)
{
        if (!change->live || !change->previous) {
                fail(change, error);
                return;
        }
        (void) error_copy(&change->error, error);
        if (call_supervisor(change, change->previous, on_reverted, NULL) < 0)
                fail(change, &change->error);
}

/* --- the file --- */

/* Of all there is to tell, what this verb tells. */
static json_t *make_result(const Change *change, const json_t *outcome)
{
        json_t *result = json_object();

        for (const Field *field = change->call->verb->out; field && field->name; field++) {
                json_t *value = streq(field->name, "effect")
                                        ? json_string(change->live ? "now" : "next-start")
                                        : json_incref(json_object_get(outcome, field->name));

                if (json_object_set_new(result, field->name, value) < 0) {
                        json_decref(result);
                        return NULL;
                }
        }
        return result;
}

static void finish(Change *change, const json_t *outcome)
{
        Error error = ERROR_NULL;
        json_t *result;

        /* Whoever hears of the change must be told what it made of the container. */
        registry_check(change->call->manager->registry, change->container);
        result = make_result(change, outcome);
        if (result)
                call_reply(change->call, result);
        else {
                (void) error_oom(&error);
                call_fail(change->call, &error);
                error_done(&error);
        }
        (void) change_free(change);
}

static void
on_written(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        _cleanup_(free_p) char *what = NULL;
        Change *change = userdata;
        Error told = ERROR_NULL;

        if (!error && continues)
                return;
        if (!error) {
                finish(change, json_object_get(parameters, "result"));
                return;
        }
        what = string_format("changed the configuration of '%s'", change->container);
        brief_error(error, what ? what : "changed a configuration", &told);
        fail_and_revert(change, &told);
        error_done(&told);
}

static int write_file(Change *change, Error *reterr)
{
        change->link = link_free(change->link);
        return brief_start(change->call, "configure", change->container, change->parameters,
                           on_written, change, &change->link, reterr);
}

static void
on_applied(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Change *change = userdata;
        const char *previous = json_string_value(json_object_get(parameters, "previous"));
        Error problem = ERROR_NULL;

        /* It ended just now: then it is for the next start. */
        if (error && error->code != ERROR_CONTAINER_NOT_RUNNING && error->errnum != ECONNRESET) {
                fail(change, error);
                return;
        }
        change->live = !error;
        if (previous)
                change->previous = strdup(previous);
        if (write_file(change, &problem) < 0)
                fail_and_revert(change, &problem);
        error_done(&problem);
}

static json_t *job_parameters(const Call *call, const Container *container, const char *change)
{
        json_t *parameters =
                json_pack("{s:s,s:s}", "change", change, "directory", container->directory);
        static const char *const fields[] = { "key", "value", "text", "version" };

        for (size_t i = 0; parameters && i < ELEMENTS(fields); i++)
                if (call_has(call, fields[i]) &&
                    json_object_set(parameters, fields[i],
                                    json_object_get(call->parameters, fields[i])) < 0) {
                        json_decref(parameters);
                        return NULL;
                }
        return parameters;
}

int configure(Call *call,
              Container *container,
              const char *change_name,
              const char *live_file,
              Error *reterr)
{
        _cleanup_(change_free_p) Change *change = calloc(1, sizeof(*change));
        int r;

        if (!change)
                return error_oom(reterr);
        change->call = call_ref(call);
        change->container = strdup(container->id);
        change->parameters = job_parameters(call, container, change_name);
        change->live_file = live_file ? strdup(live_file) : NULL;
        if (!change->container || !change->parameters || (live_file && !change->live_file))
                return error_oom(reterr);
        r = live_file ? call_supervisor(change, call_string(call, "value"), on_applied, reterr)
                      : write_file(change, reterr);
        if (r < 0)
                return r;
        TAKE_PTR(change);
        return 0;
}
