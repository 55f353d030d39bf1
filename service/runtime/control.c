/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/control.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/path.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* A connection that failed is only marked: its methods may still be on the stack. */
struct Connection {
        Control *control;
        Connection *next;
        VarlinkStream *stream;
        Source *source, *timer;
        uint64_t id;
        ControlWait waits;
        bool dead;
        bool held; /* dead, and it held something */
};

struct Control {
        Loop *loop;
        const ControlMethod *methods;
        void (*on_release)(void *userdata);
        void *userdata;
        int fd;
        Source *source;
        Connection *connections;
        unsigned n_connections;
        uint64_t last_id;
};

static void connection_kill(Connection *c)
{
        if (c->dead)
                return;
        c->dead = true;
        c->held = c->waits == WAIT_HOLD || c->waits == WAIT_HELD;
        c->waits = WAIT_NOTHING;
        c->source = source_free(c->source);
        c->timer = source_free(c->timer);
        c->stream = varlink_stream_free(c->stream);
        c->control->n_connections--;
}

static void sweep(Control *control)
{
        Connection **link = &control->connections;
        bool released = false;

        while (*link) {
                Connection *c = *link;

                if (!c->dead) {
                        link = &c->next;
                        continue;
                }
                *link = c->next;
                released = released || c->held;
                free(c);
        }
        if (released && control->on_release)
                control->on_release(control->userdata);
}

/* Who waits does not read: his next call stays in the socket, only his going is of interest. */
static void update_events(Connection *c)
{
        uint32_t events;

        if (c->dead)
                return;
        events = varlink_stream_events(c->stream) | EPOLLRDHUP;
        if (c->waits != WAIT_NOTHING)
                events &= ~(uint32_t) EPOLLIN;
        if (source_set_events(c->source, events) < 0)
                connection_kill(c);
}

static void send_message(Connection *c, json_t *message, FdArray *fds)
{
        _cleanup_(json_decref_p) json_t *owned = message;
        FdArray none = { .n = 0 };
        int r = -ENOMEM;

        if (!c->dead && owned)
                r = varlink_stream_write(c->stream, owned, fds ? fds : &none);
        if (fds)
                fd_array_done(fds);
        if (r < 0)
                connection_kill(c);
        update_events(c);
}

static void wait_over(Connection *c)
{
        c->waits = WAIT_NOTHING;
        c->timer = source_free(c->timer);
}

void control_reply(Connection *connection, json_t *parameters, FdArray *fds)
{
        wait_over(connection);
        send_message(connection, varlink_reply_new(parameters, false), fds);
}

void control_reply_error(Connection *connection, const Error *error)
{
        wait_over(connection);
        send_message(connection, varlink_error_internal(error, INTERFACE_SUPERVISOR), NULL);
}

void control_answer(Control *control, ControlWait what, const Error *error)
{
        for (Connection *c = control->connections; c; c = c->next) {
                if (c->dead || c->waits != what)
                        continue;
                if (error)
                        control_reply_error(c, error);
                else
                        control_reply(c, NULL, NULL);
        }
}

bool control_awaits(const Control *control, ControlWait what)
{
        for (const Connection *c = control->connections; c; c = c->next)
                if (!c->dead && c->waits == what)
                        return true;
        return false;
}

static int on_stop_timeout(Source *source, int fd, uint32_t events, void *userdata)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        (void) error_public(&error, ERROR_TIMED_OUT,
                            "The container did not stop in that time; it runs on");
        control_reply_error(userdata, &error);
        return 0;
}

int control_wait(Connection *connection, ControlWait what, uint64_t timeout_usec, Error *reterr)
{
        if (timeout_usec != USEC_INFINITY &&
            loop_add_timer(connection->control->loop, now_usec() + timeout_usec, on_stop_timeout,
                           connection, &connection->timer) < 0)
                return error_oom(reterr);
        connection->waits = what;
        return CONTROL_LATER;
}

uint64_t control_id(const Connection *connection)
{
        return connection->id;
}

Connection *control_find(Control *control, uint64_t id)
{
        for (Connection *c = control->connections; c; c = c->next)
                if (c->id == id && !c->dead && c->waits == WAIT_REPLY)
                        return c;
        return NULL;
}

void control_hold(Control *control)
{
        for (Connection *c = control->connections; c; c = c->next)
                if (!c->dead && c->waits == WAIT_HOLD) {
                        c->waits = WAIT_HELD;
                        send_message(c, varlink_reply_new(NULL, true), NULL);
                }
}

int control_subscribe(Connection *connection, json_t *snapshot, Error *reterr)
{
        if (!snapshot)
                return error_oom(reterr);
        connection->waits = WAIT_EVENTS;
        send_message(connection, varlink_reply_new(snapshot, true), NULL);
        return CONTROL_LATER;
}

void control_publish(Control *control, json_t *event)
{
        for (Connection *c = control->connections; c; c = c->next)
                if (!c->dead && c->waits == WAIT_EVENTS)
                        send_message(c, varlink_reply_new(json_incref(event), true), NULL);
}

static const ControlMethod *find_method(const Control *control, const char *name)
{
        const char *member = startswith(name, INTERFACE_SUPERVISOR ".");
        const ControlMethod *method = control->methods;

        while (member && method->name && !streq(method->name, member))
                method++;
        return member && method->name ? method : NULL;
}

