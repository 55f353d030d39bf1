/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/options.h"

#include <ctype.h>
#include <string.h>

#include "base/parse.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/system-config.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/backend/tool.h"

#define NAME_MAX_BYTES 127
#define SIZE_MIN (UINT64_C(1024) * 1024)

/* The first is a letter, a digit or '_': never an option of a program. */
static bool is_name(const char *text, const char *others)
{
        if (!isalnum((unsigned char) *text) && *text != '_')
                return false;
        for (const char *p = text; *p; p++)
                if (!isalnum((unsigned char) *p) && !strchr(others, *p))
                        return false;
        return strlen(text) <= NAME_MAX_BYTES;
}

static int refuse(const char *key, const char *value, const char *expected, Error *reterr)
{
        return error_at(reterr,
                        error_public(reterr, ERROR_INVALID_ARGS,
                                     "Storage option '%s' cannot be '%.64s': expected %s", key,
                                     value, expected),
                        NULL, key);
}

static int take_name(const char *key, const char *value, void *field, Error *reterr)
{
        if (!is_name(value, "+_.-"))
                return refuse(
                        key, value,
                        "a name of letters, digits, '+', '_', '.' and '-' that does not begin "
                        "with one of the last",
                        reterr);
        return string_set(field, value) < 0 ? error_oom(reterr) : 0;
}

/* POOL[/NAME...] */
static int take_data_set(const char *key, const char *value, void *field, Error *reterr)
{
        if (!is_name(value, "/:_.-") || strstr(value, "//") || endswith(value, "/"))
                return refuse(
                        key, value,
                        "the name of a data set, POOL/NAME, of letters, digits, ':', '_', '.' "
                        "and '-'",
                        reterr);
        return string_set(field, value) < 0 ? error_oom(reterr) : 0;
}

static int take_path(const char *key, const char *value, void *field, Error *reterr)
{
        if (!path_is_normalized(value) || streq(value, "/") || strchr(value, '\n'))
                return refuse(key, value, "an absolute path without '..'", reterr);
        return string_set(field, value) < 0 ? error_oom(reterr) : 0;
}

static int take_type(const char *key, const char *value, void *field, Error *reterr)
{
        _cleanup_(free_p) char *path = NULL;
        char program[NAME_MAX_BYTES + 8];
        int r;

        if (!is_name(value, "_-"))
                return refuse(key, value, "a type of file system such as ext4, xfs or btrfs",
                              reterr);
        (void) snprintf(program, sizeof(program), "mkfs.%s", value);
        r = tool_find(program, &path);
        if (r == -ENOENT)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage option '%s' cannot be '%s': the program '%s' is not "
                                    "installed",
                                    key, value, program);
        return r < 0 || string_set(field, value) < 0 ? error_oom(reterr) : 0;
}

static int take_size(const char *key, const char *value, void *field, Error *reterr)
{
        return error_at(reterr, backend_size_parse(value, field, reterr), NULL, key);
}

static const struct {
        const char *key;
        size_t offset;
        int (*take)(const char *key, const char *value, void *field, Error *reterr);
} rows[] = {
        { "dir", offsetof(BackendOptions, dir), take_path },
        { "fstype", offsetof(BackendOptions, fstype), take_type },
        { "fssize", offsetof(BackendOptions, size), take_size },
        { "lvname", offsetof(BackendOptions, lv), take_name },
        { "vgname", offsetof(BackendOptions, vg), take_name },
        { "thinpool", offsetof(BackendOptions, thin_pool), take_name },
        { "zfsroot", offsetof(BackendOptions, zfs_root), take_data_set },
        { "rbdname", offsetof(BackendOptions, rbd_name), take_name },
        { "rbdpool", offsetof(BackendOptions, rbd_pool), take_name },
        { "rbduser", offsetof(BackendOptions, rbd_user), take_name },
};

