/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The commands: one table, which dispatch, help, completion and the test of the manual page read. */

#include "cli/options.h"

typedef struct Context Context;

#define COMMAND_WORDS_MAX 3
#define WORDS_ANY UINT32_MAX

/* Exit statuses of the command. */
#define EXIT_USAGE 2

typedef struct Command {
        const char *name; /* NULL ends a table */
        const char *arguments;
        const char *summary;
        const char *description; /* further paragraphs of help; may be NULL */
        const Option *options;   /* may be NULL */
        unsigned words_min;
        unsigned words_max; /* WORDS_ANY: no limit */
        RestRule rest;
        bool rest_required;
        bool hidden; /* from help */
        /* Of each word; the last that is not CANDIDATES_NONE also counts for those behind it when
         * there is no limit. */
        Candidates candidates[COMMAND_WORDS_MAX];
        /* Return: the exit status, or -errno with the error, which is then shown. */
        int (*run)(Context *context, Error *reterr);
} Command;

typedef struct CommandFamily {
        const char *title; /* "": it stands under the title before it */
        const Command *commands;
} CommandFamily;

/* Ended by a NULL title. */
extern const CommandFamily command_families[];

extern const Command commands_list[];
extern const Command commands_create[];
extern const Command commands_storage[];
extern const Command commands_lifecycle[];
extern const Command commands_exec[];
extern const Command commands_console[];
extern const Command commands_monitor[];
extern const Command commands_config[];
extern const Command commands_boot[];
extern const Command commands_system[];

/* The actions of `config` and `snapshot` by their place; NULL behind the last one. */
const char *config_action_name(size_t i);
const char *snapshot_action_name(size_t i);

/* Options of every command. */
extern const Option global_options[];

/* Return: NULL when unknown. */
const Command *command_find(const char *name);

/* The command most like `name`, or NULL. */
const char *command_nearest(const char *name);

Syntax command_syntax(const Command *command);
