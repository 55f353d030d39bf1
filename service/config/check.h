/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rules that need more than one key. */

#include "config/config.h"

/* Return: 0, ERROR_INVALID_CONFIG naming the keys that contradict each other. */
int config_check(const Config *config, Error *reterr);

/* config_check_hooks() - rules for what is set anew, which no old file has to follow to be read: a
 * hook is words, and the program of a start hook an absolute path, in the container. Return: 0,
 * ERROR_INVALID_CONFIG naming key and value. */
int config_check_hooks(const Config *config, Error *reterr);
