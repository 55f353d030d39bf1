/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One line of a configuration file. */

#include <stdbool.h>

#include "base/cleanup.h"

typedef enum LineKind {
        LINE_OTHER,   /* a comment, blank, or not ours */
        LINE_SETTING, /* KEY = VALUE */
        LINE_BROKEN,  /* begins with "lxc." and has no "=" */
} LineKind;

/* line_split() - in place: *ret_key and *ret_value (unquoted) point into `line`, which has no
 * newline and is changed. Both are set for LINE_SETTING only. */
LineKind line_split(char *line, char **ret_key, char **ret_value);

/* How many bytes of `text` to show in a message: all, or a start that ends between characters. */
int text_shown_size(const char *text);
