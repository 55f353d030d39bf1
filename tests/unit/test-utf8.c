/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "base/utf8.h"

static void test_valid(void)
{
        static const char *const texts[] = {
                "",
                "plain\n",
                "l\xc3\xa4nger",
                "\xe9\x95\xb7\xe5\xb1\x8b",
                "\xf0\x9f\x8f\x98",
                "\xf4\x8f\xbf\xbf",
                "\xed\x9f\xbf",
                "\xee\x80\x80",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autofree char *text = g_strdup(texts[i]);

                g_assert_true(utf8_is_valid(texts[i]));
                g_assert_cmpstr(utf8_make_valid(text), ==, texts[i]);
        }
        g_assert_null(utf8_make_valid(NULL));
}

static void test_invalid(void)
{
        static const struct {
                const char *before, *after;
        } rows[] = {
                { "\xff", "?" },                /* no such byte */
                { "a\x80z", "a?z" },            /* continues nothing */
                { "\xc3", "?" },                /* ends too early */
                { "\xc3z", "?z" },              /* the same, before more */
                { "\xe9\x95", "??" },           /* ends too early */
                { "\xc0\xaf", "??" },           /* overlong '/' */
                { "\xe0\x80\xaf", "???" },      /* overlong '/' */
                { "\xed\xa0\x80", "???" },      /* a surrogate */
                { "\xf4\x90\x80\x80", "????" }, /* beyond U+10FFFF */
                { "\xf0\x9f\x8f\xc3\xa4", "???\xc3\xa4" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text = g_strdup(rows[i].before);

                g_assert_false(utf8_is_valid(rows[i].before));
                g_assert_cmpstr(utf8_make_valid(text), ==, rows[i].after);
        }
}

/* Every pair of bytes: what comes out is UTF-8, and what was so stays. */
static void test_agrees_with_glib(void)
{
        for (unsigned i = 0x0101; i <= 0xffff; i++) {
                char text[] = { (char) (i >> 8), (char) i, '\0' };
                char before[] = { text[0], text[1], '\0' };

                (void) utf8_make_valid(text);
                g_assert_true(g_utf8_validate(text, -1, NULL));
                if (g_utf8_validate(before, -1, NULL))
                        g_assert_cmpstr(text, ==, before);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/utf8/valid-text-stays-as-it-is", test_valid);
        g_test_add_func("/utf8/bytes-that-are-no-text-become-question-marks", test_invalid);
        g_test_add_func("/utf8/agrees-with-glib-on-every-pair-of-bytes", test_agrees_with_glib);
        return g_test_run();
}
