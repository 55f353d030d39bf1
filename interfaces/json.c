/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/json.h"

#include "base/strv.h"
#include "base/utf8.h"
#include "interfaces/errors.h"

static int get_typed(const json_t *object,
                     const char *field,
                     json_type type,
                     const char *expected,
                     json_t **ret,
                     Error *reterr)
{
        json_t *value = json_object_get(object, field);

        if (!value || json_is_null(value))
                return 0;
        if (json_typeof(value) != type) {
                int r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' must be %s", field,
                                     expected);

                return error_at(reterr, r, NULL, field);
        }
        *ret = value;
        return 1;
}

int json_get_string(const json_t *object, const char *field, const char **ret, Error *reterr)
{
        json_t *value;
        int r = get_typed(object, field, JSON_STRING, "a string", &value, reterr);

        if (r > 0)
                *ret = json_string_value(value);
        return r;
}

int json_get_integer(const json_t *object, const char *field, int64_t *ret, Error *reterr)
{
        json_t *value;
        int r = get_typed(object, field, JSON_INTEGER, "an integer", &value, reterr);

        if (r > 0)
                *ret = json_integer_value(value);
        return r;
}

int json_get_bool(const json_t *object, const char *field, bool *ret, Error *reterr)
{
        json_t *value = json_object_get(object, field);
        int r;

        if (!value || json_is_null(value))
                return 0;
        if (json_is_boolean(value)) {
                *ret = json_is_true(value);
                return 1;
        }
        r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' must be true or false", field);
        return error_at(reterr, r, NULL, field);
}

int json_get_array(const json_t *object, const char *field, json_t **ret, Error *reterr)
{
        return get_typed(object, field, JSON_ARRAY, "a list", ret, reterr);
}

int json_get_strv(const json_t *object, const char *field, char ***ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **list = NULL;
        json_t *array, *item;
        size_t i;
        int r;

        r = json_get_array(object, field, &array, reterr);
        if (r <= 0)
                return r;
        if (json_array_size(array) > 0) {
                list = calloc(json_array_size(array) + 1, sizeof(char *));
                if (!list)
                        return error_oom(reterr);
        }
        json_array_foreach(array, i, item) {
                if (!json_is_string(item))
                        return error_public(reterr, ERROR_INVALID_ARGS,
                                            "Parameter '%s' must be a list of strings", field);
                list[i] = strdup(json_string_value(item));
                if (!list[i])
                        return error_oom(reterr);
        }
        *ret = TAKE_PTR(list);
        return 1;
}

json_t *json_from_string(const char *string)
{
        return string ? json_string(string) : json_null();
}

json_t *json_from_text(const char *text)
{
        _cleanup_(free_p) char *valid = NULL;
        json_t *string = json_string(text);

        if (string)
                return string;
        valid = utf8_make_valid(strdup(text));
        return valid ? json_string(valid) : NULL;
}

json_t *json_from_strv(char *const *list)
{
        json_t *array = json_array();

        for (; list && *list; list++)
                if (json_array_append_new(array, json_string(*list)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

int json_set(json_t *object, const char *field, json_t *value)
{
        return value && json_object_set_new(object, field, value) == 0 ? 0 : -ENOMEM;
}
