/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The port container/units.h over D-Bus: over the system bus, and while that is away over the
 * service manager's private socket. */

#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "container/units.h"

#define SYSTEMD_PRIVATE_ADDRESS "unix:path=/run/systemd/private"

typedef struct Systemd Systemd;

/* Fills *port. private_address: of the private socket. Return: 0, -errno. */
int systemd_new(sd_event *event, const char *private_address, Units *port, Systemd **ret);
/* Open jobs are answered with an error. */
Systemd *systemd_free(Systemd *systemd);
DEFINE_CLEANUP(Systemd *, systemd_free)

/* systemd_attach() - use this connection, which is up, from now on. Borrowed until
 * systemd_detach(). `limit`: calls in flight over it. Return: 0, -errno. */
int systemd_attach(Systemd *systemd, sd_bus *bus, size_t limit);

/* The connection is gone. What was under way is followed over the private socket. */
void systemd_detach(Systemd *systemd);
