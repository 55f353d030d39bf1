/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One client of the varlink door. Varlink answers in order, so the next call is not even read
 * before the present one is answered: a client that sends thousands fills its own socket. */

#include "container/manager.h"

typedef struct VarlinkConnection VarlinkConnection;

/* Told once, when the connection ends by itself; it is to be freed then. */
typedef void (*VarlinkClosed)(VarlinkConnection *connection, void *userdata);

/* Takes the fd in either case. */
int varlink_connection_new(Manager *manager,
                           int fd,
                           VarlinkClosed closed,
                           void *userdata,
                           VarlinkConnection **ret,
                           Error *reterr);
VarlinkConnection *varlink_connection_free(VarlinkConnection *connection);

uid_t varlink_connection_uid(const VarlinkConnection *connection);
