/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* systemd_version_ask() - over a connection that is up: which version the service manager has. If
 * containers make a hole of it, that is logged. The answer needs nobody to wait for it. */

#include <systemd/sd-bus.h>

void systemd_version_ask(sd_bus *bus);
