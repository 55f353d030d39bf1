/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/varlink-client.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/process.h"

struct VarlinkClient {
        VarlinkStream *stream;
};

int varlink_client_new(int fd, VarlinkClient **ret, Error *reterr)
{
        _cleanup_(varlink_stream_free_p) VarlinkStream *stream = NULL;
        VarlinkClient *client;
        int r;

        r = varlink_stream_new(fd, VARLINK_REPLY_MAX, &stream);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot use the connection");
        client = calloc(1, sizeof(*client));
        if (!client)
                return error_oom(reterr);
        client->stream = TAKE_PTR(stream);
        *ret = client;
        return 0;
}

int varlink_client_connect(const char *path, VarlinkClient **ret, Error *reterr)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(fd_close_p) int fd = -EBADF;

        if (strlen(path) >= sizeof(address.sun_path))
                return error_errno(reterr, ENAMETOOLONG, "Cannot connect to '%s'", path);
        (void) strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0) {
                int r = error_errno(reterr, errno, "Cannot connect to the service at '%s'", path);

                if (r == -ENOENT || r == -ECONNREFUSED)
                        return error_code(reterr, 0, -r,
                                          "The service does not run (nothing listens on '%s'); "
                                          "start it with: systemctl start nagaya.socket",
                                          path);
                return r;
        }
        return varlink_client_new(TAKE_FD(fd), ret, reterr);
}

VarlinkClient *varlink_client_free(VarlinkClient *client)
{
        if (!client)
                return NULL;
        (void) varlink_stream_free(client->stream);
        free(client);
        return NULL;
}

int varlink_client_fd(const VarlinkClient *client)
{
        return varlink_stream_fd(client->stream);
}

bool varlink_client_has_input(const VarlinkClient *client)
{
        return varlink_stream_has_input(client->stream);
}

int varlink_client_send(VarlinkClient *client,
                        const char *method,
                        json_t *parameters,
                        bool more,
                        FdArray *fds,
                        Error *reterr)
{
        _cleanup_(json_decref_p) json_t *message = varlink_call_new(method, parameters, more);
        int r;

        if (!message)
                return error_oom(reterr);
        r = varlink_stream_write(client->stream, message, fds);
        return r < 0 ? error_errno(reterr, -r, "Cannot send the call '%s'", method) : 0;
}

static int receive_message(
        VarlinkClient *client, uint64_t timeout_usec, json_t **ret, FdArray *ret_fds, Error *reterr)
{
        uint64_t until = timeout_usec == USEC_INFINITY ? USEC_INFINITY : now_usec() + timeout_usec;

        for (;;) {
                uint64_t now;
                int r = varlink_stream_read(client->stream, ret, ret_fds, reterr);

                if (r != 0)
                        return r;
                now = now_usec();
                r = varlink_stream_wait(client->stream, until == USEC_INFINITY ? until
                                                        : until > now          ? until - now
                                                                               : 0);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot wait for the service");
        }
}

int varlink_client_receive(
        VarlinkClient *client, uint64_t timeout_usec, json_t **ret, FdArray *ret_fds, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *message = NULL;
        FdArray fds = { .n = 0 };
        VarlinkReply reply = { 0 };
        int r;

        r = receive_message(client, timeout_usec, &message, &fds, reterr);
        if (r < 0)
                return r;
        r = varlink_reply_parse(message, &reply, reterr);
        if (r == 0 && reply.error)
                r = varlink_error_to(&reply, reterr);
        else if (r == 0) {
                r = reply.continues;
                if (ret)
                        *ret = json_incref(reply.parameters);
                if (ret_fds) {
                        *ret_fds = fds;
                        fds.n = 0;
                }
        }
        fd_array_done(&fds);
        varlink_reply_done(&reply);
        return r;
}

int varlink_client_call(
        VarlinkClient *client, const char *method, json_t *parameters, json_t **ret, Error *reterr)
{
        int r = varlink_client_send(client, method, parameters, false, NULL, reterr);

        return r < 0 ? r : varlink_client_receive(client, USEC_INFINITY, ret, NULL, reterr);
}
