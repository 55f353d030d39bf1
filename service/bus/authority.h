/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The port container/authority.h over polkitd. */

#include "bus/outbox.h"
#include "container/authority.h"

typedef struct BusAuthority BusAuthority;

/* Fills *port. Return: 0, -ENOMEM. */
int bus_authority_new(Authority *port, BusAuthority **ret);
/* After the last outbox is gone. */
BusAuthority *bus_authority_free(BusAuthority *authority);
DEFINE_CLEANUP(BusAuthority *, bus_authority_free)

/* bus_authority_attach() - ask over this connection from now on; NULL: there is none, and every
 * question is a denial. Borrowed. */
void bus_authority_attach(BusAuthority *authority, sd_bus *bus, Outbox *outbox);
