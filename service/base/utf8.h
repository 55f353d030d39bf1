/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Text from outside (file names, configurations, consoles) on its way to a wire that takes only
 * UTF-8: dbus-daemon disconnects who sends anything else. */

#include <stdbool.h>

/* utf8_make_valid() - every byte that does not belong to a valid sequence becomes '?', in place.
 * NULL stays NULL. Return: text. */
char *utf8_make_valid(char *text);

bool utf8_is_valid(const char *text);
