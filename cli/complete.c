/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/complete.h"

#include <signal.h>
#include <string.h>

#include "base/strv.h"
#include "interfaces/lifecycle.h"
#include "interfaces/names.h"

static void offer(const char *candidate, const char *begin)
{
        if (startswith(candidate, begin))
                (void) puts(candidate);
}

static void offer_states(const char *begin)
{
        for (State state = 0; state < _STATE_MAX; state++)
                offer(state_name(state), begin);
}

static void offer_signals(const char *begin)
{
        for (int i = 1; i < SIGRTMIN; i++)
                if (sigabbrev_np(i))
                        offer(sigabbrev_np(i), begin);
}

static void offer_commands(const char *begin)
{
        for (const CommandFamily *family = command_families; family->title; family++)
                for (const Command *command = family->commands; command->name; command++)
                        if (!command->hidden)
                                offer(command->name, begin);
}

static void offer_config_actions(const char *begin)
{
        const char *name;

        for (size_t i = 0; (name = config_action_name(i)); i++)
                offer(name, begin);
}

static void offer_snapshot_actions(const char *begin)
{
        const char *name;

        for (size_t i = 0; (name = snapshot_action_name(i)); i++)
                offer(name, begin);
}

/* What the service knows: the method, the list in its reply, the field of each item (NULL: the item
 * itself). */
static const struct {
        const char *method;
        const char *list;
        const char *field;
} remote[_CANDIDATES_MAX] = {
        [CANDIDATES_CONTAINERS] = { INTERFACE_MANAGER ".ListContainers", "containers",
                                    "container" },
        [CANDIDATES_TEMPLATES] = { INTERFACE_MANAGER ".ListTemplates", "templates", "name" },
        [CANDIDATES_BACKENDS] = { INTERFACE_MANAGER ".ListBackends", "backends", "name" },
        [CANDIDATES_INTERFACES] = { INTERFACE_VARLINK_SERVICE ".GetInfo", "interfaces", NULL },
};

static void (*const local[_CANDIDATES_MAX])(const char *begin) = {
        [CANDIDATES_STATES] = offer_states,
        [CANDIDATES_COMMANDS] = offer_commands,
        [CANDIDATES_CONFIG_ACTIONS] = offer_config_actions,
        [CANDIDATES_SNAPSHOT_ACTIONS] = offer_snapshot_actions,
        [CANDIDATES_SIGNALS] = offer_signals,
};

static void offer_remote(Context *context, Candidates candidates, const char *begin)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters = NULL, *item;
        Error error = ERROR_NULL;
        size_t i;

        /* The rest of what is known of each would only be thrown away. */
        if (candidates == CANDIDATES_CONTAINERS)
                parameters = json_pack("{s:[s]}", "fields", "container");
        context->ask = false;
        (void) client_call(context, remote[candidates].method, parameters, &reply, &error);
        error_done(&error);
        json_array_foreach(json_object_get(reply, remote[candidates].list), i, item)
                offer(remote[candidates].field ? json_text(item, remote[candidates].field)
                      : json_is_string(item)   ? json_string_value(item)
                                               : "",
                      begin);
}

static void offer_all(Context *context, Candidates candidates, const char *begin)
{
        if (local[candidates])
                local[candidates](begin);
        else if (remote[candidates].method)
                offer_remote(context, candidates, begin);
}

static void offer_options(const Syntax *syntax, const char *begin)
{
        for (size_t i = 0; i < ELEMENTS(syntax->tables); i++)
                for (const Option *o = syntax->tables[i]; o && o->name; o++) {
                        _cleanup_(free_p) char *text = NULL;

                        text = string_format("--%s", o->name);
                        if (text)
                                offer(text, begin);
                }
}

static const Option *find_option(const Syntax *syntax, const char *word)
{
        if (startswith(word, "--"))
                return option_find(syntax, word + 2, strlen(word + 2));
        return word[0] == '-' && word[1] && !word[2] ? option_find_letter(syntax, word[1]) : NULL;
}

/* Where the last word stands. */
typedef struct Position {
        const Command *command; /* NULL: before it */
        const Option *option;   /* whose value it is, or NULL */
        unsigned n_words;       /* of the command, before it */
        bool rest;
} Position;

static Position position_find(char *const *words)
{
        Position at = { .command = NULL };

        for (; words[1]; words++) {
                Syntax syntax = at.command ? command_syntax(at.command)
                                           : (Syntax){ .tables = { global_options } };

                if (at.option) {
                        at.option = NULL;
                        continue;
                }
                if (streq(*words, "--"))
                        at.rest = true;
                if ((*words)[0] == '-') {
                        at.option = find_option(&syntax, *words);
                        if (at.option && !at.option->value)
                                at.option = NULL;
                } else if (!at.command) {
                        at.command = command_find(*words);
                        if (!at.command)
                                at.rest = true;
                } else
                        at.n_words++;
                if (at.rest)
                        break;
        }
        return at;
}

static Candidates word_candidates(const Position *at)
{
        const Command *command = at->command;
        unsigned n = at->n_words;

        if (n >= command->words_max)
                return CANDIDATES_NONE;
        if (command->words_max == WORDS_ANY)
                while (n > 0 && (n >= COMMAND_WORDS_MAX || !command->candidates[n]))
                        n--;
        return n < COMMAND_WORDS_MAX ? command->candidates[n] : CANDIDATES_NONE;
}

int complete_print(Context *context, char *const *words, Error *reterr)
{
        const char *begin;
        Position at;
        Syntax syntax;

        if (!words || !*words)
                return 0;
        begin = words[strv_length(words) - 1];
        at = position_find(words);
        syntax = at.command ? command_syntax(at.command) : (Syntax){ .tables = { global_options } };
        if (at.rest)
                return 0;
        if (at.option)
                offer_all(context, at.option->candidates, begin);
        else if (begin[0] == '-')
                offer_options(&syntax, begin);
        else
                offer_all(context, at.command ? word_candidates(&at) : CANDIDATES_COMMANDS, begin);
        return 0;
}
