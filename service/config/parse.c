/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/parse.h"

#include "base/strv.h"
#include "base/utf8.h"
#include "config/check.h"
#include "config/keys.h"
#include "config/legacy.h"
#include "config/line.h"
#include "config/loader.h"
#include "config/suggest.h"
#include "config/value.h"
#include "interfaces/errors.h"

#define WARNINGS_MAX 100

int place_error(const Place *place, int r, Error *reterr)
{
        (void) error_set_code(reterr, r, ERROR_INVALID_CONFIG);
        if (place->line)
                return error_prefix(reterr, r, "Line %u of '%s'", place->line, place->name);
        return place->name ? error_prefix(reterr, r, "%s", place->name) : r;
}

/* "The key 'OLD' SENTENCE"; one for each key however often it stands there. */
static int warn(Loader *loader, const Place *place, const char *name, const char *sentence)
{
        _cleanup_(free_p) char *start = NULL;

        start = string_format("The key '%s' ", name);
        if (!start)
                return -ENOMEM;
        if (strv_length(loader->trace->warnings) >= WARNINGS_MAX)
                return 0;
        strv_foreach(known, loader->trace->warnings)
                if (startswith(*known, start))
                        return 0;
        if (place->line == 0)
                return strv_addf(&loader->trace->warnings, "%s%s", start, sentence);
        return strv_addf(&loader->trace->warnings, "%s%s (line %u of '%s')", start, sentence,
                         place->line, place->name);
}

static int unknown_key(const char *name, Error *reterr)
{
        const char *hint = legacy_hint(name);
        const char *near = hint ? NULL : config_key_suggest(name);
        int n = text_shown_size(name);

        if (hint)
                return error_public(reterr, ERROR_INVALID_CONFIG, "Unknown key '%.*s': %s", n, name,
                                    hint);
        if (near)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "Unknown key '%.*s', did you mean '%s'?", n, name, near);
        return error_public(reterr, ERROR_INVALID_CONFIG, "Unknown key '%.*s'", n, name);
}

/* One more than the highest nic there is: the number of the next lxc.network.type. */
static unsigned next_nic(const Config *config)
{
        return config->n_nets ? config->nets[config->n_nets - 1].index + 1 : 0;
}

static int set_backend(Loader *loader, const Place *place, const char *value, Error *reterr)
{
        int r;

        r = rootfs_set_backend(&loader->config->rootfs, value);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The key '%s' has the value '%.*s', expected a storage "
                                    "backend such as dir, btrfs, lvm, loop, zfs or overlay",
                                    LEGACY_ROOTFS_BACKEND, text_shown_size(value), value);
        r = warn(loader, place, LEGACY_ROOTFS_BACKEND,
                 "is now part of 'lxc.rootfs.path', BACKEND:SOURCE");
        return r < 0 ? error_oom(reterr) : 1;
}

/* A name that is no current one. `current` has room for CONFIG_NAME_MAX + 1. Return: 0 *ret is the
 * successor, > 0 the line is dealt with. */
static int resolve_old(Loader *loader,
                       const Place *place,
                       const char *name,
                       char *current,
                       KeyRef *ret,
                       Error *reterr)
{
        _cleanup_(free_p) char *sentence = NULL;
        const char *gone = legacy_removed(name);

        if (gone)
                return warn(loader, place, name, gone) < 0 ? error_oom(reterr) : 1;
        switch (legacy_translate(name, next_nic(loader->config), current, CONFIG_NAME_MAX + 1)) {
        case LEGACY_NONE:
                return unknown_key(name, reterr);
        case LEGACY_NO_NIC:
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The key '%s' stands before the first 'lxc.network.type'",
                                    name);
        case LEGACY_RENAMED:
                break;
        }
        if (!config_key_find(current, ret))
                return unknown_key(name, reterr);
        sentence = string_format("is now called '%s'", current);
        if (!sentence)
                return error_oom(reterr);
        return warn(loader, place, name, sentence) < 0 ? error_oom(reterr) : 0;
}

/* What a parser said, or else what it expects. `error` is consumed. */
static int value_error(
        const KeyRef *key, const char *name, const char *value, int r, Error *error, Error *reterr)
{
        if (r == -ENOMEM) {
                error_done(error);
                return error_oom(reterr);
        }
        if (error_is_set(error)) {
                error_move(reterr, error);
                return error_prefix(reterr, r, "Key '%s'", name);
        }
        if (r == -ERANGE && key->row->type->shape != SHAPE_SCALAR)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The key '%s' has too many values, or a value out of range in "
                                    "'%.*s', expected %s",
                                    name, text_shown_size(value), value, key->row->type->expected);
        return error_public(reterr, ERROR_INVALID_CONFIG,
                            "The key '%s' has the value '%.*s', expected %s", name,
                            text_shown_size(value), value, key->row->type->expected);
}

