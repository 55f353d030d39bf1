/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Interfaces of the host that a container has for as long as it runs. */

#include "runtime/nic.h"

/* net_phys_give() - finds the device (of a wildcard: the first that is free and goes) and moves it
 * into the container, under its name there. */
int net_phys_give(const NicContext *context, Nic *nic, Error *reterr);

/* net_phys_return() - net_undo() of UNDO_PHYS: whatever it is called in the container by now, it
 * comes back under its own name, as it was. The kernel itself brings hardware back from a network
 * namespace that is gone, under the name it had there; what is no hardware goes with the
 * namespace. */
int net_phys_return(Netlink *host, int netns_fd, const char *object, Error *reterr);
