/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a caller says about the storage to be made: keys and values, as lxc-create's options are called. All
 * of it becomes words of commands that root runs, so each value is of a small alphabet, and everything
 * is checked before the first effect. */

#include <jansson.h>

#include "storage/backend/backend.h"

/* backend_options_read() - `options` is an object of strings or NULL: dir fstype fssize lvname vgname
 * thinpool zfsroot rbdname rbdpool rbduser. Return: 0, ERROR_INVALID_ARGS (no such key, no such value),
 * ERROR_NOT_SUPPORTED (there is no mkfs of that type here). */
int backend_options_read(const json_t *options, BackendOptions *ret, Error *reterr);
void backend_options_done(BackendOptions *options);

/* backend_takes_option() - does the key mean anything to it? */
bool backend_takes_option(const Backend *backend, const char *key);

/* backend_option_check() - it must mean something to one of these. Return: 0, ERROR_INVALID_ARGS. */
int backend_option_check(const char *key, const BackendList *candidates, Error *reterr);

/* backend_size_parse() - N[bBkKmMgGtT], megabytes without a letter; at least 1 MiB. Return: 0,
 * ERROR_INVALID_ARGS. */
int backend_size_parse(const char *text, uint64_t *ret, Error *reterr);

/* backend_default() - a copy of what was said, or what the host's configuration has for the key (may
 * be ""). The caller frees. Return: 0, -errno. */
int backend_default(const char *said, const char *key, char **ret, Error *reterr);
