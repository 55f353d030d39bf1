/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection carries one call at a time: while it follows a job, nothing more is read from it, but
 * its end is noticed. A job never ends because a connection does. */

#include "storage/server.h"

#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "interfaces/names.h"
#include "interfaces/varlink-message.h"
#include "interfaces/varlink-stream.h"
#include "storage/child.h"
#include "storage/task.h"

typedef struct Connection {
        Server *server;
        struct Connection *next;
        VarlinkStream *stream;
        Source *source;
        Task *following;
        bool dead; /* freed by the next sweep */
} Connection;

struct Server {
        Loop *loop;
        const ServerOptions *options;
        TaskContext context;
        Source *listen, *idle, *sweep;
        Connection *connections;
        Task *tasks;
        Child *collector;
};

static void update_idle(Server *server)
{
        bool busy = server->connections || server->tasks || server->collector;

        source_set_time(server->idle, busy || server->options->idle_usec == USEC_INFINITY
                                              ? USEC_INFINITY
                                              : now_usec() + server->options->idle_usec);
}

static int on_idle(Source *source, int fd, uint32_t events, void *userdata)
{
        Server *server = userdata;

        loop_exit(server->loop, 0);
        return 0;
}

static Connection *connection_free(Connection *connection)
{
        (void) source_free(connection->source);
        (void) varlink_stream_free(connection->stream);
        free(connection);
        return NULL;
}

static void connection_process(Connection *connection);

/* Connections die while lists are walked, so they are only marked, and freed from a timer. */
static void connection_kill(Connection *connection)
{
        connection->dead = true;
        connection->following = NULL;
        connection->source = source_free(connection->source);
        source_set_time(connection->server->sweep, 0);
}

static int on_sweep(Source *source, int fd, uint32_t events, void *userdata)
{
        Server *server = userdata;
        Connection **link = &server->connections;

        for (Connection *c = server->connections; c; c = c->next)
                if (!c->dead && !c->following && varlink_stream_has_input(c->stream))
                        connection_process(c);
        while (*link) {
                Connection *connection = *link;

                if (!connection->dead) {
                        link = &connection->next;
                        continue;
                }
                *link = connection->next;
                (void) connection_free(connection);
        }
        update_idle(server);
        return 0;
}

/* Takes `message`. Return: whether it could be sent. */
static bool connection_send(Connection *connection, json_t *message)
{
        int r;

        if (connection->dead || !message) {
                json_decref(message);
                return false;
        }
        r = varlink_stream_write(connection->stream, message, NULL);
        json_decref(message);
        if (r < 0)
                connection_kill(connection);
        return r == 0;
}

static void connection_update(Connection *connection)
{
        uint32_t events;

        if (connection->dead)
                return;
        events = varlink_stream_events(connection->stream);
        if (connection->following)
                events = (events & ~(uint32_t) EPOLLIN) | EPOLLRDHUP;
        if (source_set_events(connection->source, events) < 0)
                connection_kill(connection);
}

static void task_drop(Server *server, Task *task)
{
        for (Task **link = &server->tasks; *link; link = &(*link)->next)
                if (*link == task) {
                        *link = task->next;
                        break;
                }
        (void) task_free(task);
        update_idle(server);
}

static int on_expiry(Source *source, int fd, uint32_t events, void *userdata)
{
        Task *task = userdata;
        Server *server = task->context->userdata;

        task->expiry = source_free(task->expiry);
        if (task_is_gone(task))
                task_drop(server, task);
        return 0;
}

/* Lets the outcome go after a while, at once when it was told. */
static void expire(Server *server, Task *task, uint64_t after_usec)
{
        task->expiry = source_free(task->expiry);
        if (loop_add_timer(server->loop, now_usec() + after_usec, on_expiry, task, &task->expiry) <
            0)
                task->expiry = NULL;
}

static void on_task_event(Task *task, const json_t *parameters, void *userdata)
{
        Server *server = userdata;

        for (Connection *c = server->connections; c; c = c->next)
                if (c->following == task) {
                        (void) connection_send(c,
                                               varlink_reply_new(json_deep_copy(parameters), true));
                        connection_update(c);
                }
}

static void on_task_end(Task *task, void *userdata)
{
        Server *server = userdata;
        bool told = false;

        for (Connection *c = server->connections; c; c = c->next)
                if (c->following == task) {
                        c->following = NULL;
                        told = connection_send(c, json_deep_copy(task_outcome(task))) || told;
                        connection_update(c);
                }
        /* What they sent meanwhile is read now. */
        source_set_time(server->sweep, 0);
        expire(server, task, told ? 0 : server->options->keep_usec);
}

static void on_task_gone(Task *task, void *userdata)
{
        Server *server = userdata;

        /* Its time came while it was still removing things. */
        if (!task->expiry)
                task_drop(server, task);
}

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

