/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The keys that leave a console, as lxc-console's: a prefix, then q; the prefix twice sends it. */

#include <stdbool.h>
#include <stddef.h>

typedef struct Escape {
        char prefix; /* the control character */
        bool begun;  /* the last key was the prefix */
} Escape;

typedef enum EscapeResult {
        ESCAPE_GO_ON,
        ESCAPE_QUIT,
} EscapeResult;

/* "^a" or "a", both mean Ctrl+a. Return: 0, -EINVAL. */
int escape_init(Escape *escape, const char *text);

/* The letter beside Ctrl, in small. */
char escape_letter(const Escape *escape);

/* Takes the prefix out of the keys, in place; *size may shrink. A prefix before any other key is
 * dropped, as in lxc-console. After ESCAPE_QUIT the keys typed before are left. */
EscapeResult escape_filter(Escape *escape, char *data, size_t *size);
