/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/client.h"

#include <fcntl.h>
#include <poll.h>
#include <time.h>

#include "base/process.h"
#include "interfaces/errors.h"

#define RETRY_USEC (50 * USEC_PER_MSEC)

int client_connect(const Context *context, VarlinkClient **ret, Error *reterr)
{
        return varlink_client_connect(context->address, ret, reterr);
}

json_t *client_parameters(const char *container)
{
        return json_pack("{s:s}", "container", container);
}

bool client_may_ask(const Context *context, const Error *error)
{
        return error->code == ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED && context->ask;
}

bool client_lost(const VarlinkClient *client)
{
        struct pollfd pollfd = { .fd = varlink_client_fd(client), .events = POLLRDHUP };

        /* The errno would not tell: a job may fail with any. */
        return poll(&pollfd, 1, 0) > 0 && (pollfd.revents & (POLLHUP | POLLRDHUP | POLLERR));
}

static int copy_fds(const FdArray *fds, FdArray *ret, Error *reterr)
{
        *ret = (FdArray){ .n = 0 };
        for (size_t i = 0; fds && i < fds->n; i++) {
                int fd = fcntl(fds->fds[i], F_DUPFD_CLOEXEC, 3);

                if (fd < 0) {
                        int r = error_errno(reterr, errno, "Cannot duplicate a file descriptor");

                        fd_array_done(ret);
                        return r;
                }
                ret->fds[ret->n++] = fd;
        }
        return 0;
}

static int exchange(Context *context,
                    const char *method,
                    json_t *parameters,
                    const FdArray *fds,
                    json_t **ret,
                    FdArray *ret_fds,
                    Error *reterr)
{
        FdArray copies;
        int r;

        if (!context->client) {
                r = client_connect(context, &context->client, reterr);
                if (r < 0)
                        return r;
        }
        r = copy_fds(fds, &copies, reterr);
        if (r < 0)
                return r;
        r = varlink_client_send(context->client, method, json_incref(parameters), false, &copies,
                                reterr);
        fd_array_done(&copies);
        if (r < 0)
                return r;
        r = varlink_client_receive(context->client, USEC_INFINITY, ret, ret_fds, reterr);
        if (r > 0)
                return error_errno(reterr, EBADMSG, "The service answered '%s' more than once",
                                   method);
        return r;
}

int client_call_fds(Context *context,
                    const char *method,
                    json_t *parameters,
                    const FdArray *fds,
                    json_t **ret,
                    FdArray *ret_fds,
                    Error *reterr)
{
        _cleanup_(json_decref_p) json_t *own = parameters ? parameters : json_object();
        Error error = ERROR_NULL;
        int r;

        if (!own)
                return error_oom(reterr);
        r = exchange(context, method, own, fds, ret, ret_fds, &error);
        if (r < 0 && client_may_ask(context, &error)) {
                error_done(&error);
                r = agent_open(&context->agent, reterr);
                if (r < 0)
                        return r;
                if (json_set(own, "allowInteractiveAuthentication", json_true()) < 0)
                        return error_oom(reterr);
                return exchange(context, method, own, fds, ret, ret_fds, reterr);
        }
        if (r < 0)
                error_move(reterr, &error);
        return r;
}

int client_call(
        Context *context, const char *method, json_t *parameters, json_t **ret, Error *reterr)
{
        return client_call_fds(context, method, parameters, NULL, ret, NULL, reterr);
}

int client_open(Context *context,
                const char *method,
                json_t *parameters,
                VarlinkClient **ret,
                Error *reterr)
{
        _cleanup_(varlink_client_free_p) VarlinkClient *client = NULL;
        _cleanup_(json_decref_p) json_t *own = parameters;
        int r;

        r = client_connect(context, &client, reterr);
        if (r < 0)
                return r;
        r = varlink_client_send(client, method, TAKE_PTR(own), true, NULL, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(client);
        return 0;
}

int client_reconnect(const Context *context,
                     uint64_t timeout_usec,
                     VarlinkClient **ret,
                     Error *reterr)
{
        static const struct timespec pause = { .tv_nsec = RETRY_USEC * 1000 };
        uint64_t until = timeout_usec == USEC_INFINITY ? USEC_INFINITY : now_usec() + timeout_usec;

        for (;;) {
                Error error = ERROR_NULL;
                int r = client_connect(context, ret, &error);

                if (r >= 0)
                        return r;
                if ((r != -ENOENT && r != -ECONNREFUSED) || now_usec() >= until) {
                        error_move(reterr, &error);
                        return r;
                }
                error_done(&error);
                (void) nanosleep(&pause, NULL);
        }
}

static int missing(const char *field, Error *reterr)
{
        return error_errno(reterr, EBADMSG, "The service's reply has no '%s'", field);
}

int reply_string(const json_t *reply, const char *field, const char **ret, Error *reterr)
{
        int r = json_get_string(reply, field, ret, reterr);

        return r == 0 ? missing(field, reterr) : r;
}

int reply_integer(const json_t *reply, const char *field, int64_t *ret, Error *reterr)
{
        int r = json_get_integer(reply, field, ret, reterr);

        return r == 0 ? missing(field, reterr) : r;
}

int reply_array(const json_t *reply, const char *field, json_t **ret, Error *reterr)
{
        int r = json_get_array(reply, field, ret, reterr);

        return r == 0 ? missing(field, reterr) : r;
}

const char *json_text(const json_t *object, const char *field)
{
        const char *text = json_string_value(json_object_get(object, field));

        return text ? text : "";
}