static int set_value(Loader *loader,
                     const Place *place,
                     const KeyRef *key,
                     const char *name,
                     const char *value,
                     Error *reterr)
{
        const ValueType *type = key->row->type;
        Error error = ERROR_NULL;
        int r;

        if (!*value && !type->refuses_empty) {
                value_clear(loader->config, key);
                return 0;
        }
        if (type == &type_include)
                return loader_include(loader, place, value, reterr);
        if (key->row->match == KEY_PREFIX && !*key->subkey)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The key '%s' needs a name behind it, or an empty value to "
                                    "clear all",
                                    name);
        r = *value ? type->parse(value_field(loader->config, key->row), key, value, &error)
                   : -EINVAL;
        return r < 0 ? value_error(key, name, value, r, &error, reterr) : 0;
}

static int
loader_set(Loader *loader, const Place *place, const char *name, const char *value, Error *reterr)
{
        char current[CONFIG_NAME_MAX + 1];
        KeyRef key;
        int r;

        if (!utf8_is_valid(name) || !utf8_is_valid(value))
                return error_public(reterr, ERROR_INVALID_CONFIG, "The line is not in UTF-8");
        if (streq(name, LEGACY_ROOTFS_BACKEND))
                return set_backend(loader, place, value, reterr);
        if (!config_key_find(name, &key)) {
                r = resolve_old(loader, place, name, current, &key, reterr);
                if (r != 0)
                        return r;
        }
        return set_value(loader, place, &key, name, value, reterr);
}

static int loader_line(Loader *loader, const Place *place, char *line, Error *reterr)
{
        char *key, *value;

        switch (line_split(line, &key, &value)) {
        case LINE_SETTING:
                return loader_set(loader, place, key, value, reterr);
        case LINE_BROKEN:
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The line begins with 'lxc.' and has no '=', expected "
                                    "KEY = VALUE");
        case LINE_OTHER:
                break;
        }
        return 0;
}

int loader_text(Loader *loader, Place *place, char *text, Error *reterr)
{
        for (char *line = text, *end; line; line = end) {
                int r;

                end = strchr(line, '\n');
                if (end)
                        *end++ = '\0';
                place->line++;
                r = loader_line(loader, place, line, reterr);
                if (r < 0)
                        return place_error(place, r, reterr);
        }
        return 0;
}

static int finish(const Config *config, const char *name, Error *reterr)
{
        int r = config_check(config, reterr);

        return r < 0 ? error_prefix(reterr, r, "Configuration '%s'", name) : 0;
}

int config_load_traced(const char *path, Config **ret, ConfigTrace *ret_trace, Error *reterr)
{
        _cleanup_(config_free_p) Config *config = config_new();
        Loader loader = { .config = config, .trace = ret_trace };
        int r;

        *ret_trace = (ConfigTrace){ 0 };
        if (!config)
                return error_oom(reterr);
        r = loader_top(&loader, path, reterr);
        if (r < 0)
                return r;
        r = finish(config, path, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(config);
        return 0;
}

static void take_warnings(ConfigTrace *trace, char ***ret_warnings)
{
        if (ret_warnings)
                *ret_warnings = TAKE_PTR(trace->warnings);
}

int config_load(const char *path, Config **ret, char ***ret_warnings, Error *reterr)
{
        _cleanup_(config_trace_done) ConfigTrace trace = { 0 };
        int r;

        r = config_load_traced(path, ret, &trace, reterr);
        if (r == 0)
                take_warnings(&trace, ret_warnings);
        return r;
}

int config_parse_text(
        const char *text, const char *name, Config **ret, char ***ret_warnings, Error *reterr)
{
        _cleanup_(config_trace_done) ConfigTrace trace = { 0 };
        _cleanup_(config_free_p) Config *config = config_new();
        _cleanup_(free_p) char *copy = strdup(text);
        Loader loader = { .config = config, .trace = &trace };
        Place place = { .name = name };
        int r;

        if (!config || !copy)
                return error_oom(reterr);
        if (strlen(copy) > CONFIG_FILE_MAX)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The configuration '%s' is larger than %d bytes", name,
                                    CONFIG_FILE_MAX);
        r = loader_text(&loader, &place, copy, reterr);
        if (r < 0)
                return r;
        r = finish(config, name, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(config);
        take_warnings(&trace, ret_warnings);
        return 0;
}

int config_set(
        Config *config, const char *key, const char *value, const char *origin, Error *reterr)
{
        _cleanup_(config_trace_done) ConfigTrace trace = { 0 };
        Loader loader = { .config = config, .trace = &trace };
        Place place = { .name = origin };
        int r;

        if (strchr(value, '\n'))
                r = error_public(reterr, ERROR_INVALID_ARGS, "A value cannot have a newline in it");
        else
                r = loader_set(&loader, &place, key, value, reterr);
        return r < 0 ? place_error(&place, r, reterr) : 0;
}
