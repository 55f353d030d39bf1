/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* jansson with our manners: cleanup, typed look-ups that tell "absent" from "wrong type". */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

static inline void json_decref_p(json_t **json)
{
        json_decref(*json);
}

/* Each: > 0 found, 0 absent or null (*ret untouched), -EINVAL of another type, with
 * ERROR_INVALID_ARGS naming the field. Strings are borrowed from the object. */
int json_get_string(const json_t *object, const char *field, const char **ret, Error *reterr);
int json_get_integer(const json_t *object, const char *field, int64_t *ret, Error *reterr);
int json_get_bool(const json_t *object, const char *field, bool *ret, Error *reterr);
int json_get_array(const json_t *object, const char *field, json_t **ret, Error *reterr);
/* A list of strings; the caller frees. */
int json_get_strv(const json_t *object, const char *field, char ***ret, Error *reterr);

/* NULL becomes JSON null. */
json_t *json_from_string(const char *string);
json_t *json_from_strv(char *const *list);

/* json_from_text() - of what stands on a disk: where it is not in UTF-8, with '?' for each such byte.
 * Return: NULL when out of memory. */
json_t *json_from_text(const char *text);

/* Return: 0, -ENOMEM; takes `value` in either case. */
int json_set(json_t *object, const char *field, json_t *value);
