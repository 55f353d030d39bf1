/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/check.h"

#include <stdint.h>
#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"

typedef struct TypeRule {
        const char *signature;
        const char *expected; /* "must be ..." */
        bool (*matches)(const Call *call, const json_t *value);
} TypeRule;

static bool is_text(const json_t *value)
{
        /* jansson takes \u0000: a string that C would see shorter than it is. */
        return json_is_string(value) && json_string_length(value) <= TEXT_MAX &&
               strlen(json_string_value(value)) == json_string_length(value);
}

static bool match_string(const Call *call, const json_t *value)
{
        return is_text(value);
}

static bool match_bool(const Call *call, const json_t *value)
{
        return json_is_boolean(value);
}

static bool in_range(const json_t *value, json_int_t low, json_int_t high)
{
        return json_is_integer(value) && json_integer_value(value) >= low &&
               json_integer_value(value) <= high;
}

static bool match_i(const Call *call, const json_t *value)
{
        return in_range(value, INT32_MIN, INT32_MAX);
}

static bool match_u(const Call *call, const json_t *value)
{
        return in_range(value, 0, UINT32_MAX);
}

static bool match_x(const Call *call, const json_t *value)
{
        return json_is_integer(value);
}

static bool match_t(const Call *call, const json_t *value)
{
        return in_range(value, 0, INT64_MAX);
}

static bool match_fd(const Call *call, const json_t *value)
{
        return in_range(value, 0, (json_int_t) call->fds.n - 1);
}

static bool
match_list(const Call *call, const json_t *value, bool (*item)(const Call *call, const json_t *))
{
        if (!json_is_array(value) || json_array_size(value) > LIST_MAX)
                return false;
        for (size_t i = 0; i < json_array_size(value); i++)
                if (!item(call, json_array_get(value, i)))
                        return false;
        return true;
}

static bool match_as(const Call *call, const json_t *value)
{
        return match_list(call, value, match_string);
}

static bool match_ah(const Call *call, const json_t *value)
{
        return match_list(call, value, match_fd);
}

static bool match_pair(const Call *call, const json_t *value)
{
        const char *key = json_string_value(json_object_get(value, "key"));
        const char *text = json_string_value(json_object_get(value, "value"));

        /* A newline would add lines to the configuration the pair goes to. */
        return json_object_size(value) == 2 && is_text(json_object_get(value, "key")) &&
               is_text(json_object_get(value, "value")) && !strpbrk(key, "\n\r") &&
               !strpbrk(text, "\n\r");
}

static bool match_pairs(const Call *call, const json_t *value)
{
        return match_list(call, value, match_pair);
}

static bool match_map(const Call *call, const json_t *value)
{
        const char *key;
        json_t *item;

        if (!json_is_object(value) || json_object_size(value) > LIST_MAX)
                return false;
        json_object_foreach((json_t *) value, key, item)
                if (!is_text(item))
                        return false;
        return true;
}

/* clang-format off */
static const TypeRule rules[] = {
        { "s",     "a text",                                        match_string },
        { "o",     "a text",                                        match_string },
        { "b",     "true or false",                                 match_bool },
        { "i",     "a 32 bit integer",                              match_i },
        { "u",     "an unsigned 32 bit integer",                    match_u },
        { "x",     "an integer",                                    match_x },
        { "t",     "a positive integer",                            match_t },
        { "as",    "a list of texts",                               match_as },
        { "h",     "the index of a file descriptor passed along",   match_fd },
        { "ah",    "a list of indexes of file descriptors passed along", match_ah },
        { "a(ss)", "a list of key, value pairs without newlines",   match_pairs },
        { "a{ss}", "an object of texts",                            match_map },
};
/* clang-format on */

static int bad_parameter(const Call *call, const char *name, Error *reterr, const char *what)
{
        int r = error_public(reterr, ERROR_INVALID_ARGS, "%s: parameter '%.64s' %s",
                             call->verb->member, name, what);

        return error_at(reterr, r, NULL, name);
}

static int check_value(const Call *call, const Field *field, const json_t *value, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(rules); i++) {
                char what[128];

                if (!streq(rules[i].signature, field->signature))
                        continue;
                if (rules[i].matches(call, value))
                        return 0;
                (void) snprintf(what, sizeof(what), "must be %s", rules[i].expected);
                return bad_parameter(call, field->name, reterr, what);
        }
        return bad_parameter(call, field->name, reterr, "has no known type");
}

static const Field *
find_field(const Call *call, const char *name, const Field *object, const Field *interactive)
{
        const Field *field;

        if (object->name && streq(name, object->name))
                return object;
        if (streq(name, interactive->name))
                return interactive;
        field = field_find(call->verb->in, name);
        return field ? field : field_find(call->verb->options, name);
}

static int check_present(const Call *call, const Field *fields, Error *reterr)
{
        for (; fields && fields->name; fields++)
                if (!call_has(call, fields->name))
                        return bad_parameter(call, fields->name, reterr, "is missing");
        return 0;
}

int call_check_parameters(const Call *call, Error *reterr)
{
        static const Field interactive = { "allowInteractiveAuthentication", "b", ACTION_NONE };
        const Field object[2] = { { call->table->object, call->table->object_signature,
                                    ACTION_NONE } };
        const char *name;
        json_t *value;
        int r;

        r = check_present(call, call->table->object ? object : NULL, reterr);
        if (r < 0)
                return r;
        r = check_present(call, call->verb->in, reterr);
        if (r < 0)
                return r;
        json_object_foreach(call->parameters, name, value) {
                const Field *field = find_field(call, name, object, &interactive);

                if (!field)
                        return bad_parameter(call, name, reterr, "is not known");
                if (json_is_null(value))
                        continue;
                r = check_value(call, field, value, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
