/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/network.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/* systemd-networkd tells there, for each interface, which file it follows. */
static bool is_managed(void)
{
        _cleanup_(free_p) char *text = NULL;
        char path[64];

        (void) snprintf(path, sizeof(path), "/run/systemd/netif/links/%u",
                        if_nametoindex(DEFAULT_BRIDGE));
        return file_read(AT_FDCWD, path, 65536, &text, NULL) == 0 &&
               strstr(text, "\nNETWORK_FILE=/");
}

NetworkKeeper network_default_keeper(void)
{
        if (access("/sys/class/net/" DEFAULT_BRIDGE "/bridge", F_OK) < 0)
                return NETWORK_NONE;
        if (access("/run/lxc/network_up", F_OK) == 0)
                return NETWORK_LXC;
        return is_managed() ? NETWORK_SYSTEMD : NETWORK_OTHER;
}
