/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The events of the domain as D-Bus signals. */

#include "container/events.h"

typedef struct Bus Bus;

/* userdata is a Bus. While the bus is away nobody is told: clients read anew when it is back. */
extern const EventSink bus_signals;
