/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The connection to the system bus, inside of service/bus. */

#include "bus/authority.h"
#include "bus/bus.h"
#include "bus/object.h"
#include "bus/outbox.h"
#include "bus/peers.h"
#include "bus/systemd.h"

/* Shares of the 128 calls that dbus-daemon lets us have in flight. A user who lets dialogs stand
 * open must not keep others from asking. */
#define OUTBOX_DRIVER_MAX 24
#define OUTBOX_SYSTEMD_MAX 56
#define OUTBOX_POLKIT_MAX 32
#define OUTBOX_POLKIT_PER_USER_MAX 8

struct Bus {
        Manager *manager;
        Objects *objects;
        BusAuthority *authority;
        Systemd *systemd;
        sd_event_source *retry;
        uint64_t retry_usec;

        /* Of the present connection. */
        sd_bus *bus;
        bool ready;        /* the bus daemon has answered */
        Outbox *driver;    /* to the bus daemon */
        Outbox *questions; /* to polkitd */
        BusPeers *peers;
};
