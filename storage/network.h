/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The network that new containers are in by default: a bridge. Ours is made by systemd-networkd, after
 * the files in units/; on a host where LXC's lxc-net has made it, that is as good. */

#define DEFAULT_BRIDGE "lxcbr0"
/* By which the bridge is known as the one of units/80-lxcbr0.netdev. */
#define DEFAULT_BRIDGE_ADDRESS "02:6e:61:67:61:79"

typedef enum NetworkKeeper {
        NETWORK_NONE, /* there is no such bridge */
        NETWORK_LXC,
        NETWORK_SYSTEMD,
        NETWORK_OTHER, /* somebody has made it */
} NetworkKeeper;

/* network_default_keeper() - is there a default network, and whose? Waits for nothing. */
NetworkKeeper network_default_keeper(void);
