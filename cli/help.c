/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/help.h"

#include "cli/output.h"

void help_print_overview(FILE *stream)
{
        const Style *style = style_for(stream);

        (void) fprintf(stream, "Usage: nagaya [OPTION...] COMMAND [ARGUMENT...]\n\n"
                               "Make, run and look after system containers.\n");
        for (const CommandFamily *family = command_families; family->title; family++) {
                if (*family->title)
                        (void) fprintf(stream, "\n%s%s%s\n", style->bold, family->title,
                                       style->normal);
                for (const Command *command = family->commands; command->name; command++)
                        if (!command->hidden)
                                (void) fprintf(stream, "  %-12s%s\n", command->name,
                                               command->summary);
        }
        (void) fprintf(stream, "\n%sOptions of every command%s\n", style->bold, style->normal);
        options_print_help(stream, global_options);
        (void) fprintf(stream, "\nSee 'nagaya help COMMAND' and nagaya(1).\n");
}

void help_print_command(FILE *stream, const Command *command)
{
        const Style *style = style_for(stream);
        bool spaced = command->arguments[0] != '\0';

        (void) fprintf(stream, "Usage: nagaya %s%s%s%s\n\n%s.\n", command->name,
                       command->options ? " [OPTION...]" : "", spaced ? " " : "",
                       command->arguments, command->summary);
        if (command->description)
                (void) fprintf(stream, "\n%s\n", command->description);
        if (command->options) {
                (void) fprintf(stream, "\n%sOptions%s\n", style->bold, style->normal);
                options_print_help(stream, command->options);
        }
        (void) fprintf(stream, "\n%sOptions of every command%s\n", style->bold, style->normal);
        options_print_help(stream, global_options);
}
