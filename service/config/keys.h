/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of the keys of lxc.conf, one row a key, sorted by name. Loading, getting, setting,
 * printing, freeing, listing, authority and tests all read it: a new key is a new row. */

#include "config/config.h"

typedef struct ValueType ValueType; /* config/value.h: parse, print, clear of alike values */

typedef enum KeyMatch {
        KEY_EXACT,
        KEY_PREFIX, /* "NAME" for all of them, "NAME.SUBKEY" for one */
} KeyMatch;

typedef struct ConfigKey {
        const char *name;   /* the current name */
        const char *legacy; /* the name until LXC 2.0, or NULL when it has not changed */
        KeyMatch match;
        size_t offset; /* of the field in Config that `type` works on */
        const ValueType *type;
        /* May a container's owner set it to this value without a say of the host's
         * administrator? NULL: no value is. `subkey` is "" for an exact key. */
        bool (*owner_safe)(const char *subkey, const char *value);
        const char *help;
} ConfigKey;

extern const ConfigKey config_keys[];
extern const size_t config_keys_n;

/* What a name refers to. */
typedef struct KeyRef {
        const ConfigKey *row;
        const char *subkey; /* points into the name; "" for an exact key and for a bare prefix */
} KeyRef;

/* By the current name only. Return: whether there is such a key; for "NAME.SUBKEY", whether the
 * prefix key NAME has such a subkey. */
bool config_key_find(const char *name, KeyRef *ret);

/* An empty value clears, that is, sets the default. Legacy names count as their successors;
 * an unknown name is not safe. */
bool config_key_is_owner_safe(const char *name, const char *value);