static int take_option(const char *key, const json_t *value, BackendOptions *ret, Error *reterr)
{
        if (!json_is_string(value))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Storage option '%.40s' has a value that is not text", key);
        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (streq(rows[i].key, key))
                        return rows[i].take(key, json_string_value(value),
                                            (char *) ret + rows[i].offset, reterr);
        return error_public(reterr, ERROR_INVALID_ARGS, "There is no storage option '%.40s'", key);
}

int backend_options_read(const json_t *options, BackendOptions *ret, Error *reterr)
{
        _cleanup_(backend_options_done) BackendOptions read = { NULL };
        const char *key;
        json_t *value;

        if (options && !json_is_object(options))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "The storage options are not keys and values");
        json_object_foreach((json_t *) options, key, value) {
                int r = take_option(key, value, &read, reterr);

                if (r < 0)
                        return r;
        }
        *ret = read;
        read = (BackendOptions){ NULL };
        return 0;
}

void backend_options_done(BackendOptions *options)
{
        free(options->dir);
        free(options->fstype);
        free(options->lv);
        free(options->vg);
        free(options->thin_pool);
        free(options->zfs_root);
        free(options->rbd_name);
        free(options->rbd_pool);
        free(options->rbd_user);
        *options = (BackendOptions){ NULL };
}

bool backend_takes_option(const Backend *backend, const char *key)
{
        for (const char *const *p = backend->options; p && *p; p++)
                if (streq(*p, key))
                        return true;
        return false;
}

static int add_name(char **text, const Backend *backend)
{
        char *longer;

        longer = string_format("%s%s'%s'", *text ? *text : "", *text ? ", " : "", backend->name);
        if (!longer)
                return -ENOMEM;
        free(*text);
        *text = longer;
        return 0;
}

int backend_option_check(const char *key, const BackendList *candidates, Error *reterr)
{
        _cleanup_(free_p) char *asked = NULL, *takers = NULL;
        int r = 0;

        for (size_t i = 0; i < candidates->n && r == 0; i++) {
                if (backend_takes_option(candidates->items[i], key))
                        return 0;
                r = add_name(&asked, candidates->items[i]);
        }
        for (const Backend *const *p = backends; *p && r == 0; p++)
                if (backend_takes_option(*p, key))
                        r = add_name(&takers, *p);
        if (r < 0 || !asked || !takers)
                return error_oom(reterr);
        return error_at(reterr,
                        error_public(reterr, ERROR_INVALID_ARGS,
                                     "Storage option '%s' is not for backend%s %s, but for %s", key,
                                     candidates->n > 1 ? "s" : "", asked, takers),
                        NULL, key);
}

static int bad_size(const char *text, Error *reterr)
{
        return refuse("fssize", text,
                      "a number of at least one megabyte, with a letter of bkmgt for its unit "
                      "(without one: megabytes)",
                      reterr);
}

int backend_size_parse(const char *text, uint64_t *ret, Error *reterr)
{
        static const char units[] = "bkmgt";
        size_t digits = strspn(text, "0123456789");
        const char *unit =
                text[digits] ? strchr(units, tolower((unsigned char) text[digits])) : NULL;
        unsigned shift = 20;
        char number[24];
        uint64_t value;

        if (digits == 0 || digits >= sizeof(number) ||
            (text[digits] && (!unit || text[digits + 1])))
                return bad_size(text, reterr);
        if (unit)
                shift = (unsigned) (unit - units) * 10;
        (void) snprintf(number, sizeof(number), "%.*s", (int) digits, text);
        if (parse_u64(number, &value) < 0 || value > (uint64_t) INT64_MAX >> shift ||
            value << shift < SIZE_MIN)
                return bad_size(text, reterr);
        *ret = value << shift;
        return 0;
}

int backend_default(const char *said, const char *key, char **ret, Error *reterr)
{
        _cleanup_(system_config_free_p) SystemConfig *config = NULL;
        int r;

        if (!said) {
                r = system_config_load(&config, reterr);
                if (r == 0)
                        r = system_config_get(config, key, &said, reterr);
                if (r < 0)
                        return r;
        }
        *ret = strdup(said);
        return *ret ? 0 : error_oom(reterr);
}
