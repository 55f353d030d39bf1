/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A connection carries one call at a time: while it follows a job, nothing more is read from it, but
 * its end is noticed. A job never ends because a connection does. */

#include "storage/work/server.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"
#include "interfaces/names.h"
#include "storage/work/job-kind.h"
#include "storage/work/server-private.h"

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

bool connection_send(Connection *connection, json_t *message)
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

void server_expire(Server *server, Task *task, uint64_t after_usec)
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
        server_expire(server, task, told ? 0 : server->options->keep_usec);
}

/* What only removes things may be stopped at any time: the next runner goes on with it. What is still to be
 * written to the disk may not: after the next boot nobody knew whether it had been. */
static void leave_when_done(Server *server)
{
        for (const Task *task = server->tasks; task; task = task->next)
                if (task->state == TASK_RUNNING)
                        return;
        for (const Task *task = server->tasks; task; task = task->next)
                task_sync(task);
        loop_exit(server->loop, 0);
}

static int on_stop(Source *source, int fd, uint32_t events, void *userdata)
{
        Server *server = userdata;

        server->stopping = true;
        server->stop = source_free(server->stop);
        server->listen = source_free(server->listen);
        for (Task *task = server->tasks; task; task = task->next)
                task_cancel(task);
        leave_when_done(server);
        return 0;
}

static void on_task_gone(Task *task, void *userdata)
{
        Server *server = userdata;

        if (server->stopping)
                leave_when_done(server);
        /* Its time came while it was still removing things. */
        if (!task->expiry)
                task_drop(server, task);
}

static void handle_call(Connection *connection, json_t *message)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        VarlinkCall call = { 0 };

        if (varlink_call_parse(message, &call, &error) < 0) {
                connection_kill(connection);
                return;
        }
        if (server_call(connection, &call, &error) < 0)
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

        job_collect(server->options->container_path, server->options->lock_dir, server->begun_fd);
        return 0;
}

static int listen_to(Server *server)
{
        return loop_add_fd(server->loop, server->options->listen_fd, EPOLLIN, on_listen, server,
                           &server->listen);
}

static int on_recovered(Source *source, int fd, uint32_t events, void *userdata)
{
        Server *server = userdata;

        server->recovered = source_free(server->recovered);
        server->recovered_fd = fd_close(server->recovered_fd);
        return server->stopping ? 0 : listen_to(server);
}

static void on_collected(int code, int sig, void *userdata)
{
        Server *server = userdata;

        server->collector = NULL;
        update_idle(server);
}

/* What an earlier life of ours left behind. A job that meets a container half renamed would fail by it: the
 * pipe ends when there is none any more, also when the collector does. */
static int start_collector(Server *server)
{
        ChildSpec spec = {
                .group_fd = -EBADF,
                .main = collect_main,
                .end = on_collected,
                .userdata = server,
        };
        int pair[2], r;

        if (!server->options->container_path)
                return listen_to(server);
        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        server->recovered_fd = pair[0];
        server->begun_fd = spec.keep_fd = pair[1];
        r = child_start(server->loop, &spec, &server->collector);
        (void) fd_close(pair[1]);
        return r < 0 ? r
                     : loop_add_fd(server->loop, pair[0], EPOLLIN, on_recovered, server,
                                   &server->recovered);
}

int work_server_new(Loop *loop, const ServerOptions *options, Server **ret, Error *reterr)
{
        _cleanup_(work_server_free_p) Server *server = calloc(1, sizeof(*server));
        int r;

        if (!server)
                return error_oom(reterr);
        server->loop = loop;
        server->options = options;
        server->recovered_fd = -EBADF;
        server->context = (TaskContext){
                .loop = loop,
                .group_fd = options->group_fd,
                .lock_dir = options->lock_dir,
                .container_path = options->container_path,
                .template_directories = options->template_directories,
                .unit_directories = options->unit_directories,
                .on_event = on_task_event,
                .on_end = on_task_end,
                .on_gone = on_task_gone,
                .userdata = server,
        };
        r = loop_add_timer(loop, USEC_INFINITY, on_idle, server, &server->idle);
        if (r == 0)
                r = loop_add_timer(loop, USEC_INFINITY, on_sweep, server, &server->sweep);
        if (r == 0 && options->stop_fd >= 0)
                r = loop_add_fd(loop, options->stop_fd, EPOLLIN, on_stop, server, &server->stop);
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
        (void) source_free(server->recovered);
        (void) fd_close(server->recovered_fd);
        (void) source_free(server->listen);
        (void) source_free(server->stop);
        (void) source_free(server->idle);
        (void) source_free(server->sweep);
        free(server);
        return NULL;
}
