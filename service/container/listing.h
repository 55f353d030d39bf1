/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of ListContainers and Describe. */

#include "container/container.h"
#include "container/verb.h"
#include "interfaces/json.h"

/* Every field a row can have, ended by a NULL name; those with an action are left out for whom it is
 * not granted. */
extern const Field listing_fields[];

/* listing_row() - `fields` (NULL: all) by name, camelCase or lower_snake, and always the id;
 * `restricted`: also those that need `inspect`.
 * Return: NULL when out of memory. */
json_t *listing_row(Container *container, char *const *fields, bool restricted);

/* Return: 0, ERROR_INVALID_ARGS naming the field that does not exist. */
int listing_check_fields(char *const *fields, Error *reterr);

/* Does the list, or NULL for all, name a field that needs `inspect`? */
bool listing_wants_restricted(char *const *fields);
