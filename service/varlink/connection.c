/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "varlink/connection.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/process.h"
#include "container/dispatch.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "varlink/service-interface.h"

struct VarlinkConnection {
        Manager *manager;
        VarlinkStream *stream;
        sd_event_source *source;
        sd_event_source *next_source; /* runs when there may be a message to handle */
        struct ucred peer;
        uint64_t start_time;
        Call *call;  /* pending; NULL: ready for the next */
        bool oneway; /* the present call wants no reply */
        bool lost;   /* nothing more can be read or written */
        VarlinkClosed closed;
        void *userdata;
};

uid_t varlink_connection_uid(const VarlinkConnection *connection)
{
        return connection->peer.uid;
}

/* One call at a time, and none while an answer waits to be read: so what is kept for a client is
 * one answer, however much it asks. (A stream's bound is that of the queue.) */
static bool is_ready(const VarlinkConnection *connection)
{
        return !connection->call && varlink_stream_queued(connection->stream) == 0;
}

/* Else only a hang-up is of interest, which epoll always tells. Of one that only closed its writing
 * end it is not told but for a stream: it would tell again and again until the answer is there. */
static void update_events(VarlinkConnection *connection)
{
        uint32_t events = varlink_stream_events(connection->stream);

        if (!is_ready(connection))
                events &= ~(uint32_t) EPOLLIN;
        if (connection->call && connection->call->more)
                events |= EPOLLRDHUP;
        (void) sd_event_source_set_io_events(connection->source, events);
}

/* A turn of the loop for this connection. A timer, since it stands in line behind what happened
 * before; a defer source counts as pending since it was made, and would be first for ever. */
static void wake(VarlinkConnection *connection)
{
        (void) sd_event_source_set_time_relative(connection->next_source, 0);
        (void) sd_event_source_set_enabled(connection->next_source, SD_EVENT_ONESHOT);
}

/* Ready for the next message: one that has come already makes no event. */
static void go_on(VarlinkConnection *connection)
{
        if (is_ready(connection) && varlink_stream_has_input(connection->stream))
                wake(connection);
        update_events(connection);
}

/* The end comes from the loop, never from within a verb's answer. */
static void lose(VarlinkConnection *connection)
{
        connection->lost = true;
        wake(connection);
}

static void send_message(VarlinkConnection *connection, json_t *message, FdArray *fds)
{
        _cleanup_(json_decref_p) json_t *owned = message;

        if (connection->lost || connection->oneway)
                return;
        if (!owned || varlink_stream_write(connection->stream, owned, fds) < 0)
                lose(connection);
        else
                update_events(connection);
}

/* --- the call's side --- */

static void answered(VarlinkConnection *connection)
{
        connection->call = call_unref(connection->call);
        go_on(connection);
}

static void on_reply(Call *call, json_t *result, FdArray *fds, bool continues)
{
        VarlinkConnection *connection = call->transport;

        if (!connection)
                return;
        send_message(connection, varlink_reply_new(json_incref(result), continues), fds);
        if (!continues)
                answered(connection);
}

static void on_fail(Call *call, const Error *error)
{
        VarlinkConnection *connection = call->transport;

        if (!connection)
                return;
        send_message(connection, varlink_error_from(error, call->table->interface), NULL);
        answered(connection);
}

static void on_free(Call *call)
{
}

static const CallOps call_ops = { on_reply, on_fail, on_free };

/* --- the stream's side --- */

static void
refuse(VarlinkConnection *connection, const char *name, const char *field, const char *value)
{
        send_message(connection, varlink_error_new(name, json_pack("{s:s}", field, value)), NULL);
}

static void begin(VarlinkConnection *connection,
                  const VerbTable *table,
                  const Verb *verb,
                  VarlinkCall *request,
                  FdArray *fds)
{
        Peer peer = { .uid = connection->peer.uid,
                      .pid = connection->peer.pid,
                      .start_time = connection->start_time };
        _cleanup_(call_unref_p) Call *call = NULL;

        call = call_new(connection->manager, table, verb, &call_ops, connection, &peer,
                        request->parameters, fds);
        if (!call) {
                lose(connection);
                return;
        }
        request->parameters = NULL;
        call->more = request->more;
        connection->call = call_ref(call);
        update_events(connection);
        dispatch(call);
}

static void handle(VarlinkConnection *connection, VarlinkCall *request, FdArray *fds)
{
        size_t interface_size = 0;
        const char *member = varlink_member(request->method, &interface_size);
        const VerbTable *table = member ? verb_table_find(request->method, interface_size) : NULL;
        const Verb *verb = table ? verb_find(table, member) : NULL;
        char interface[128];

        if (verb && (verb->flags & VERB_MORE) && !request->more)
                send_message(connection,
                             varlink_error_new(INTERFACE_VARLINK_SERVICE ".ExpectedMore", NULL),
                             NULL);
        else if (verb)
                begin(connection, table, verb, request, fds);
        else if (table)
                refuse(connection, INTERFACE_VARLINK_SERVICE ".MethodNotFound", "method",
                       request->method);
        else if (member && interface_size == strlen(INTERFACE_VARLINK_SERVICE) &&
                 memcmp(request->method, INTERFACE_VARLINK_SERVICE, interface_size) == 0)
                send_message(connection, varlink_service_call(member, request->parameters), NULL);
        else {
                (void) snprintf(interface, sizeof(interface), "%.*s", (int) interface_size,
                                request->method);
                refuse(connection, INTERFACE_VARLINK_SERVICE ".InterfaceNotFound", "interface",
                       interface);
        }
}

