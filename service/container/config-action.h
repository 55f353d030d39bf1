/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What changing a configuration asks for beyond the action of the verb. */

#include "container/call.h"

/* Root inside is root outside while there is no idmap: whoever may enter, or change what the
 * container is made of, may do anything. Return: ACTION_HOST, ACTION_NONE. */
Action host_unless_unprivileged(const Call *call);

/* As Verb.extra_action, for calls with key and value, with key, with text, with file and value, and
 * for one that changes no meaning. */
Action config_action_set(const Call *call);
Action config_action_unset(const Call *call);
Action config_action_write(const Call *call);
Action config_action_cgroup(const Call *call);

/* config_change_is_owner_safe() - from one text to another: does everything that comes, goes or moves
 * stay within what an owner may set? What is in both, in the same order, was granted already. */
bool config_change_is_owner_safe(const char *before, const char *after);
