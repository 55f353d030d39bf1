/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Strict conversions from text: the whole string must be the value. Return: 0, -EINVAL (not a
 * value), -ERANGE (does not fit). */

#include <stdint.h>
#include <sys/types.h>

int parse_u64(const char *text, uint64_t *ret);
int parse_i64(const char *text, int64_t *ret);
int parse_u32(const char *text, uint32_t *ret);
int parse_i32(const char *text, int32_t *ret);
/* A uid or gid: digits only; (uid_t) -1 is refused. */
int parse_id(const char *text, uint32_t *ret);
/* A positive pid. */
int parse_pid(const char *text, pid_t *ret);
