/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Control group files of version 1 as those of version 2 (service/runtime/plan-cgroup.c). */

#include <stddef.h>

/* cgroup_translate() - one file and the value to be written to it (NULL: none is). *ret_file: the
 * name in version 2; a name that is none of version 1, or one without a successor, stays. Return: 0,
 * -EINVAL (no such value). */
int cgroup_translate(
        const char *file, const char *value, const char **ret_file, char *ret, size_t size);
