/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/line.h"

#include "base/strv.h"

#define BLANKS " \t\r"
#define SHOWN_MAX 100

static char *strip(char *start, char *end)
{
        while (end > start && strchr(BLANKS, end[-1]))
                end--;
        *end = '\0';
        return start + strspn(start, BLANKS);
}

static char *unquote(char *value)
{
        size_t n = strlen(value);

        if (n < 2 || (value[0] != '"' && value[0] != '\'') || value[n - 1] != value[0])
                return value;
        value[n - 1] = '\0';
        return value + 1;
}

LineKind line_split(char *line, char **ret_key, char **ret_value)
{
        char *equals;

        line += strspn(line, BLANKS);
        if (strncmp(line, "lxc.", 4) != 0)
                return LINE_OTHER;
        equals = strchr(line, '=');
        if (!equals)
                return LINE_BROKEN;
        *ret_value = unquote(strip(equals + 1, equals + 1 + strlen(equals + 1)));
        *ret_key = strip(line, equals);
        return LINE_SETTING;
}

int text_shown_size(const char *text)
{
        size_t n = strnlen(text, SHOWN_MAX + 1);

        if (n <= SHOWN_MAX)
                return (int) n;
        n = SHOWN_MAX;
        while (n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80)
                n--;
        return (int) n;
}
