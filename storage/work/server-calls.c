/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "interfaces/names.h"
#include "storage/work/server-private.h"

static Task *find_task(Server *server, int64_t number)
{
        for (Task *task = server->tasks; task; task = task->next)
                if (task->number == number)
                        return task;
        return NULL;
}

static int no_such_job(int64_t number, Error *reterr)
{
        return error_public(reterr, ERROR_NO_SUCH_JOB, "There is no job %lld", (long long) number);
}

static int need_integer(const json_t *parameters, const char *field, int64_t *ret, Error *reterr)
{
        int r = json_get_integer(parameters, field, ret, reterr);

        if (r == 0)
                r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' is missing", field);
        return r < 0 ? r : 0;
}

static int need_string(const json_t *parameters, const char *field, const char **ret, Error *reterr)
{
        int r = json_get_string(parameters, field, ret, reterr);

        if (r == 0)
                r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' is missing", field);
        return r < 0 ? r : 0;
}

/* The container that both work on, or NULL. */
static const char *find_shared(const TaskSpec *spec, const Task *task)
{
        const char *const ours[] = { spec->container, spec->other };

        for (size_t i = 0; i < ELEMENTS(ours); i++)
                if (ours[i] && (streq(ours[i], task->container) || streq0(ours[i], task->other)))
                        return ours[i];
        return NULL;
}

static int check_room(Server *server, const TaskSpec *spec, Error *reterr)
{
        unsigned n = 0;

        if (server->stopping)
                return error_public(reterr, ERROR_BUSY, "The job runner is stopping; try again");
        if (find_task(server, spec->number))
                return error_public(reterr, ERROR_INVALID_ARGS, "There is already a job %lld",
                                    (long long) spec->number);
        for (const Task *task = server->tasks; task; task = task->next) {
                const char *shared = find_shared(spec, task);

                if (task->state != TASK_RUNNING)
                        continue;
                n++;
                if (spec->kind->brief || task->kind->brief)
                        continue;
                if (shared)
                        return error_public(reterr, ERROR_BUSY,
                                            "Job %lld is at work on container '%s'",
                                            (long long) task->number, shared);
        }
        if (n >= SERVER_TASKS_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "%d jobs are at work already; try again when one has ended",
                                    SERVER_TASKS_MAX);
        return 0;
}

static int read_spec(const json_t *parameters, TaskSpec *ret, Error *reterr)
{
        const char *kind = NULL;
        int64_t protocol = 0;
        int r;

        r = need_integer(parameters, "protocol", &protocol, reterr);
        if (r == 0 && protocol != WORKER_PROTOCOL)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "The job runner speaks protocol %d, not %lld", WORKER_PROTOCOL,
                                    (long long) protocol);
        if (r == 0)
                r = need_integer(parameters, "job", &ret->number, reterr);
        if (r == 0)
                r = need_integer(parameters, "owner", &ret->owner, reterr);
        if (r == 0)
                r = need_string(parameters, "kind", &kind, reterr);
        if (r == 0)
                r = need_string(parameters, "container", &ret->container, reterr);
        if (r == 0)
                r = json_get_string(parameters, "other", &ret->other, reterr);
        if (r < 0)
                return r;
        ret->kind = job_kind_find(kind);
        if (!ret->kind)
                return error_public(reterr, ERROR_NOT_SUPPORTED, "There is no kind of job '%.40s'",
                                    kind);
        ret->parameters = json_object_get(parameters, "parameters");
        if (!json_is_object(ret->parameters))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Parameter 'parameters' must be an object");
        if (ret->kind->site == SITE_NONE)
                return 0;
        return ret->kind->site == SITE_ANY_NAME ? container_id_check_any(ret->container, reterr)
                                                : container_id_check(ret->container, reterr);
}

static int need_more(const VarlinkCall *call, Error *reterr)
{
        if (call->more)
                return 0;
        return error_public(reterr, ERROR_INVALID_ARGS, "Method '%s' needs the 'more' flag",
                            call->method);
}

static int method_run(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        Server *server = connection->server;
        TaskSpec spec = { 0 };
        Task *task;
        int r;

        r = need_more(call, reterr);
        if (r == 0)
                r = read_spec(call->parameters, &spec, reterr);
        if (r == 0)
                r = check_room(server, &spec, reterr);
        if (r == 0)
                r = task_start(&server->context, &spec, &task, reterr);
        if (r < 0)
                return r;
        task->next = server->tasks;
        server->tasks = task;
        connection->following = task;
        (void) connection_send(connection,
                               varlink_reply_new(json_pack("{s:s}", "event", "started"), true));
        return 0;
}

static int method_follow(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *history = NULL;
        json_t *item;
        int64_t number;
        Task *task;
        size_t i;
        int r;

        r = need_more(call, reterr);
        if (r == 0)
                r = need_integer(call->parameters, "job", &number, reterr);
        if (r < 0)
                return r;
        task = find_task(connection->server, number);
        history = task ? task_history(task) : NULL;
        if (!task)
                return no_such_job(number, reterr);
        json_array_foreach(history, i, item)
                (void) connection_send(connection, varlink_reply_new(json_incref(item), true));
        if (task->state == TASK_RUNNING)
                connection->following = task;
        else if (connection_send(connection, json_deep_copy(task_outcome(task))))
                server_expire(connection->server, task, 0);
        return 0;
}

static int method_list(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *jobs = json_array();

        for (const Task *task = connection->server->tasks; task; task = task->next)
                if (!task->kind->brief &&
                    json_array_insert_new(jobs, 0,
                                          json_pack("{s:I,s:s,s:s,s:s*,s:I,s:s}", "job",
                                                    (json_int_t) task->number, "kind",
                                                    task->kind->name, "container", task->container,
                                                    "other", task->other, "owner",
                                                    (json_int_t) task->owner, "state",
                                                    task_state_name(task->state))) < 0)
                        return error_oom(reterr);
        (void) connection_send(connection,
                               varlink_reply_new(json_pack("{s:O}", "jobs", jobs), false));
        return 0;
}

static int method_cancel(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        int64_t number;
        Task *task;
        int r;

        r = need_integer(call->parameters, "job", &number, reterr);
        if (r < 0)
                return r;
        task = find_task(connection->server, number);
        if (!task)
                return no_such_job(number, reterr);
        task_cancel(task);
        (void) connection_send(connection, varlink_reply_new(NULL, false));
        return 0;
}

typedef struct MethodRow {
        const char *name;
        int (*function)(Connection *connection, const VarlinkCall *call, Error *reterr);
} MethodRow;

static const MethodRow methods[] = {
        { INTERFACE_WORKER ".Run", method_run },
        { INTERFACE_WORKER ".Follow", method_follow },
        { INTERFACE_WORKER ".List", method_list },
        { INTERFACE_WORKER ".Cancel", method_cancel },
};

int server_call(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(methods); i++)
                if (streq(methods[i].name, call->method))
                        return methods[i].function(connection, call, reterr);
        return error_public(reterr, ERROR_NOT_SUPPORTED, "The job runner has no method '%.80s'",
                            call->method);
}
