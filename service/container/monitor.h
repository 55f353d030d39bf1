/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The streams of Manager.Monitor: the present first, then each change. */

#include "container/call.h"

typedef struct Monitor Monitor;

/* Registers its sink with the manager. */
int monitor_new(Manager *manager, Monitor **ret, Error *reterr);
Monitor *monitor_free(Monitor *monitor);

int monitor_add(Monitor *monitor, Call *call, Error *reterr);
