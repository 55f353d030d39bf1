/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The option `config`: keys and values from a caller, [{key, value}]. */

#include "interfaces/json.h"

/* Are they valid keys and values? `verb` begins messages. NULL: none. Return: 0,
 * ERROR_INVALID_CONFIG. */
int overrides_check(const json_t *config, const char *verb, Error *reterr);

/* Does each row of the key table say that an owner may set it so? */
bool overrides_are_owner_safe(const json_t *config);
