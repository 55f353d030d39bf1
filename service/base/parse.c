/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

int parse_u64(const char *text, uint64_t *ret)
{
        uintmax_t value;
        char *end;

        /* strtoumax() would take blanks, signs and, for base 0, prefixes. */
        if (!isdigit((unsigned char) text[0]))
                return -EINVAL;
        errno = 0;
        value = strtoumax(text, &end, 10);
        if (*end)
                return -EINVAL;
        if (errno || value > UINT64_MAX)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_i64(const char *text, int64_t *ret)
{
        const char *digits = text[0] == '-' ? text + 1 : text;
        intmax_t value;
        char *end;

        if (!isdigit((unsigned char) digits[0]))
                return -EINVAL;
        errno = 0;
        value = strtoimax(text, &end, 10);
        if (*end)
                return -EINVAL;
        if (errno)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_u32(const char *text, uint32_t *ret)
{
        uint64_t value;
        int r;

        r = parse_u64(text, &value);
        if (r < 0)
                return r;
        if (value > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t) value;
        return 0;
}

int parse_i32(const char *text, int32_t *ret)
{
        int64_t value;
        int r;

        r = parse_i64(text, &value);
        if (r < 0)
                return r;
        if (value < INT32_MIN || value > INT32_MAX)
                return -ERANGE;
        *ret = (int32_t) value;
        return 0;
}

int parse_id(const char *text, uint32_t *ret)
{
        uint32_t value;
        int r;

        r = parse_u32(text, &value);
        if (r < 0)
                return r;
        if (value == UINT32_MAX)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_pid(const char *text, pid_t *ret)
{
        int32_t value;
        int r;

        r = parse_i32(text, &value);
        if (r < 0)
                return r;
        if (value <= 0)
                return -ERANGE;
        *ret = value;
        return 0;
}
