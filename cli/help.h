/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Help, from the table of commands. */

#include <stdio.h>

#include "cli/command.h"

void help_print_overview(FILE *stream);
void help_print_command(FILE *stream, const Command *command);
