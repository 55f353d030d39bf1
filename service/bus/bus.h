/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bus door: org.nagaya1 on the system bus, and what the service asks of systemd and polkitd
 * over it. */

#include <stdio.h>

#include "container/manager.h"

typedef struct Bus Bus;

/* bus_new() - begins to connect, and goes on whether a bus is there or not: it is connected to when
 * it comes, and again when it went. Sets manager->authority and manager->units and adds a sink.
 * Return: 0, -errno. */
int bus_new(Manager *manager, Bus **ret, Error *reterr);

/* Open calls are hung up. Before the manager is freed. */
Bus *bus_free(Bus *bus);
DEFINE_CLEANUP(Bus *, bus_free)

/* bus_print_introspection() - one of our interfaces as an introspection document, without a bus.
 * Return: 0, -ENOENT there is no such interface, -errno. */
int bus_print_introspection(const char *interface, FILE *out);
