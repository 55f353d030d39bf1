/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which container does a process run in? By the unit in its cgroup path: /proc/PID/cgroup. */

#include <sys/types.h>

#include "base/error.h"

/* Return: 0, ERROR_NO_SUCH_CONTAINER (it runs in none, or there is no such process). The caller
 * frees. */
int process_container(pid_t pid, char **ret_id, Error *reterr);

/* From the text of /proc/PID/cgroup; NULL: in none. The caller frees. */
char *container_from_cgroup_text(const char *text);