static void dispatch(Connection *c, const VarlinkCall *varlink, FdArray *fds)
{
        Control *control = c->control;
        const ControlMethod *method = find_method(control, varlink->method);
        _cleanup_(error_done) Error error = ERROR_NULL;
        ControlCall call = {
                .connection = c,
                .parameters = varlink->parameters,
                .more = varlink->more,
                .fds = *fds,
        };
        int r;

        fds->n = 0;
        if (method)
                r = method->function(&call, control->userdata, &error);
        else
                r = error_public(&error, ERROR_INVALID_ARGS, "There is no method '%s'",
                                 varlink->method);
        if (r == CONTROL_DONE)
                control_reply(c, TAKE_PTR(call.reply), &call.reply_fds);
        else if (r < 0)
                control_reply_error(c, &error);
        json_decref(call.reply);
        fd_array_done(&call.reply_fds);
        fd_array_done(&call.fds);
}

/* Return: > 0 a call was handled, 0 none is there, < 0 the connection is of no more use. */
static int read_call(Connection *c)
{
        _cleanup_(json_decref_p) json_t *message = NULL;
        _cleanup_(fd_array_done) FdArray fds = { .n = 0 };
        VarlinkCall call;
        int r;

        r = varlink_stream_read(c->stream, &message, &fds, NULL);
        if (r <= 0)
                return r;
        r = varlink_call_parse(message, &call, NULL);
        if (r < 0)
                return r;
        if (!call.oneway)
                dispatch(c, &call, &fds);
        r = call.oneway ? -EPROTO : 1; /* nothing here is worth doing unheard */
        varlink_call_done(&call);
        return r;
}

static int on_connection(Source *source, int fd, uint32_t events, void *userdata)
{
        Connection *c = userdata;
        Control *control = c->control;
        int r = 1;

        if (events & EPOLLOUT)
                r = varlink_stream_flush(c->stream) < 0 ? -EPIPE : 1;
        /* Calls already buffered give no further event. */
        while (r > 0 && !c->dead && c->waits == WAIT_NOTHING)
                r = read_call(c);
        if (r < 0 || (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)))
                connection_kill(c);
        update_events(c);
        sweep(control);
        return 0;
}

static bool peer_is_root(int fd)
{
        struct ucred peer;
        socklen_t size = sizeof(peer);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == 0;
}

static int connection_new(Control *control, int fd)
{
        Connection *c = calloc(1, sizeof(*c));
        int r;

        if (!c) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        r = varlink_stream_new(fd, VARLINK_MESSAGE_MAX, &c->stream);
        if (r == 0)
                r = loop_add_fd(control->loop, varlink_stream_fd(c->stream), EPOLLIN | EPOLLRDHUP,
                                on_connection, c, &c->source);
        if (r < 0) {
                (void) varlink_stream_free(c->stream);
                free(c);
                return r;
        }
        c->control = control;
        c->id = ++control->last_id;
        c->next = control->connections;
        control->connections = c;
        control->n_connections++;
        return 0;
}

static int on_listen(Source *source, int fd, uint32_t events, void *userdata)
{
        Control *control = userdata;
        int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        sweep(control);
        if (peer < 0)
                return 0;
        if (!peer_is_root(peer) || control->n_connections >= CONTROL_CONNECTIONS_MAX)
                (void) fd_close(peer);
        else
                (void) connection_new(control, peer);
        return 0;
}

/* Bound under a temporary name and renamed when it listens: who sees the socket can connect to it,
 * and an id may be longer than an address of a socket. */
static int bind_socket(int fd, int dir_fd, const char *name, Error *reterr)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char temporary[32];
        mode_t mask;
        int r;

        (void) snprintf(temporary, sizeof(temporary), ".%d", getpid());
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", fd_path(dir_fd).text,
                        temporary);
        if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot remove an old socket");
        mask = umask(0177);
        r = bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
        (void) umask(mask);
        if (r == 0 && listen(fd, CONTROL_CONNECTIONS_MAX) < 0)
                r = -errno;
        if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
                r = -errno;
        return r < 0 ? error_errno(reterr, -r, "Cannot listen on the control socket '%s'", name)
                     : 0;
}

int control_new(const ControlOptions *options, Control **ret, Error *reterr)
{
        _cleanup_(control_free_p) Control *control = calloc(1, sizeof(*control));
        int r;

        if (!control)
                return error_oom(reterr);
        *control = (Control){
                .loop = options->loop,
                .methods = options->methods,
                .on_release = options->on_release,
                .userdata = options->userdata,
                .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
        };
        if (control->fd < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        r = bind_socket(control->fd, options->dir_fd, options->name, reterr);
        if (r < 0)
                return r;
        r = loop_add_fd(control->loop, control->fd, EPOLLIN, on_listen, control, &control->source);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot watch the control socket");
        *ret = TAKE_PTR(control);
        return 0;
}

Control *control_free(Control *control)
{
        if (!control)
                return NULL;
        for (Connection *c = control->connections; c; c = c->next)
                connection_kill(c);
        sweep(control);
        (void) source_free(control->source);
        (void) fd_close(control->fd);
        free(control);
        return NULL;
}
