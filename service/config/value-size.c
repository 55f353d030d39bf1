/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers with units: sizes and offsets of clocks. */

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/value.h"

#define BUFFER_SIZE_AUTO (128 * 1024)
#define BUFFER_SIZE_MAX (UINT64_C(1) << 40)

static int bytes_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return parse_u64(value, field);
}

static int bytes_print(const void *field, const KeyRef *key, FILE *out)
{
        (void) fprintf(out, "%" PRIu64, *(const uint64_t *) field);
        return 0;
}

const ValueType type_bytes = {
        .expected = "a number of bytes",
        .size = sizeof(uint64_t),
        .parse = bytes_parse,
        .print = bytes_print,
};

typedef struct Unit {
        const char *name;
        unsigned shift;
} Unit;

static const Unit size_units[] = {
        { "", 0 }, { "B", 0 }, { "KB", 10 }, { "MB", 20 }, { "GB", 30 }
};

/* Digits, blanks, a unit. Return: 0, -EINVAL, -ERANGE. */
static int split_number(const char *text, uint64_t *ret, const char **ret_unit)
{
        char digits[24];
        size_t n = strspn(text, "0123456789");

        if (n == 0)
                return -EINVAL;
        if (n >= sizeof(digits))
                return -ERANGE;
        memcpy(digits, text, n);
        digits[n] = '\0';
        text += n;
        *ret_unit = text + strspn(text, " \t");
        return parse_u64(digits, ret);
}

static uint64_t round_up_to_power_of_two(uint64_t size)
{
        uint64_t power = 1;

        while (power < size)
                power <<= 1;
        return size ? power : 0;
}

static int buffer_size_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        const char *unit;
        uint64_t number;
        int r;

        if (streq(value, "auto")) {
                *(uint64_t *) field = BUFFER_SIZE_AUTO;
                return 0;
        }
        r = split_number(value, &number, &unit);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTS(size_units); i++)
                if (strcasecmp(unit, size_units[i].name) == 0) {
                        if (number > BUFFER_SIZE_MAX >> size_units[i].shift)
                                return -ERANGE;
                        number <<= size_units[i].shift;
                        *(uint64_t *) field = round_up_to_power_of_two(number);
                        return 0;
                }
        return -EINVAL;
}

const ValueType type_buffer_size = {
        .expected = "'auto' or a size such as 65536, 64KB or 1MB, at most 1024GB",
        .size = sizeof(uint64_t),
        .parse = buffer_size_parse,
        .print = bytes_print,
};

static const char *const time_units[] = { "h", "m", "s", "ms", "us", "ns" };

/* Kept as text, "-10 s": the getter's form, and exact in every unit. */
static int time_offset_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        bool negative = value[0] == '-';
        const char *unit;
        uint64_t number;
        char *text;
        int r;

        r = split_number(value + negative, &number, &unit);
        if (r < 0)
                return r;
        if (number > INT64_MAX)
                return -ERANGE;
        for (size_t i = 0; i < ELEMENTS(time_units); i++)
                if (streq(unit, time_units[i])) {
                        text = string_format("%s%" PRIu64 " %s", negative ? "-" : "", number, unit);
                        if (!text)
                                return -ENOMEM;
                        free(*(char **) field);
                        *(char **) field = text;
                        return 0;
                }
        return -EINVAL;
}

const ValueType type_time_offset = {
        .expected = "a number, which may be negative, with a unit h, m, s, ms, us or ns",
        .parse = time_offset_parse,
        .print = value_text_print,
        .clear = value_text_clear,
};
