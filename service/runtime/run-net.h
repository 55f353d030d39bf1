/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The network of a run. */

#include "runtime/net/script.h"

typedef struct Supervisor Supervisor;

typedef struct RunNet {
        PlanNet *plans; /* taken from the plan, which is not kept */
        Nic *nics;
        size_t n;
        size_t at;     /* up: the nic under way; down: the effect */
        bool made;     /* that nic is there */
        Netlink *host; /* during the way up */
        NetEffects effects;
        int netns_fd; /* of the container, while something is left in it */
} RunNet;

#define RUN_NET_NULL ((RunNet){ .netns_fd = -EBADF })

void run_net_done(RunNet *net);

/* Steps of a run. run_net_up() makes the nics, runs their scripts and tells the child, which sets up
 * what is inside; run_net_show() is for people and can wait; run_net_down() undoes all of it. */
int run_net_up(Supervisor *s, Error *reterr);
int run_net_show(Supervisor *s, Error *reterr);
int run_net_down(Supervisor *s, Error *reterr);

/* run_net_undo_script() - what the clean-up does with an UNDO_NET_SCRIPT. */
int run_net_undo_script(const HookSet *set, const char *object, Error *reterr);
