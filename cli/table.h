/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Columns of text under headings. */

#include "base/error.h"
#include "cli/output.h"

typedef struct Table Table;

/* `headings` is ended by NULL and outlives the table. */
int table_new(const char *const *headings, Table **ret, Error *reterr);
Table *table_free(Table *table);
DEFINE_CLEANUP(Table *, table_free)

/* table_add() - the next cell, row by row, copied; NULL or "" is shown as "-". Control characters
 * (newlines, too) are replaced. Return: 0, -ENOMEM. */
int table_add(Table *table, const char *text, Error *reterr);
int table_addf(Table *table, Error *reterr, const char *format, ...) _printf_(3, 4);

/* Two blanks between columns, none at the ends of lines; nothing at all without rows. */
void table_print(const Table *table, FILE *stream);

/* Characters, not bytes, of UTF-8. */
size_t text_width(const char *text);
