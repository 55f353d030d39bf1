/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Control group files of version 1 in the words of version 2, and back. Pure.
 *
 * Some need a companion: what a second file of version 1 holds, since one file of version 2 has both
 * (the quota and its period), or means something else by itself (memory with swap, and swap). */

#include <stdbool.h>

#define CGROUP_NAME_SIZE 104  /* of a file */
#define CGROUP_VALUE_SIZE 256 /* of what is written to one */

typedef struct CgroupFile CgroupFile;

/* cgroup_file_find() - a file of version 1. Return: NULL when it is none, or is called the same and
 * means the same. */
const CgroupFile *cgroup_file_find(const char *v1);

/* Of a file of version 1 that is found but has nothing like it in version 2: what to say of it;
 * NULL: it has a successor. */
const char *cgroup_file_lost(const CgroupFile *file);

/* Its name in version 2. */
void cgroup_file_name(const CgroupFile *file, const char *v1, char ret[static CGROUP_NAME_SIZE]);

/* The file of version 1 that it needs the value of, or NULL. */
const char *cgroup_file_companion(const CgroupFile *file);

/* One line for each device: such a file may be given several times. */
bool cgroup_file_is_per_device(const CgroupFile *file);

/* cgroup_file_to_v2() - what is to be written. `companion` may be NULL where it is not known. Return:
 * 0, -EINVAL (no such value), -EROFS (it is only read). */
int cgroup_file_to_v2(const CgroupFile *file,
                      const char *value,
                      const char *companion,
                      char ret[static CGROUP_VALUE_SIZE]);

/* cgroup_file_to_v1() - what was read, without a newline at its end; the caller frees. Return: 0,
 * -EBADMSG (not as expected), -ENOMEM. */
int cgroup_file_to_v1(const CgroupFile *file, const char *text, const char *companion, char **ret);
