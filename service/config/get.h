/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* From a Config to text: the text of one key as LXC's getters give it (lists: one item a line,
 * each with its newline; unset strings: empty), the names of the keys, the whole as a file. */

#include "config/config.h"

/* Legacy names are taken. The caller frees *ret. Return: 0, ERROR_NO_SUCH_KEY (also for a nic that
 * is not there), -ENOMEM. */
int config_get(const Config *config, const char *key, char **ret, Error *reterr);

/* Every key's name that begins with `prefix` ("" or NULL: all), sorted; for "lxc.net.N" the subkeys
 * of that nic's type. Return: 0, ERROR_NO_SUCH_KEY, -ENOMEM. */
int config_list_keys(const Config *config, const char *prefix, char ***ret, Error *reterr);

/* The whole as an lxc.conf: current names, what differs from the defaults, no includes; parsing it
 * gives the same Config. The caller frees. NULL when out of memory. */
char *config_print(const Config *config);
