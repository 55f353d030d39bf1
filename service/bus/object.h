/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What stands on the bus: the manager, a container and a job each, and org.varlink.service. */

#include <stdio.h>

#include "bus/peers.h"

typedef struct Objects Objects;

/* Return: 0, -errno. */
int objects_new(Manager *manager, Objects **ret);
Objects *objects_free(Objects *objects);
DEFINE_CLEANUP(Objects *, objects_free)

/* objects_attach() - put everything on a new connection, in place of the one before. Both are
 * borrowed, for as long as the connection handles messages. Return: 0, -errno. */
int objects_attach(Objects *objects, sd_bus *bus, BusPeers *peers);

bool objects_have_interface(const Objects *objects, const char *interface);

/* The <interface> element of one interface, which there must be. */
void objects_print_interface(const Objects *objects, const char *interface, FILE *f);
