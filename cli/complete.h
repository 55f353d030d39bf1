/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Completion, from the table of commands: what the shell's completion function asks for. */

#include "cli/client.h"

/* complete_print() - one candidate a line for the last of `words` (what follows "nagaya", ended by
 * NULL, the last maybe empty). A service that does not answer only makes it shorter. Return: 0,
 * -errno. */
int complete_print(Context *context, char *const *words, Error *reterr);
