/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/network.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/strv.h"

static bool is_ours(void)
{
        _cleanup_(free_p) char *text = NULL;

        return file_read(AT_FDCWD, "/sys/class/net/" DEFAULT_BRIDGE "/address", 64, &text, NULL) ==
                       0 &&
               startswith(text, DEFAULT_BRIDGE_ADDRESS);
}

NetworkKeeper network_default_keeper(void)
{
        if (access("/sys/class/net/" DEFAULT_BRIDGE "/bridge", F_OK) < 0)
                return NETWORK_NONE;
        if (access("/run/lxc/network_up", F_OK) == 0)
                return NETWORK_LXC;
        return is_ours() ? NETWORK_SYSTEMD : NETWORK_OTHER;
}
