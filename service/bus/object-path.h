/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Container ids and job numbers <-> D-Bus object paths. */

#include <stdbool.h>
#include <stdint.h>

/* The caller frees. Return: NULL when out of memory. */
char *object_path_of_container(const char *id);
char *object_path_of_job(int64_t number);

/* The caller frees. Return: 0, -EINVAL no path of a container, -ENOMEM. */
int object_path_to_container(const char *path, char **ret_id);

/* Return: 0, -EINVAL no path of a job. */
int object_path_to_job(const char *path, int64_t *ret_number);
