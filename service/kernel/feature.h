/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this kernel can do, by what it tells of itself; nothing is loaded or tried. */

#include <stdbool.h>

/* Is the file system type known, or a module of its name there to be loaded? A kernel whose modules
 * cannot be looked at is believed to have it. */
bool feature_file_system(const char *type);

/* The same of a driver: built in, loaded, or there to be loaded. */
bool feature_driver(const char *module);

/* The two above as the answer of a probe, with a sentence. Return: > 0 yes, 0 no (*ret_reason, the
 * caller frees), -ENOMEM. */
int feature_need_file_system(const char *type, char **ret_reason);
int feature_need_driver(const char *module, char **ret_reason);
