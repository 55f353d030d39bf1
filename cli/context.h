/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a command is run with. */

#include "cli/agent.h"
#include "cli/command.h"
#include "interfaces/varlink-client.h"

struct Context {
        const Command *command;
        const Arguments *arguments;
        const char *address;   /* the service's socket */
        bool json;             /* print replies as they are */
        bool quiet;            /* neither progress nor notes */
        bool ask;              /* there is a terminal to ask for a password on */
        VarlinkClient *client; /* made with the first call */
        Agent agent;           /* made when a password is needed */
};
