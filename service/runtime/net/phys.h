/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Interfaces of the host that a container has for as long as it runs. */

#include "runtime/net/nic.h"

/* net_phys_give() - finds the device (of a wildcard: the first that is free and goes) and moves it
 * into the container, under its name there. */
int net_phys_give(const NicContext *context, Nic *nic, Error *reterr);

/* net_phys_return() - net_undo() of UNDO_PHYS: whatever it is called in the container by now, it
 * comes back under its own name, as it was. From a network namespace that is gone (`netns_fd` < 0)
 * the kernel brings back hardware, under the name it had there; other devices went with it. */
int net_phys_return(Netlink *host, int netns_fd, const char *object, Error *reterr);

/* The service manager holds the namespace as long as something of the host's is in it:
 * net_phys_release() ends that, net_phys_find_namespace() is for the clean-up, after we were killed.
 * Return: its fd, or -EBADF. */
int net_phys_release(Netlink *host, int netns_fd, const char *object, Error *reterr);
int net_phys_find_namespace(const UndoLog *log);
