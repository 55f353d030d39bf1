/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Addresses of many containers, asked of their supervisors at the same time, for a moment only: one
 * that does not answer is left out. */

#include "container/call.h"

/* `addresses` is an object: id -> list of texts; borrowed. */
typedef void (*AddressesDone)(Call *call, const json_t *addresses);

/* addresses_ask() - of the containers in `ids` (a list, taken). `done` is called once, perhaps before
 * this returns; not when the client goes meanwhile. Return: 0, -errno. */
int addresses_ask(Call *call, json_t *ids, AddressesDone done, Error *reterr);
