/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Do a call's parameters have the fields and types of its row? */

#include "container/call.h"

/* A text in a call: longer ones, and those with NUL, are refused. */
#define TEXT_MAX 65536
/* Items of a list in a call. */
#define LIST_MAX 4096

/* Return: 0, ERROR_INVALID_ARGS naming the parameter (error.object). Fields the row does not know are
 * refused. allowInteractiveAuthentication is known to every row. */
int call_check_parameters(const Call *call, Error *reterr);
