/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names of LXC 1.0 to 2.0, and keys that are gone. */

#include <stdbool.h>
#include <stddef.h>

typedef enum LegacyResult {
        LEGACY_NONE,    /* no old name */
        LEGACY_RENAMED, /* the current name is in *ret */
        LEGACY_NO_NIC,  /* lxc.network.KEY before the first lxc.network.type */
} LegacyResult;

/* legacy_translate() - the current name of an old one. lxc.network.type opens the nic `next_nic`,
 * the other lxc.network.KEY mean the one before; lxc.network.N.KEY means N. */
LegacyResult legacy_translate(const char *name, unsigned next_nic, char *ret, size_t size);

/* A key that went without a successor, and is passed over. Return: a sentence's end ("was removed
 * in LXC 3.0 ..."), or NULL. */
const char *legacy_removed(const char *name);

/* Something to say on a name that is no key: "a key of the host's configuration ...", or NULL. */
const char *legacy_hint(const char *name);

#define LEGACY_ROOTFS_BACKEND "lxc.rootfs.backend"
