/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Answers given for others on a link (proxy ARP and NDP): ip-neighbour(8). */

#include "kernel/address.h"

/* neighbour_proxy_add(), _remove() - the host answers on the link when somebody there asks who has
 * the address. Return: 0, -ENOENT (to remove), -errno. */
int neighbour_proxy_add(Netlink *netlink, int link, const Address *address, Error *reterr);
int neighbour_proxy_remove(Netlink *netlink, int link, const Address *address, Error *reterr);
