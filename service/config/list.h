/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the list values share. */

#include <stdbool.h>
#include <stdio.h>

/* Appends a copy. Return: 0, -ERANGE (over CONFIG_LIST_MAX), -ENOMEM. */
int list_add(char ***list, const char *item);

/* Appends each word of `text`. `is_valid` (may be NULL) is asked for all of them first. Return: 0,
 * -EINVAL, -ERANGE, -ENOMEM. */
int list_add_words(char ***list, const char *text, bool (*is_valid)(const char *word));

/* One item a line, each with its newline. */
void list_print(char *const *list, FILE *out);
