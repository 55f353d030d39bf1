/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An interface on the bus, made of its verb rows and of what only D-Bus has: properties and
 * signals. */

#include <stdio.h>
#include <systemd/sd-bus.h>

#include "container/verb.h"

typedef struct Property {
        const char *name; /* NULL ends the list */
        const char *signature;
        uint64_t flags;            /* SD_BUS_VTABLE_PROPERTY_* */
        sd_bus_property_get_t get; /* NULL: sd-bus reads the field */
        size_t offset;             /* of the field in the object, added to the getter's userdata */
} Property;

typedef struct Signal {
        const char *name; /* NULL ends the list */
        const Field *arguments;
} Signal;

typedef struct Vtable Vtable;

/* `handler` gets the calls of every verb that D-Bus has. Return: 0, -ENOMEM. */
int vtable_new(const Verb *verbs,
               const Property *properties,
               const Signal *signals,
               sd_bus_message_handler_t handler,
               Vtable **ret);
Vtable *vtable_free(Vtable *vtable);
DEFINE_CLEANUP(Vtable *, vtable_free)

const sd_bus_vtable *vtable_rows(const Vtable *vtable);

/* The <interface> element as Introspect() of sd-bus prints it. */
void vtable_print(const sd_bus_vtable *rows, const char *interface, FILE *f);
