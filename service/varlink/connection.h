/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One client of the varlink door. Varlink answers in order, so the next call is not even read
 * before the present one is answered: a client that sends thousands fills its own socket. */

#include "container/manager.h"

typedef struct Connection Connection;

/* Told once, when the connection ends by itself; it is to be freed then. */
typedef void (*ConnectionClosed)(Connection *connection, void *userdata);

/* Takes the fd in either case. */
int connection_new(Manager *manager,
                   int fd,
                   ConnectionClosed closed,
                   void *userdata,
                   Connection **ret,
                   Error *reterr);
Connection *connection_free(Connection *connection);

uid_t connection_uid(const Connection *connection);
