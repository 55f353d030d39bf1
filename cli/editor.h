/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The user's editor: $VISUAL, $EDITOR, or "editor". */

#include "base/error.h"

/* editor_begin() - a file of our own that holds the text, named after `subject`; *ret_path is freed
 * by the caller, who also removes the file. Return: 0, -errno. */
int editor_begin(const char *subject, const char *text, char **ret_path, Error *reterr);

/* editor_run() - waits for the editor, and reads what is then in the file (at most `limit` bytes; the
 * caller frees). Return: 0, -errno (the editor could not be run, or said that it failed). */
int editor_run(const char *path, size_t limit, char **ret_text, Error *reterr);
