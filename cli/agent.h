/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A polkit agent on this terminal, which asks for a password when the service wants one. */

#include <sys/types.h>

#include "base/error.h"

typedef struct Agent {
        pid_t pid; /* 0: none runs */
} Agent;

/* agent_open() - start pkttyagent and wait until it is registered. It gives way to an agent of the
 * desktop. Root is never asked, and needs none. Return: 0, -errno. */
int agent_open(Agent *agent, Error *reterr);
void agent_close(Agent *agent);
