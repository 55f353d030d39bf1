/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rules that need more than one key. */

#include "config/config.h"

/* Return: 0, ERROR_INVALID_CONFIG naming the keys that contradict each other. */
int config_check(const Config *config, Error *reterr);
