/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who speaks to us over the bus. A sender's uid comes from the bus daemon, which is asked once per
 * unique name, asynchronously; calls that came meanwhile wait in order. One match tells of every
 * name that vanishes: a match per sender would meet dbus-daemon's limit of 512. */

#include "bus/outbox.h"
#include "container/call.h"

typedef struct BusPeers BusPeers;

typedef struct BusPeer {
        BusPeers *peers;
        char *name; /* the unique name, ":1.42" */
        bool known; /* the bus daemon has said who it is */
        uid_t uid;
        pid_t pid;
        uint64_t start_time;
        struct BusCall *first, *last; /* calls that are not released yet, in order of arrival */
        size_t n_calls;
        size_t size; /* bytes of their arguments */
} BusPeer;

/* The bus and the outbox (to the bus daemon) are borrowed. Return: 0, -errno. */
int bus_peers_new(sd_bus *bus, Outbox *driver, BusPeers **ret);
/* Hangs up every call. After the outbox is freed, whose answers come here. */
BusPeers *bus_peers_free(BusPeers *peers);
DEFINE_CLEANUP(BusPeers *, bus_peers_free)

/* bus_peers_get() - the peer of that unique name; the bus daemon is asked when it is new.
 * Return: 0, -errno. */
int bus_peers_get(BusPeers *peers, const char *name, BusPeer **ret);
