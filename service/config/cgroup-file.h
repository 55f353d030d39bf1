/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Names of control group files, as callers give them. */

#include "base/error.h"

/* cgroup_file_check() - one name, [a-z0-9_.]+, of an attribute that is a client's to read and write:
 * not those by which the container itself is kept. Return: 0, ERROR_INVALID_ARGS,
 * ERROR_NOT_SUPPORTED. */
int cgroup_file_check(const char *name, Error *reterr);
