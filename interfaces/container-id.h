/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Container ids: what every container argument, unit instance and object path carries. A name,
 * `[A-Za-z0-9][A-Za-z0-9_.-]{0,62}`, or, for a container outside the container path, the escaped
 * absolute path of its directory (systemd-escape(1) without -p), which begins with "-". */

#include <stdbool.h>

#include "base/error.h"

#define CONTAINER_NAME_MAX 63
#define CONTAINER_ID_MAX 240

bool container_name_is_valid(const char *name);

/* For a name that is to be given to a container. Return: 0, ERROR_INVALID_NAME with the rule. */
int container_name_check(const char *name, Error *reterr);

/* For an id that is to be looked up: a valid name, or a decodable path. Return: 0,
 * ERROR_INVALID_NAME, ERROR_LIMITS_EXCEEDED. */
int container_id_check(const char *id, Error *reterr);

/* container_id_check_any() - also what a directory in the container path may be called that is no container's,
 * for those who remove it or give it a name: one component of a path, of at most so many bytes of UTF-8,
 * without control characters, that does not begin with '.' or '-'. Return: 0, ERROR_INVALID_NAME,
 * ERROR_LIMITS_EXCEEDED. */
int container_id_check_any(const char *id, Error *reterr);

/* The directory and the name behind an id: <container_path>/<name>, or the unescaped path. Return:
 * 0, as container_id_check(), -ENOMEM. */
int container_id_locate(const char *id,
                        const char *container_path,
                        char **ret_directory,
                        char **ret_name,
                        Error *reterr);

/* container_id_of() - the id of the container PATH/NAME. The caller frees; NULL when out of memory. It may
 * be too long: container_id_check(). */
char *container_id_of(const char *path, const char *name, const char *container_path);

/* "nagaya@ID.service"; the caller frees. NULL when out of memory. */
char *container_id_unit(const char *id);

/* The id in "nagaya@ID.service", or NULL when it is no unit of ours; the caller frees. */
char *container_id_from_unit(const char *unit);
