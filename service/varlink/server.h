/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The varlink door: connections on a listening socket, one call at a time on each. */

#include "container/manager.h"

typedef struct VarlinkServer VarlinkServer;

#define CONNECTIONS_MAX 1024
#define CONNECTIONS_PER_USER_MAX 128

/* varlink_server_new() - serve on `listen_fd`, a listening AF_UNIX stream socket; taken in either case. */
int varlink_server_new(Manager *manager, int listen_fd, VarlinkServer **ret, Error *reterr);

/* Every connection is closed, what is pending is hung up. */
VarlinkServer *varlink_server_free(VarlinkServer *server);
DEFINE_CLEANUP(VarlinkServer *, varlink_server_free)
