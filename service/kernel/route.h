/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Routes in the main table: ip-route(8). */

#include "kernel/address.h"

typedef struct Route {
        const Address *to;      /* NULL: default; only family, bytes and prefix matter */
        int family;             /* of a default route */
        const Address *gateway; /* NULL: whatever it is, it is on the link */
        int link;               /* index */
} Route;

/* Return: 0, -EEXIST, -ENETUNREACH, -errno. */
int route_add(Netlink *netlink, const Route *route, Error *reterr);
/* Return: 0, -ESRCH, -errno. */
int route_remove(Netlink *netlink, const Route *route, Error *reterr);
