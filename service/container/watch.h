/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Finds the supervisors: each has a socket in CONTROL_DIR while it lives. */

#include <systemd/sd-event.h>

#include "container/container.h"

typedef struct Watch Watch;

/* Follows those that are there already (adopting them), then those that come. */
int watch_new(Manager *manager, Watch **ret, Error *reterr);
Watch *watch_free(Watch *watch);
