/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"

#include <stdarg.h>

#define BLANKS " \t\r\n"

const char *endswith(const char *string, const char *suffix)
{
        size_t n = strlen(string), m = strlen(suffix);

        return n >= m && streq(string + n - m, suffix) ? string + n - m : NULL;
}

char *string_strip(char *string)
{
        size_t n;

        string += strspn(string, BLANKS);
        n = strlen(string);
        while (n > 0 && strchr(BLANKS, string[n - 1]))
                string[--n] = '\0';
        return string;
}

char *string_vformat(const char *format, va_list ap)
{
        char *string;

        return vasprintf(&string, format, ap) < 0 ? NULL : string;
}

char *string_format(const char *format, ...)
{
        char *string;
        va_list ap;

        va_start(ap, format);
        string = string_vformat(format, ap);
        va_end(ap);
        return string;
}

int string_set(char **p, const char *value)
{
        char *copy = NULL;

        if (value) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }
        free(*p);
        *p = copy;
        return 0;
}

size_t strv_length(char *const *list)
{
        size_t n = 0;

        while (list && list[n])
                n++;
        return n;
}

bool strv_contains(char *const *list, const char *item)
{
        for (; list && *list; list++)
                if (streq(*list, item))
                        return true;
        return false;
}

char **strv_free(char **list)
{
        strv_foreach(item, list)
                free(*item);
        free(list);
        return NULL;
}

int strv_take(char ***list, char *item)
{
        size_t n = strv_length(*list);
        char **grown;

        if (!item)
                return -ENOMEM;
        grown = realloc(*list, (n + 2) * sizeof(char *));
        if (!grown) {
                free(item);
                return -ENOMEM;
        }
        grown[n] = item;
        grown[n + 1] = NULL;
        *list = grown;
        return 0;
}

int strv_add(char ***list, const char *item)
{
        return strv_take(list, strdup(item));
}

int strv_addf(char ***list, const char *format, ...)
{
        char *item;
        va_list ap;

        va_start(ap, format);
        item = string_vformat(format, ap);
        va_end(ap);
        return item ? strv_take(list, item) : -ENOMEM;
}

int strv_copy(char ***ret, char *const *list)
{
        _cleanup_(strv_free_p) char **copy = NULL;

        for (; list && *list; list++)
                if (strv_add(&copy, *list) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(copy);
        return 0;
}

int strv_split(char ***ret, const char *text, const char *separators)
{
        _cleanup_(strv_free_p) char **list = NULL;

        for (;;) {
                size_t n;

                text += strspn(text, separators);
                n = strcspn(text, separators);
                if (n == 0)
                        break;
                if (strv_take(&list, strndup(text, n)) < 0)
                        return -ENOMEM;
                text += n;
        }
        *ret = TAKE_PTR(list);
        return 0;
}

char *strv_join(char *const *list, const char *separator)
{
        size_t n = 1, m = strlen(separator);
        char *joined, *p;

        for (char *const *item = list; item && *item; item++)
                n += strlen(*item) + m;
        joined = malloc(n);
        if (!joined)
                return NULL;
        p = joined;
        for (char *const *item = list; item && *item; item++) {
                if (item != list)
                        p = stpcpy(p, separator);
                p = stpcpy(p, *item);
        }
        *p = '\0';
        return joined;
}

static bool env_has_name(const char *entry, const char *name)
{
        const char *rest = startswith(entry, name);

        return rest && *rest == '=';
}

const char *strv_env_get(char *const *list, const char *name)
{
        const char *value = NULL;

        for (; list && *list; list++)
                if (env_has_name(*list, name))
                        value = *list + strlen(name) + 1;
        return value;
}

int strv_env_set(char ***list, const char *name, const char *value)
{
        char *entry;

        entry = string_format("%s=%s", name, value);
        if (!entry)
                return -ENOMEM;
        strv_foreach(item, *list)
                if (env_has_name(*item, name)) {
                        free(*item);
                        *item = entry;
                        return 0;
                }
        return strv_take(list, entry);
}