static int handle_message(VarlinkConnection *connection, json_t *message, FdArray *fds)
{
        VarlinkCall request = { 0 };
        Error error = ERROR_NULL;
        int r;

        connection->oneway = false;
        r = varlink_call_parse(message, &request, &error);
        if (r < 0) {
                send_message(connection, varlink_error_from(&error, INTERFACE_MANAGER), NULL);
                error_done(&error);
                return r;
        }
        connection->oneway = request.oneway;
        handle(connection, &request, fds);
        varlink_call_done(&request);
        return 0;
}

/* One message a turn of the loop: a client that never pauses must not hold up the others.
 * Return: < 0 the connection is over. */
static int read_next(VarlinkConnection *connection)
{
        _cleanup_(json_decref_p) json_t *message = NULL;
        _cleanup_(fd_array_done) FdArray fds = { .n = 0 };
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        if (!is_ready(connection))
                return 0;
        r = varlink_stream_read(connection->stream, &message, &fds, &error);
        if (r == -EBADMSG || r == -EMSGSIZE)
                /* Told once, then closed: what follows in the stream means nothing. */
                send_message(connection, varlink_error_from(&error, INTERFACE_MANAGER), NULL);
        if (r <= 0)
                return r;
        r = handle_message(connection, message, &fds);
        return r < 0 || connection->lost ? -ECONNRESET : 0;
}

static void end(VarlinkConnection *connection)
{
        connection->closed(connection, connection->userdata);
}

static int on_next(sd_event_source *source, uint64_t usec, void *userdata)
{
        VarlinkConnection *connection = userdata;

        if (connection->lost || read_next(connection) < 0)
                end(connection);
        else
                go_on(connection);
        return 0;
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        VarlinkConnection *connection = userdata;

        if ((events & EPOLLOUT) && varlink_stream_flush(connection->stream) < 0)
                connection->lost = true;
        /* What a client sent before it went is still done, but for what its answers held up. */
        if ((events & (EPOLLHUP | EPOLLERR)) && !is_ready(connection))
                connection->lost = true;
        if ((events & EPOLLRDHUP) && connection->call && connection->call->more)
                connection->lost = true;
        if (connection->lost || ((events & (EPOLLIN | EPOLLHUP)) && read_next(connection) < 0))
                end(connection);
        else
                go_on(connection);
        return 0;
}

int varlink_connection_new(Manager *manager,
                           int fd,
                           VarlinkClosed closed,
                           void *userdata,
                           VarlinkConnection **ret,
                           Error *reterr)
{
        _cleanup_(fd_close_p) int owned = fd;
        VarlinkConnection *connection = calloc(1, sizeof(*connection));
        socklen_t size = sizeof(connection->peer);
        int r;

        if (!connection)
                return error_oom(reterr);
        connection->manager = manager;
        connection->closed = closed;
        connection->userdata = userdata;
        r = getsockopt(owned, SOL_SOCKET, SO_PEERCRED, &connection->peer, &size) < 0 ? -errno : 0;
        /* At once: a pid alone may be another process's later. */
        if (r == 0 && process_start_time(connection->peer.pid, &connection->start_time) < 0)
                connection->start_time = 0;
        if (r == 0)
                r = varlink_stream_new(TAKE_FD(owned), VARLINK_MESSAGE_MAX, &connection->stream);
        if (r == 0)
                r = sd_event_add_io(manager->event, &connection->source,
                                    varlink_stream_fd(connection->stream), EPOLLIN, on_io,
                                    connection);
        if (r >= 0)
                r = sd_event_add_time_relative(manager->event, &connection->next_source,
                                               CLOCK_MONOTONIC, 0, 0, on_next, connection);
        if (r >= 0)
                r = sd_event_source_set_enabled(connection->next_source, SD_EVENT_OFF);
        if (r < 0) {
                (void) varlink_connection_free(connection);
                return error_errno(reterr, -r, "Cannot serve a client");
        }
        *ret = connection;
        return 0;
}

VarlinkConnection *varlink_connection_free(VarlinkConnection *connection)
{
        Call *call;

        if (!connection)
                return NULL;
        call = connection->call;
        connection->call = NULL;
        if (call) {
                call->transport = NULL;
                call_hangup(call);
                (void) call_unref(call);
        }
        (void) sd_event_source_disable_unref(connection->source);
        (void) sd_event_source_disable_unref(connection->next_source);
        (void) varlink_stream_free(connection->stream);
        free(connection);
        return NULL;
}
