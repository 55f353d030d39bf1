/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The addresses that a running container has. */

#include <jansson.h>

#include "base/error.h"

typedef struct Supervisor Supervisor;

/* address_list() - [{"interface":..,"family":..,"address":text}], by family, in the kernel's order,
 * without those of its loopback and of links only; the first ADDRESS_LIST_MAX of them. Empty for a
 * container in the host's network. Return: 0, -errno. */
#define ADDRESS_LIST_MAX 128
int address_list(const Supervisor *s, json_t **ret, Error *reterr);
