/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/table.h"

#include <stdarg.h>
#include <string.h>

#include "base/strv.h"

#define GAP 2

struct Table {
        const char *const *headings;
        size_t n_columns;
        char **cells;
        size_t n_cells, room;
};

int table_new(const char *const *headings, Table **ret, Error *reterr)
{
        Table *table = calloc(1, sizeof(*table));

        if (!table)
                return error_oom(reterr);
        table->headings = headings;
        while (headings[table->n_columns])
                table->n_columns++;
        *ret = table;
        return 0;
}

Table *table_free(Table *table)
{
        if (!table)
                return NULL;
        for (size_t i = 0; i < table->n_cells; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}

static int make_room(Table *table)
{
        size_t room = table->room ? table->room * 2 : 64;
        char **grown;

        if (table->n_cells < table->room)
                return 0;
        grown = realloc(table->cells, room * sizeof(char *));
        if (!grown)
                return -ENOMEM;
        table->cells = grown;
        table->room = room;
        return 0;
}

int table_add(Table *table, const char *text, Error *reterr)
{
        char *cell = strdup(text && *text ? text : "-");

        if (!cell || make_room(table) < 0) {
                free(cell);
                return error_oom(reterr);
        }
        (void) text_sanitize(cell);
        for (char *p = cell; *p; p++)
                if (*p == '\n' || *p == '\t')
                        *p = ' ';
        table->cells[table->n_cells++] = cell;
        return 0;
}

int table_addf(Table *table, Error *reterr, const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (!text)
                return error_oom(reterr);
        return table_add(table, text, reterr);
}

size_t text_width(const char *text)
{
        size_t width = 0;

        for (; *text; text++)
                if (((unsigned char) *text & 0xc0) != 0x80)
                        width++;
        return width;
}

static size_t column_width(const Table *table, size_t column)
{
        size_t width = text_width(table->headings[column]);

        for (size_t i = column; i < table->n_cells; i += table->n_columns) {
                size_t w = text_width(table->cells[i]);

                if (w > width)
                        width = w;
        }
        return width;
}

static void print_cell(FILE *stream, const char *text, const char *on, const char *off, size_t pad)
{
        (void) fprintf(stream, "%s%s%s%*s", on, text, off, (int) pad, "");
}

void table_print(const Table *table, FILE *stream)
{
        const Style *style = style_for(stream);
        size_t n = table->n_columns;
        size_t *widths;

        if (table->n_cells == 0)
                return;
        widths = calloc(n, sizeof(*widths));
        if (!widths)
                return;
        for (size_t c = 0; c < n; c++)
                widths[c] = column_width(table, c) + GAP;
        for (size_t c = 0; c < n; c++)
                print_cell(stream, table->headings[c], style->bold, style->normal,
                           c + 1 < n ? widths[c] - text_width(table->headings[c]) : 0);
        (void) fputc('\n', stream);
        for (size_t i = 0; i < table->n_cells; i++) {
                const char *cell = table->cells[i];
                bool last = i % n + 1 == n, dim = streq(cell, "-");

                print_cell(stream, cell, dim ? style->dim : "", dim ? style->normal : "",
                           last ? 0 : widths[i % n] - text_width(cell));
                if (last)
                        (void) fputc('\n', stream);
        }
        free(widths);
}
