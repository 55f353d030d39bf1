/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is mounted in this mount namespace, by the text of /proc/self/mountinfo (proc(5)). */

#include "base/error.h"

/* mounts_below() - is something mounted on `path` or below? Return: > 0 yes (*ret is where; the
 * caller frees), 0, -errno. */
int mounts_below(const char *path, char **ret, Error *reterr);

/* The same in a given text. Pure. Return: as above, -ENOMEM. */
int mounts_find_below(const char *mountinfo, const char *path, char **ret);
