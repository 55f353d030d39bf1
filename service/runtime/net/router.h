/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host as the container's router: routes to it, and answers for others on either side. */

#include "runtime/net/nic.h"

/* net_router_set_up() - for a veth that is there: the host's routes; in router mode also forwarding
 * on the veth and answers for the container's gateways. All of it goes with the interface. l2proxy
 * as below. */
int net_router_set_up(const NicContext *context, const Nic *nic, Error *reterr);

/* net_proxy_add() - l2proxy: the host answers for the container's addresses on the link, which must
 * forward. `own_routes`: it also has to have a way to them that is not the link itself. */
int net_proxy_add(const NicContext *context, const Nic *nic, bool own_routes, Error *reterr);
