/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/hook-line.h"

#include <ctype.h>

#include "base/strv.h"

/* Takes one word from *p. Return: 1 a word, 0 the end, -EINVAL, -ENOMEM. */
static int split_word(const char **p, char **ret)
{
        _cleanup_(free_p) char *word = NULL;
        char quote = '\0';
        size_t n = 0;

        *p += strspn(*p, " \t");
        if (!**p)
                return 0;
        word = malloc(strlen(*p) + 1);
        if (!word)
                return -ENOMEM;
        for (; **p && (quote || !isblank((unsigned char) **p)); (*p)++) {
                char c = **p;

                if (quote ? c == quote : c == '\'' || c == '"') {
                        quote = quote ? '\0' : c;
                        continue;
                }
                if (c == '\\' && quote != '\'') {
                        c = *++*p;
                        if (!c)
                                return -EINVAL;
                }
                word[n++] = c;
        }
        if (quote)
                return -EINVAL;
        word[n] = '\0';
        *ret = TAKE_PTR(word);
        return 1;
}

int hook_split(const char *line, char ***ret)
{
        _cleanup_(strv_free_p) char **words = NULL;
        char *word;
        int r;

        while ((r = split_word(&line, &word)) > 0)
                if (strv_take(&words, word) < 0)
                        return -ENOMEM;
        if (r < 0)
                return r;
        if (!words)
                return -EINVAL;
        *ret = TAKE_PTR(words);
        return 0;
}
