/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Numbers and switches. */

#include <inttypes.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/value.h"

static int bool_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        if (!streq(value, "0") && !streq(value, "1"))
                return -EINVAL;
        *(bool *) field = value[0] == '1';
        return 0;
}

static int bool_print(const void *field, const KeyRef *key, FILE *out)
{
        (void) fputc(*(const bool *) field ? '1' : '0', out);
        return 0;
}

const ValueType type_bool = {
        .expected = "0 or 1",
        .size = sizeof(bool),
        .parse = bool_parse,
        .print = bool_print,
};

static int uint_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return parse_u32(value, field);
}

static int uint_print(const void *field, const KeyRef *key, FILE *out)
{
        (void) fprintf(out, "%" PRIu32, *(const uint32_t *) field);
        return 0;
}

const ValueType type_uint = {
        .expected = "a whole number from 0 to 4294967295",
        .size = sizeof(uint32_t),
        .parse = uint_parse,
        .print = uint_print,
};

static int hook_version_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        bool version;
        int r;

        r = bool_parse(&version, key, value, reterr);
        if (r == 0)
                *(unsigned *) field = version;
        return r;
}

const ValueType type_hook_version = {
        .expected = "0 or 1",
        .size = sizeof(unsigned),
        .parse = hook_version_parse,
        .print = uint_print,
};

static int id_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return parse_id(value, field);
}

const ValueType type_id = {
        .expected = "a numeric id from 0 to 4294967294",
        .size = sizeof(uint32_t),
        .parse = id_parse,
        .print = uint_print,
};

static int seconds_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        uint32_t seconds;
        int r;

        r = parse_u32(value, &seconds);
        if (r == 0)
                *(int64_t *) field = seconds;
        return r;
}

static int integer_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        int32_t number;
        int r;

        r = parse_i32(value, &number);
        if (r == 0)
                *(int64_t *) field = number;
        return r;
}

static int integer_print(const void *field, const KeyRef *key, FILE *out)
{
        (void) fprintf(out, "%" PRId64, *(const int64_t *) field);
        return 0;
}

const ValueType type_seconds = {
        .expected = "a number of seconds",
        .size = sizeof(int64_t),
        .parse = seconds_parse,
        .print = integer_print,
};

const ValueType type_integer = {
        .expected = "a whole number, which may be negative",
        .size = sizeof(int64_t),
        .parse = integer_parse,
        .print = integer_print,
};

/* The index is the number that may be written instead. */
static const char *const log_levels[] = {
        "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL",
};

static int log_level_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        uint32_t number;

        if (parse_u32(value, &number) == 0) {
                if (number >= ELEMENTS(log_levels))
                        return -ERANGE;
                *(int *) field = (int) number;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(log_levels); i++)
                if (strcasecmp(value, log_levels[i]) == 0) {
                        *(int *) field = (int) i;
                        return 0;
                }
        return -EINVAL;
}

static int log_level_print(const void *field, const KeyRef *key, FILE *out)
{
        int level = *(const int *) field;

        (void) fputs(level < 0 ? "NOTSET" : log_levels[level], out);
        return 0;
}

const ValueType type_log_level = {
        .expected = "0 to 8, TRACE, DEBUG, INFO, NOTICE, WARN, ERROR, CRIT, ALERT or FATAL",
        .size = sizeof(int),
        .parse = log_level_parse,
        .print = log_level_print,
};
