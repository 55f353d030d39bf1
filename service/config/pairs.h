/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lists of KEY, VALUE pairs. */

#include "config/config.h"

/* Appends copies. Return: 0, -ERANGE (over CONFIG_LIST_MAX), -ENOMEM. */
int pairs_add(KeyValueList *list, const char *key, const char *value);

/* Removes every pair with that key. */
void pairs_remove(KeyValueList *list, const char *key);

/* Replaces the value of the key, or appends. Return: as pairs_add(). */
int pairs_set(KeyValueList *list, const char *key, const char *value);

void pairs_done(KeyValueList *list);
