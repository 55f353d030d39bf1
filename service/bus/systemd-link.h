/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One way to the service manager, inside of bus/systemd.c: its signals, and calls to it. */

#include "bus/outbox.h"

typedef struct SystemdLink SystemdLink;

typedef struct SystemdLinkEvents {
        /* A job is over; all borrowed. */
        void (*job_removed)(void *userdata,
                            SystemdLink *link,
                            const char *path,
                            const char *unit,
                            const char *result);
        /* It was executed anew or has reloaded: signals may have been missed. */
        void (*renewed)(void *userdata, SystemdLink *link);
        /* A private connection ended; the link is to be freed from the loop, not from here. */
        void (*closed)(void *userdata, SystemdLink *link);
} SystemdLinkEvents;

/* Over a connection to the bus, borrowed. Return: 0, -errno. */
int systemd_link_new(sd_bus *bus,
                     sd_event *event,
                     size_t limit,
                     const SystemdLinkEvents *events,
                     void *userdata,
                     SystemdLink **ret);

/* Over a connection of its own to the private socket. Return: 0, -errno. */
int systemd_link_new_private(const char *address,
                             sd_event *event,
                             size_t limit,
                             const SystemdLinkEvents *events,
                             void *userdata,
                             SystemdLink **ret);

/* Open calls are answered with -ECONNRESET. */
SystemdLink *systemd_link_free(SystemdLink *link);
DEFINE_CLEANUP(SystemdLink *, systemd_link_free)

/* A call of the manager object, or of another path and interface where they are not NULL.
 * Return: 0, -errno. */
int systemd_link_message(SystemdLink *link,
                         const char *path,
                         const char *interface,
                         const char *member,
                         sd_bus_message **ret);

Outbox *systemd_link_outbox(SystemdLink *link);

/* Another number for each image of PID 1 that came to the bus. */
unsigned systemd_link_generation(const SystemdLink *link);
