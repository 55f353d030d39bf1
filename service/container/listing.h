/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of ListContainers and Describe. */

#include "container/container.h"
#include "container/verb.h"
#include "interfaces/json.h"

/* Every field a row can have, ended by a NULL name; those with an action are left out for whom it is
 * not granted. */
extern const Field listing_fields[];

/* Return: 0, ERROR_INVALID_ARGS naming the field that does not exist. */
int listing_check_fields(char *const *fields, Error *reterr);

/* listing_mask() - which fields a row shall have: of a checked list by name, camelCase or lower_snake,
 * and always the id; NULL: all that the service itself knows. Made once for all rows. */
unsigned listing_mask(char *const *fields);

/* Does it have one that needs `inspect`? */
bool listing_wants_restricted(unsigned mask);

/* listing_row() - `restricted`: also those that need `inspect`. Return: NULL when out of memory. */
json_t *listing_row(Container *container, unsigned mask, bool restricted);

/* The field `addresses`: is it among them, and a row gets it from what addresses_ask() has found.
 * Return: 0, -ENOMEM. */
bool listing_wants_addresses(unsigned mask);
int listing_add_addresses(json_t *row, const Container *container, const json_t *addresses);
