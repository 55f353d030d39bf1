/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the command prints: JSON, notes, errors. Text from elsewhere is shown with its control
 * characters replaced, so that it cannot steer the terminal. */

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"

/* Empty strings where the stream is no terminal, or NO_COLOR is set. */
typedef struct Style {
        const char *bold;
        const char *dim;
        const char *normal;
} Style;

const Style *style_for(FILE *stream);

/* Replaces control characters but tab and newline by '?', in place. Return: the text. */
char *text_sanitize(char *text);

/* A line, indented on a terminal. Return: 0, -errno. */
int output_json(const json_t *value, Error *reterr);

/* The text, with a newline at its end if it has none. */
void output_text(const char *text);

/* Everything is out. Return: 0, -errno when not (a full disk). */
int output_finish(Error *reterr);

/* "nagaya: SENTENCE" on stderr; the stage is named if the sentence does not. `subject` (may be
 * NULL) is put before it when the sentence does not name it. */
void output_error(const Error *error, const char *subject);

/* The same for a remark. */
void output_note(const char *format, ...) _printf_(1, 2);
