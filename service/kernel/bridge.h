/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* VLANs of a bridge's port: bridge(8), "vlan". */

#include <stdbool.h>

#include "kernel/netlink.h"

/* Both need a bridge with vlan_filtering. Return: 0, -errno. */
int bridge_vlan_add(Netlink *netlink, int port, uint16_t vlan, bool untagged, Error *reterr);
int bridge_vlan_remove(Netlink *netlink, int port, uint16_t vlan, Error *reterr);
