/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "cli/table.h"

static const char *const headings[] = { "NAME", "STATE", "NOTE", NULL };

static char *print(const char *const *cells, size_t n)
{
        _cleanup_(table_free_p) Table *table = NULL;
        char *text = NULL;
        size_t size;
        FILE *stream = open_memstream(&text, &size);

        g_assert_cmpint(table_new(headings, &table, NULL), ==, 0);
        for (size_t i = 0; i < n; i++)
                g_assert_cmpint(table_add(table, cells[i], NULL), ==, 0);
        table_print(table, stream);
        g_assert_cmpint(fclose(stream), ==, 0);
        return text;
}

static void test_columns(void)
{
        static const char *const cells[] = {
                "ct01", "running", "x", "a-long-name", "stopped", "y"
        };
        _cleanup_(free_p) char *text = print(cells, G_N_ELEMENTS(cells));

        g_assert_cmpstr(text, ==,
                        "NAME         STATE    NOTE\n"
                        "ct01         running  x\n"
                        "a-long-name  stopped  y\n");
}

static void test_empty_cells(void)
{
        static const char *const cells[] = { "ct01", NULL, "" };
        _cleanup_(free_p) char *text = print(cells, G_N_ELEMENTS(cells));

        g_assert_cmpstr(text, ==,
                        "NAME  STATE  NOTE\n"
                        "ct01  -      -\n");
}

static void test_no_rows(void)
{
        _cleanup_(free_p) char *text = print(NULL, 0);

        g_assert_cmpstr(text, ==, "");
}

static void test_control_characters(void)
{
        static const char *const cells[] = { "a\033[31mb", "c\nd", "e\302\233f" };
        _cleanup_(free_p) char *text = print(cells, G_N_ELEMENTS(cells));

        g_assert_cmpstr(text, ==,
                        "NAME     STATE  NOTE\n"
                        "a?[31mb  c d    e??f\n");
}

static void test_utf8(void)
{
        static const char *const cells[] = { "\303\244\303\266\303\274-home", "on", "x" };
        _cleanup_(free_p) char *text = print(cells, G_N_ELEMENTS(cells));

        g_assert_cmpuint(text_width("\303\244b"), ==, 2);
        g_assert_cmpstr(text, ==,
                        "NAME      STATE  NOTE\n"
                        "\303\244\303\266\303\274-home  on     x\n");
}

static void test_many_rows(void)
{
        _cleanup_(table_free_p) Table *table = NULL;
        char *text = NULL;
        size_t size;
        FILE *stream = open_memstream(&text, &size);
        g_auto(GStrv) lines = NULL;

        g_assert_cmpint(table_new(headings, &table, NULL), ==, 0);
        for (int i = 0; i < 3000; i++)
                g_assert_cmpint(table_addf(table, NULL, "%d", i), ==, 0);
        table_print(table, stream);
        g_assert_cmpint(fclose(stream), ==, 0);
        lines = g_strsplit(text, "\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 1 + 1000 + 1);
        g_assert_cmpstr(lines[1000], ==, "2997  2998   2999");
        free(text);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cli-table/columns-are-as-wide-as-their-widest-cell", test_columns);
        g_test_add_func("/cli-table/an-empty-cell-is-a-dash", test_empty_cells);
        g_test_add_func("/cli-table/without-rows-nothing-is-printed", test_no_rows);
        g_test_add_func("/cli-table/control-characters-do-not-reach-the-terminal",
                        test_control_characters);
        g_test_add_func("/cli-table/widths-are-counted-in-characters", test_utf8);
        g_test_add_func("/cli-table/it-grows", test_many_rows);
        return g_test_run();
}
