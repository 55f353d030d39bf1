/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Strings and NULL-terminated lists of strings. NULL is the empty list. */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

#define strv_foreach(item, list) for (char **item = (list); item && *item; item++)

static inline bool streq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

/* NULL equals only NULL. */
static inline bool streq0(const char *a, const char *b)
{
        return a == b || (a && b && strcmp(a, b) == 0);
}

/* Return: what follows the prefix, or NULL. */
static inline const char *startswith(const char *string, const char *prefix)
{
        size_t n = strlen(prefix);

        return strncmp(string, prefix, n) == 0 ? string + n : NULL;
}

/* Return: where the suffix begins, or NULL. */
const char *endswith(const char *string, const char *suffix);

/* Cuts blanks at both ends, in place. Return: the first character that is not blank. */
char *string_strip(char *string);

/* As asprintf(3). Return: a new string, or NULL when out of memory. */
char *string_format(const char *format, ...) _printf_(1, 2);
char *string_vformat(const char *format, va_list ap) _printf_(1, 0);

/* Replaces *p by a copy of `value` (NULL clears). Return: 0, -ENOMEM. */
int string_set(char **p, const char *value);

size_t strv_length(char *const *list);
bool strv_contains(char *const *list, const char *item);
char **strv_free(char **list);
DEFINE_CLEANUP(char **, strv_free)

/* The list grows by a copy, by a formatted string, by the string itself (freed on failure).
 * Return: 0, -ENOMEM. */
int strv_add(char ***list, const char *item);
int strv_addf(char ***list, const char *format, ...) _printf_(2, 3);
int strv_take(char ***list, char *item);

/* Return: 0, -ENOMEM. */
int strv_copy(char ***ret, char *const *list);

/* Splits at any of `separators`, dropping empty words. Return: 0, -ENOMEM. */
int strv_split(char ***ret, const char *text, const char *separators);

/* Return: a new string, or NULL when out of memory. */
char *strv_join(char *const *list, const char *separator);

/* The value of NAME= in an environment list, the last one wins, or NULL. */
const char *strv_env_get(char *const *list, const char *name);

/* Adds NAME=VALUE, replacing an earlier NAME=. Return: 0, -ENOMEM. */
int strv_env_set(char ***list, const char *name, const char *value);
