/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Backends that this version knows by name only. */

#include <string.h>

#include "storage/backend.h"

static int later_probe(char **ret_reason)
{
        *ret_reason = strdup("This version of nagaya does not support it yet");
        return *ret_reason ? 0 : -ENOMEM;
}

const Backend backend_btrfs = {
        .name = "btrfs",
        .summary = "A btrfs subvolume",
        .can_create = true,
        .can_clone = true,
        .probe = later_probe,
};

const Backend backend_zfs = {
        .name = "zfs",
        .summary = "A ZFS data set",
        .can_create = true,
        .can_clone = true,
        .probe = later_probe,
};

const Backend backend_lvm = {
        .name = "lvm",
        .summary = "A logical volume, thick or thin",
        .can_create = true,
        .can_clone = true,
        .probe = later_probe,
};

const Backend backend_loop = {
        .name = "loop",
        .summary = "A file with a file system in it",
        .can_create = true,
        .can_clone = true,
        .probe = later_probe,
};

const Backend backend_aufs = {
        .name = "aufs",
        .summary = "A layer of changes over another container, by aufs",
        .can_clone = true,
        .probe = later_probe,
};

const Backend backend_nbd = {
        .name = "nbd",
        .summary = "A disk image, by a network block device",
        .probe = later_probe,
};

const Backend backend_rbd = {
        .name = "rbd",
        .summary = "A Ceph block device",
        .can_create = true,
        .probe = later_probe,
};

const Backend backend_device = {
        .name = "device",
        .summary = "A block device",
        .probe = later_probe,
};
