/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "varlink/server.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "container/charge.h"
#include "varlink/connection.h"

struct VarlinkServer {
        Manager *manager;
        int fd;
        sd_event_source *source;
        Charges *charges; /* connections per user */
        VarlinkConnection *connections[CONNECTIONS_MAX];
        size_t n;
};

static void on_closed(VarlinkConnection *connection, void *userdata)
{
        VarlinkServer *server = userdata;

        for (size_t i = 0; i < server->n; i++)
                if (server->connections[i] == connection) {
                        server->connections[i] = server->connections[--server->n];
                        break;
                }
        charge_give(server->charges, varlink_connection_uid(connection));
        (void) varlink_connection_free(connection);
}

/* Beyond the limits a client is closed on, so that it does not wait for what will not come. Root's
 * own connections are only bounded by the whole. */
static bool admit(VarlinkServer *server, VarlinkConnection *connection)
{
        uid_t uid = varlink_connection_uid(connection);

        return server->n < CONNECTIONS_MAX &&
               charge_take(server->charges, uid,
                           uid == 0 ? CONNECTIONS_MAX : CONNECTIONS_PER_USER_MAX) == 0;
}

static int on_listen(sd_event_source *source, int listen_fd, uint32_t events, void *userdata)
{
        VarlinkServer *server = userdata;
        VarlinkConnection *connection;
        Error error = ERROR_NULL;
        int fd;

        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                        log_event(LOG_ERR, NULL, "Cannot accept a client: %s", strerror(errno));
                return 0;
        }
        if (varlink_connection_new(server->manager, fd, on_closed, server, &connection, &error) <
            0) {
                log_error_event(LOG_ERR, NULL, &error, NULL);
                error_done(&error);
                return 0;
        }
        if (admit(server, connection))
                server->connections[server->n++] = connection;
        else
                (void) varlink_connection_free(connection);
        return 0;
}

int varlink_server_new(Manager *manager, int listen_fd, VarlinkServer **ret, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = listen_fd;
        _cleanup_(varlink_server_free_p) VarlinkServer *server = calloc(1, sizeof(*server));
        int r;

        if (!server)
                return error_oom(reterr);
        server->fd = TAKE_FD(fd);
        server->manager = manager;
        server->charges = charges_new();
        if (!server->charges)
                return error_oom(reterr);
        r = fd_set_nonblock(server->fd, true);
        if (r == 0)
                r = sd_event_add_io(manager->event, &server->source, server->fd, EPOLLIN, on_listen,
                                    server);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot listen for varlink clients");
        *ret = TAKE_PTR(server);
        return 0;
}

VarlinkServer *varlink_server_free(VarlinkServer *server)
{
        if (!server)
                return NULL;
        while (server->n > 0)
                on_closed(server->connections[server->n - 1], server);
        (void) sd_event_source_disable_unref(server->source);
        (void) charges_free(server->charges);
        (void) fd_close(server->fd);
        free(server);
        return NULL;
}
