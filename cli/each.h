/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A verb for every container that is named: all are tried, and one that fails is told about at once.
 * Both return 0 when all went well; the error of the only one; 1 when any of several failed. */

#include "cli/client.h"

typedef int (*EachHandler)(Context *context, const char *container, void *userdata, Error *reterr);

/* One after the other. */
int each_in_turn(Context *context, EachHandler handler, void *userdata, Error *reterr);

/* The same call for all, at the same time: stopping ten takes no longer than stopping one.
 * `parameters` is what is sent beside the container; it is taken. */
int each_at_once(Context *context, const char *method, json_t *parameters, Error *reterr);
