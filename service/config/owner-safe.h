/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Predicates for the column owner_safe of the table of keys: which values may a container's owner
 * set on its own? The owner's container has an idmap within the owner's ranges; a key's value is
 * safe when, given that, it reaches nothing of the host: no file, no name resolved by the
 * supervisor, no memory or number without a bound, nobody else's containers. */

#include <stdbool.h>

bool owner_safe_any(const char *subkey, const char *value);
bool owner_safe_environment(const char *subkey, const char *value);
bool owner_safe_session(const char *subkey, const char *value);
bool owner_safe_terminals(const char *subkey, const char *value);
bool owner_safe_buffer(const char *subkey, const char *value);
bool owner_safe_dev_size(const char *subkey, const char *value);
bool owner_safe_mount_auto(const char *subkey, const char *value);
bool owner_safe_mount_entry(const char *subkey, const char *value);
bool owner_safe_net(const char *subkey, const char *value);
