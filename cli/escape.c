/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/escape.h"

#include <ctype.h>
#include <errno.h>

#define QUIT_KEY 'q'

int escape_init(Escape *escape, const char *text)
{
        if (*text == '^')
                text++;
        if (!isalpha((unsigned char) text[0]) || text[1])
                return -EINVAL;
        *escape = (Escape){ .prefix = (char) (tolower((unsigned char) text[0]) - 'a' + 1) };
        return 0;
}

char escape_letter(const Escape *escape)
{
        return (char) (escape->prefix + 'a' - 1);
}

EscapeResult escape_filter(Escape *escape, char *data, size_t *size)
{
        size_t kept = 0;

        for (size_t i = 0; i < *size; i++) {
                bool second = escape->begun;

                escape->begun = !second && data[i] == escape->prefix;
                if (escape->begun)
                        continue;
                if (second && data[i] == QUIT_KEY) {
                        *size = kept;
                        return ESCAPE_QUIT;
                }
                data[kept++] = data[i];
        }
        *size = kept;
        return ESCAPE_GO_ON;
}
