/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The environments of a container: what hooks inherit, what lxc.environment asks for. Pure. */

#include "base/error.h"

/* environment_inherit() - a copy of `from` without what a service manager meant for us alone
 * (NOTIFY_SOCKET, INVOCATION_ID, LISTEN_* ...) and without LXC_*. Return: 0, -ENOMEM. */
int environment_inherit(char *const *from, char ***ret);

/* environment_add_entries() - entries of the configuration's `key`: "NAME=value", or "NAME" with
 * the value it has in `ours` (absent: an error). */
int environment_add_entries(
        char ***list, char *const *entries, const char *key, char *const *ours, Error *reterr);

/* Adds NAME=VALUE unless value is NULL. Return: 0, -ENOMEM. */
int environment_set(char ***list, const char *name, const char *value);
