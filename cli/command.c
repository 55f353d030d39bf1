/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/command.h"

#include "base/strv.h"

#define COMMANDS_MAX 63

const CommandFamily command_families[] = {
        { "See what there is", commands_list },
        { "", commands_monitor },
        { "Make and remove", commands_create },
        { "", commands_storage },
        { "Run", commands_lifecycle },
        { "Go inside", commands_exec },
        { "", commands_console },
        { "Configure", commands_config },
        { "", commands_boot },
        { "The service", commands_system },
        { NULL, NULL },
};

/* clang-format off */
const Option global_options[] = {
        { 'h', "help",            .help = "Show help" },
        { 0,   "version",         .help = "Show the version" },
        { 'q', "quiet",           .help = "Print errors and results only" },
        { 0,   "json",            .help = "Print the service's reply as JSON" },
        { 0,   "no-ask-password", .help = "Do not ask for a password when one is needed" },
        { 0,   "address", OPTION_TEXT, "PATH", "Talk to the service at this socket" },
        { 0,   NULL },
};
/* clang-format on */

const Command *command_find(const char *name)
{
        for (const CommandFamily *family = command_families; family->title; family++)
                for (const Command *command = family->commands; command->name; command++)
                        if (streq(command->name, name))
                                return command;
        return NULL;
}

const char *command_nearest(const char *name)
{
        const char *names[COMMANDS_MAX + 1];
        size_t n = 0;

        for (const CommandFamily *family = command_families; family->title; family++)
                for (const Command *command = family->commands; command->name; command++)
                        if (!command->hidden && n < COMMANDS_MAX)
                                names[n++] = command->name;
        names[n] = NULL;
        return nearest_name(names, name);
}

Syntax command_syntax(const Command *command)
{
        return (Syntax){
                .tables = { global_options, command->options },
                .rest = command->rest,
                .words_max = command->words_max,
        };
}
