/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sets of capabilities, by libcap's names without "cap_", in lower case, or by number. Dropping and
 * keeping are two views of one thing: clearing either clears both. */

#include <ctype.h>
#include <sys/capability.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/value.h"

#define CAPABILITY_MAX 63
#define NAME_MAX_SIZE 40

/* Return: the number, -EINVAL. */
static int capability_from_name(const char *name)
{
        char whole[NAME_MAX_SIZE + 5] = "cap_";
        cap_value_t value;
        uint32_t number;

        if (isdigit((unsigned char) name[0]))
                return parse_u32(name, &number) < 0 || number > CAPABILITY_MAX ? -EINVAL
                                                                               : (int) number;
        if (strlen(name) >= NAME_MAX_SIZE)
                return -EINVAL;
        /* libcap takes any case and numbers, too. */
        for (const char *p = name; *p; p++)
                if (!islower((unsigned char) *p) && *p != '_')
                        return -EINVAL;
        (void) strcat(whole, name);
        return cap_from_name(whole, &value) < 0 ? -EINVAL : value;
}

static int parse_set(const char *value, const char *none, uint64_t *ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;
        uint64_t set = 0;

        if (strv_split(&words, value, " \t") < 0)
                return -ENOMEM;
        strv_foreach(word, words) {
                int number;

                if (none && streq(*word, none)) {
                        set = 0;
                        continue;
                }
                number = capability_from_name(*word);
                if (number < 0)
                        return error_code(reterr, 0, EINVAL,
                                          "Unknown capability '%s', expected a name in lower case "
                                          "without 'cap_', such as 'sys_admin', or a number",
                                          *word);
                set |= UINT64_C(1) << number;
        }
        *ret = set;
        return 0;
}

static int drop_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        SecurityConfig *security = field;
        uint64_t set;
        int r;

        r = parse_set(value, NULL, &set, reterr);
        if (r == 0)
                security->cap_drop |= set;
        return r;
}

static int keep_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        SecurityConfig *security = field;
        uint64_t set;
        int r;

        r = parse_set(value, "none", &set, reterr);
        if (r < 0)
                return r;
        security->cap_keep = set == 0 ? 0 : security->cap_keep | set;
        security->cap_keep_set = true;
        return 0;
}

static void print_set(uint64_t set, FILE *out)
{
        for (int i = 0; i <= CAPABILITY_MAX; i++) {
                char *name;

                if (!(set & UINT64_C(1) << i))
                        continue;
                name = cap_to_name(i);
                if (name && startswith(name, "cap_"))
                        (void) fprintf(out, "%s\n", name + 4);
                else
                        (void) fprintf(out, "%d\n", i);
                (void) cap_free(name);
        }
}

static int drop_print(const void *field, const KeyRef *key, FILE *out)
{
        const SecurityConfig *security = field;

        print_set(security->cap_drop, out);
        return 0;
}

static int keep_print(const void *field, const KeyRef *key, FILE *out)
{
        const SecurityConfig *security = field;

        if (security->cap_keep_set && security->cap_keep == 0)
                (void) fputs("none\n", out);
        print_set(security->cap_keep, out);
        return 0;
}

static void capabilities_clear(void *field, const KeyRef *key)
{
        SecurityConfig *security = field;

        security->cap_drop = 0;
        security->cap_keep = 0;
        security->cap_keep_set = false;
}

const ValueType type_cap_drop = {
        .expected = "capabilities by name or number, separated by blanks",
        .shape = SHAPE_LIST,
        .parse = drop_parse,
        .print = drop_print,
        .clear = capabilities_clear,
};

const ValueType type_cap_keep = {
        .expected = "capabilities by name or number, separated by blanks, or 'none'",
        .shape = SHAPE_LIST,
        .parse = keep_parse,
        .print = keep_print,
        .clear = capabilities_clear,
};
