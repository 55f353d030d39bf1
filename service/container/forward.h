/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verbs that the supervisor carries out: the call goes there, its answer comes back. */

#include "container/container.h"
#include "interfaces/json.h"
#include "container/call.h"

/* forward() - with the call's own parameters less the container, and its fds. What the supervisor
 * changed is told to the world before the call is answered. Return: 0, -errno (nobody there:
 * ERROR_CONTAINER_NOT_RUNNING). */
int forward(Call *call, Container *container, const char *member, Error *reterr);