static int check_room(Server *server, const TaskSpec *spec, Error *reterr)
{
        unsigned n = 0;

        if (find_task(server, spec->number))
                return error_public(reterr, ERROR_INVALID_ARGS, "There is already a job %lld",
                                    (long long) spec->number);
        for (const Task *task = server->tasks; task; task = task->next) {
                if (task->state != TASK_RUNNING)
                        continue;
                n++;
                if (streq(task->container, spec->container))
                        return error_public(reterr, ERROR_BUSY,
                                            "Job %lld is at work on container '%s'",
                                            (long long) task->number, spec->container);
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
        return container_id_check(ret->container, reterr);
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
                expire(connection->server, task, 0);
        return 0;
}

static int method_list(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *jobs = json_array();

        for (const Task *task = connection->server->tasks; task; task = task->next)
                if (json_array_insert_new(jobs, 0,
                                          json_pack("{s:I,s:s,s:s,s:I,s:s}", "job",
                                                    (json_int_t) task->number, "kind",
                                                    task->kind->name, "container", task->container,
                                                    "owner", (json_int_t) task->owner, "state",
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

static int call_method(Connection *connection, const VarlinkCall *call, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(methods); i++)
                if (streq(methods[i].name, call->method))
                        return methods[i].function(connection, call, reterr);
        return error_public(reterr, ERROR_NOT_SUPPORTED, "The job runner has no method '%.80s'",
                            call->method);
}

static void handle_call(Connection *connection, json_t *message)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        VarlinkCall call = { 0 };

        if (varlink_call_parse(message, &call, &error) < 0) {
                connection_kill(connection);
                return;
        }
        if (call_method(connection, &call, &error) < 0)
                (void) connection_send(connection,
                                       varlink_error_internal(&error, INTERFACE_WORKER));
        varlink_call_done(&call);
}

static void connection_process(Connection *connection)
{
        while (!connection->dead && !connection->following) {
                json_t *message;
                int r = varlink_stream_read(connection->stream, &message, NULL, NULL);

                if (r == 0)
                        break;
                if (r < 0) {
                        connection_kill(connection);
                        break;
                }
                handle_call(connection, message);
                json_decref(message);
        }
        connection_update(connection);
}

static int on_connection(Source *source, int fd, uint32_t events, void *userdata)
{
        Connection *connection = userdata;

        if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
                connection_kill(connection);
                return 0;
        }
        if ((events & EPOLLOUT) && varlink_stream_flush(connection->stream) < 0) {
                connection_kill(connection);
                return 0;
        }
        connection_process(connection);
        return 0;
}

/* Root, and for tests whoever we are. */
static bool peer_is_allowed(int fd)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
               (peer.uid == 0 || peer.uid == geteuid());
}

static unsigned n_connections(const Server *server)
{
        unsigned n = 0;

        for (const Connection *c = server->connections; c; c = c->next)
                n++;
        return n;
}

static int on_listen(Source *source, int fd, uint32_t events, void *userdata)
{
        Server *server = userdata;
        Connection *connection;
        int peer_fd;

        peer_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer_fd < 0)
                return 0;
        connection = peer_is_allowed(peer_fd) && n_connections(server) < SERVER_CONNECTIONS_MAX
                             ? calloc(1, sizeof(*connection))
                             : NULL;
        if (!connection) {
                (void) fd_close(peer_fd);
                return 0;
        }
        connection->server = server;
        if (varlink_stream_new(peer_fd, VARLINK_MESSAGE_MAX, &connection->stream) < 0 ||
            loop_add_fd(server->loop, varlink_stream_fd(connection->stream), EPOLLIN, on_connection,
                        connection, &connection->source) < 0) {
                (void) connection_free(connection);
                return 0;
        }
        connection->next = server->connections;
        server->connections = connection;
        update_idle(server);
        return 0;
}

static int collect_main(void *userdata)
{
        const Server *server = userdata;

        job_collect(server->options->container_path);
        return 0;
}

static void on_collected(int code, int sig, void *userdata)
{
        Server *server = userdata;

        server->collector = NULL;
        update_idle(server);
}

/* What an earlier life of ours left behind. */
static int start_collector(Server *server)
{
        ChildSpec spec = {
                .group_fd = -EBADF,
                .keep_fd = -EBADF,
                .main = collect_main,
                .end = on_collected,
                .userdata = server,
        };

        return server->options->container_path
                       ? child_start(server->loop, &spec, &server->collector)
                       : 0;
}

int work_server_new(Loop *loop, const ServerOptions *options, Server **ret, Error *reterr)
{
        _cleanup_(work_server_free_p) Server *server = calloc(1, sizeof(*server));
        int r;

        if (!server)
                return error_oom(reterr);
        server->loop = loop;
        server->options = options;
        server->context = (TaskContext){
                .loop = loop,
                .group_fd = options->group_fd,
                .lock_dir = options->lock_dir,
                .template_directories = options->template_directories,
                .on_event = on_task_event,
                .on_end = on_task_end,
                .on_gone = on_task_gone,
                .userdata = server,
        };
        r = loop_add_timer(loop, USEC_INFINITY, on_idle, server, &server->idle);
        if (r == 0)
                r = loop_add_timer(loop, USEC_INFINITY, on_sweep, server, &server->sweep);
        if (r == 0)
                r = loop_add_fd(loop, options->listen_fd, EPOLLIN, on_listen, server,
                                &server->listen);
        if (r == 0)
                r = start_collector(server);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot serve jobs");
        update_idle(server);
        *ret = TAKE_PTR(server);
        return 0;
}

Server *work_server_free(Server *server)
{
        if (!server)
                return NULL;
        while (server->connections) {
                Connection *connection = server->connections;

                server->connections = connection->next;
                (void) connection_free(connection);
        }
        while (server->tasks) {
                Task *task = server->tasks;

                server->tasks = task->next;
                (void) task_free(task);
        }
        (void) child_abandon(server->collector);
        (void) source_free(server->listen);
        (void) source_free(server->idle);
        (void) source_free(server->sweep);
        free(server);
        return NULL;
}
