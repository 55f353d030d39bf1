/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.varlink.service on the bus: the same texts as on the varlink socket. */

#include <systemd/sd-bus.h>

extern const sd_bus_vtable service_interface_rows[];
