/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The words of mount options that are of every mount, whatever file system it is of. */

#include <stdbool.h>

typedef struct MountOption {
        const char *name;
        unsigned long set, clear, propagation;
        bool bind, recursive, change, optional;
} MountOption;

/* mount_option_find() - a word of mount(8). Return: the row, or NULL (it has a value, or is for the file
 * system). */
const MountOption *mount_option_find(const char *word);

/* mount_options_divide() - a list of words with commas between them: those of every mount (idmap=, x-... and
 * the like among them), and those of the file system, both in their order. The caller frees. Return: 0,
 * -ENOMEM. */
int mount_options_divide(const char *text, char **ret_generic, char **ret_own);
