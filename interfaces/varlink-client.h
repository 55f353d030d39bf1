/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A blocking varlink client: one connection, one call at a time. For the command and for tests. */

#include "interfaces/varlink-message.h"
#include "interfaces/varlink-stream.h"

typedef struct VarlinkClient VarlinkClient;

/* The socket's path. Return: 0, -errno with a sentence that tells what to do when the service is
 * not there. */
int varlink_client_connect(const char *path, VarlinkClient **ret, Error *reterr);

/* Takes a connected socket. */
int varlink_client_new(int fd, VarlinkClient **ret, Error *reterr);

VarlinkClient *varlink_client_free(VarlinkClient *client);
DEFINE_CLEANUP(VarlinkClient *, varlink_client_free)

int varlink_client_fd(const VarlinkClient *client);

/* A whole reply may already be here: poll(2) would not tell. */
bool varlink_client_has_input(const VarlinkClient *client);

/* varlink_client_send() - begin a call; `parameters` and `fds` (may be NULL) are taken. */
int varlink_client_send(VarlinkClient *client,
                        const char *method,
                        json_t *parameters,
                        bool more,
                        FdArray *fds,
                        Error *reterr);

/* varlink_client_receive() - the next reply, waiting for it. Return: 0 the last, 1 more will come,
 * -errno (an error reply, as the Error; -ECONNRESET the service closed). ret_fds may be NULL. */
int varlink_client_receive(VarlinkClient *client,
                           uint64_t timeout_usec,
                           json_t **ret,
                           FdArray *ret_fds,
                           Error *reterr);

/* Both: for a call with one reply. ret and ret_fds may be NULL. */
int varlink_client_call(
        VarlinkClient *client, const char *method, json_t *parameters, json_t **ret, Error *reterr);
