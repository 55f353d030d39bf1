/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Programs that storage needs (mkfs.ext4, lvcreate, qemu-nbd ...), by argument vector, never through a
 * shell. They are looked up in PATH, which the service manager has set. */

#include <stdbool.h>

#include "base/error.h"

/* tool_find() - the caller frees. Return: 0, -ENOENT, -ENOMEM. */
int tool_find(const char *name, char **ret);

/* tool_need() - as the answer of a probe: is it there? Return: > 0 yes, 0 no (*ret_reason names the
 * Debian package; the caller frees), -ENOMEM. */
int tool_need(const char *name, const char *package, char **ret_reason);

/* tool_run() - to its end, in the C locale. argv is ended by NULL, argv[0] a name. *ret_output (may be
 * NULL) is what it has written to its standard output; the caller frees. Return: 0, ERROR_NOT_SUPPORTED
 * (there is no such program), -errno (it failed: its exit status and the last lines of its standard
 * error are in the error). */
int tool_run(const char *const *argv, char **ret_output, Error *reterr);

/* tool_has() - what a look-up by a tool, which returned `r` and `error`, says: is there such a thing?
 * `absent` are the words of the tool for no. Return: > 0 yes, 0 no, -errno (neither; the error is
 * moved). */
int tool_has(int r, Error *error, const char *absent, Error *reterr);
