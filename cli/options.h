/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Options of a command line as a table. Parsing, the texts of help, completion and the test of the
 * manual page read the same rows. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

typedef enum OptionType {
        OPTION_FLAG,    /* takes no value */
        OPTION_TEXT,    /* a value; the last one wins */
        OPTION_SECONDS, /* a number of seconds, also 0.5; -1 is for ever; the last one wins */
        OPTION_NUMBER,  /* an unsigned number of 32 bits; the last one wins */
        OPTION_SIZE, /* a number of bytes: N with K, M (also without), G or T; the last one wins */
        OPTION_LIST, /* a value; may be given several times */
        OPTION_ASSIGNMENTS, /* KEY=VALUE; may be given several times */
        _OPTION_TYPE_MAX,
} OptionType;

/* What may stand somewhere, for completion. */
typedef enum Candidates {
        CANDIDATES_NONE,
        CANDIDATES_CONTAINERS,
        CANDIDATES_STATES,
        CANDIDATES_TEMPLATES,
        CANDIDATES_BACKENDS,
        CANDIDATES_INTERFACES,
        CANDIDATES_COMMANDS,
        CANDIDATES_CONFIG_ACTIONS,
        CANDIDATES_SNAPSHOT_ACTIONS,
        CANDIDATES_SIGNALS,
        _CANDIDATES_MAX,
} Candidates;

typedef struct Option {
        char letter;      /* 0: none */
        const char *name; /* NULL ends a table */
        OptionType type;
        const char *value; /* how the value is called in help; NULL for a flag */
        const char *help;
        const char *excludes; /* the name of an option that cannot stand beside it, or NULL */
        Candidates candidates;
} Option;

/* Where the words of a command end and the rest, taken as it stands, begins. */
typedef enum RestRule {
        REST_NONE,    /* never: "--" only ends the options */
        REST_DASHES,  /* after "--" */
        REST_COMMAND, /* after "--", or with the first word too many */
} RestRule;

typedef struct Syntax {
        const Option *tables[2]; /* either may be NULL */
        RestRule rest;
        unsigned words_max; /* for REST_COMMAND */
} Syntax;

typedef struct OptionValue OptionValue;

/* A command line taken apart. Everything is borrowed from argv. */
typedef struct Arguments {
        OptionValue *values;
        size_t n_values;
        char **words;
        size_t n_words;
        char *const *rest; /* NULL: there is none; else ended by NULL, maybe empty */
} Arguments;

void arguments_done(Arguments *arguments);

/* options_parse() - take `argv` (ended by NULL) apart, adding to *arguments, whose words and rest
 * are made anew. Return: 0, ERROR_INVALID_ARGS with a sentence that names the option. */
int options_parse(const Syntax *syntax, char *const *argv, Arguments *arguments, Error *reterr);

bool arguments_flag(const Arguments *arguments, const char *name);
/* Return: the last value, or NULL. */
const char *arguments_text(const Arguments *arguments, const char *name);
/* In usec; -1: for ever. `otherwise` when it was not given. */
int64_t arguments_usec(const Arguments *arguments, const char *name, int64_t otherwise);
uint32_t arguments_number(const Arguments *arguments, const char *name, uint32_t otherwise);
uint64_t arguments_size(const Arguments *arguments, const char *name, uint64_t otherwise);
/* All values in order, ended by NULL; an empty list when there is none. The caller frees the list,
 * not the strings. NULL: out of memory. */
const char **arguments_list(const Arguments *arguments, const char *name);

/* By its name, or by its letter (of which only the first is looked at). Return: NULL if unknown. */
const Option *option_find(const Syntax *syntax, const char *name, size_t size);
const Option *option_find_letter(const Syntax *syntax, char letter);

/* The lines of help of a table: "  -t, --timeout=SEC  What it does". */
void options_print_help(FILE *stream, const Option *table);

/* The name in `names` (ended by NULL) that is most like `word`, or NULL when none is like it. */
const char *nearest_name(const char *const *names, const char *word);
