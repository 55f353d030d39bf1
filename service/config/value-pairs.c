/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys whose last part names a file or a resource: lxc.cgroup2.FILE, lxc.prlimit.RESOURCE,
 * lxc.sysctl.KEY, lxc.proc.FILE. */

#include <ctype.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/pairs.h"
#include "config/value.h"

#define NAME_SIZE_MAX 200

/* A name of these and letters and digits, and no way out of the directory it is used in. */
static bool name_is_valid(const char *name, const char *others)
{
        if (strlen(name) > NAME_SIZE_MAX || name[0] == '/' || strstr(name, ".."))
                return false;
        for (const char *p = name; *p; p++)
                if (!isalnum((unsigned char) *p) && !strchr(others, *p))
                        return false;
        return *name;
}

static bool file_name_is_valid(const char *name)
{
        return name_is_valid(name, "._-");
}

static bool path_is_valid(const char *name)
{
        return name_is_valid(name, "._-/");
}

static int pairs_print_field(const void *field, const KeyRef *key, FILE *out)
{
        const KeyValueList *list = field;

        for (size_t i = 0; i < list->n; i++) {
                const KeyValue *pair = &list->items[i];

                if (!*key->subkey)
                        value_write_line(out, key->row->name, pair->key, pair->value);
                else if (streq(pair->key, key->subkey))
                        (void) fputs(pair->value, out);
        }
        return 0;
}

static void pairs_clear(void *field, const KeyRef *key)
{
        if (*key->subkey)
                pairs_remove(field, key->subkey);
        else
                pairs_done(field);
}

/* Several lines for one file (devices.allow) all count, in their order. */
static int cgroup_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return pairs_add(field, key->subkey, value);
}

static int cgroup_print(const void *field, const KeyRef *key, FILE *out)
{
        const KeyValueList *list = field;

        if (!*key->subkey)
                return pairs_print_field(field, key, out);
        for (size_t i = 0; i < list->n; i++)
                if (streq(list->items[i].key, key->subkey))
                        (void) fprintf(out, "%s\n", list->items[i].value);
        return 0;
}

const ValueType type_cgroup_files = {
        .expected = "what is written to the file",
        .shape = SHAPE_FAMILY,
        .knows = file_name_is_valid,
        .parse = cgroup_parse,
        .print = cgroup_print,
        .clear = pairs_clear,
};

static const char *const resources[] = {
        "as",   "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue",
        "nice", "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack",
};

static bool resource_is_known(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(resources); i++)
                if (streq(resources[i], name))
                        return true;
        return false;
}

static int check_limit(const char *text, uint64_t *ret)
{
        if (streq(text, "unlimited")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(text, ret);
}

/* Return: 0, -EINVAL, -ERANGE; *ret_same tells whether both are the same. */
static int check_limits(char *const *parts, bool *ret_same, Error *reterr)
{
        size_t n = strv_length(parts);
        uint64_t soft, hard;
        int r;

        if (n < 1 || n > 2)
                return -EINVAL;
        r = check_limit(parts[0], &soft);
        if (r == 0)
                r = check_limit(parts[n - 1], &hard);
        if (r < 0)
                return r;
        if (soft > hard)
                return error_code(reterr, 0, EINVAL, "The soft limit is above the hard limit");
        *ret_same = soft == hard;
        return 0;
}

/* Held in the getter's form: "SOFT:HARD", or one where they are the same. */
static int prlimit_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        _cleanup_(strv_free_p) char **parts = NULL;
        _cleanup_(free_p) char *both = NULL;
        bool same = false;
        int r;

        if (strv_split(&parts, value, ": \t") < 0)
                return -ENOMEM;
        r = check_limits(parts, &same, reterr);
        if (r < 0)
                return r;
        if (same)
                return pairs_set(field, key->subkey, parts[0]);
        both = strv_join(parts, ":");
        return both ? pairs_set(field, key->subkey, both) : -ENOMEM;
}

const ValueType type_prlimit = {
        .expected = "SOFT:HARD or one for both, each a number or 'unlimited'",
        .shape = SHAPE_FAMILY,
        .knows = resource_is_known,
        .parse = prlimit_parse,
        .print = pairs_print_field,
        .clear = pairs_clear,
};

static int unique_parse(void *field, const KeyRef *key, const char *value, Error *reterr)
{
        return pairs_set(field, key->subkey, value);
}

const ValueType type_sysctl = {
        .expected = "the value of the sysctl",
        .shape = SHAPE_FAMILY,
        .knows = path_is_valid,
        .parse = unique_parse,
        .print = pairs_print_field,
        .clear = pairs_clear,
};

const ValueType type_proc = {
        .expected = "what is written to the file",
        .shape = SHAPE_FAMILY,
        .knows = path_is_valid,
        .parse = unique_parse,
        .print = pairs_print_field,
        .clear = pairs_clear,
};
