/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "cli/client.h"
#include "cli/editor.h"
#include "cli/output.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

#define CONFIG_MAX (1024 * 1024) /* as the service has it */
#define PARAMETERS_MAX 2

typedef struct ConfigAction ConfigAction;

/* What is done with a configuration. */
struct ConfigAction {
        const char *name;
        const char *method;                     /* of org.nagaya1.Container */
        const char *parameters[PARAMETERS_MAX]; /* the words after the action; NULL: no more */
        unsigned required;                      /* so many of them */
        const char *field;                      /* of the reply, that is shown */
        bool remark;                            /* which --quiet leaves out */
        int (*run)(Context *context, const ConfigAction *action, Error *reterr);
};

static int print_field(const json_t *reply, const char *field, Error *reterr)
{
        const json_t *value = json_object_get(reply, field), *item;
        size_t i;

        if (json_is_string(value))
                output_text(json_string_value(value));
        else if (json_is_boolean(value))
                (void) printf("%s%s\n", json_is_true(value) ? "" : "un", field);
        else if (json_is_array(value))
                json_array_foreach(value, i, item)
                        (void) puts(json_is_string(item) ? json_string_value(item) : "");
        else
                return error_errno(reterr, EBADMSG, "The service's reply has no '%s'", field);
        return 0;
}

static json_t *make_parameters(const Arguments *arguments, const ConfigAction *action)
{
        json_t *parameters = client_parameters(arguments->words[0]);

        for (size_t i = 0; parameters && i < PARAMETERS_MAX && action->parameters[i]; i++) {
                const char *word = arguments->n_words > i + 2 ? arguments->words[i + 2] : "";

                if (json_set(parameters, action->parameters[i], json_string(word)) < 0) {
                        json_decref(parameters);
                        return NULL;
                }
        }
        return parameters;
}

static int run_call(Context *context, const ConfigAction *action, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters = make_parameters(context->arguments, action);
        int r;

        if (!parameters)
                return error_oom(reterr);
        r = client_call(context, action->method, parameters, &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        return action->remark && context->quiet ? 0 : print_field(reply, action->field, reterr);
}

/* What the service thinks of it. */
static int run_check(Context *context, const ConfigAction *action, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters = client_parameters(context->arguments->words[0]);
        const char *broken;
        int r;

        if (!parameters || json_set(parameters, "fields", json_pack("[s]", "broken")) < 0) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        r = client_call(context, action->method, parameters, &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        broken = json_text(json_object_get(reply, "description"), "broken");
        return *broken ? error_public(reterr, ERROR_INVALID_CONFIG, "%s", broken) : 0;
}

/* Only over what was read: nobody's change is lost. */
static int
write_config(Context *context, const char *text, const char *version, json_t **ret, Error *reterr)
{
        json_t *parameters = client_parameters(context->arguments->words[0]);

        if (!parameters || json_set(parameters, "text", json_string(text)) < 0 ||
            json_set(parameters, "version", json_string(version)) < 0) {
                json_decref(parameters);
                return error_public(reterr, ERROR_INVALID_ARGS, "The text is not in UTF-8");
        }
        return client_call(context, INTERFACE_CONTAINER ".WriteConfig", parameters, ret, reterr);
}

/* Edits the file at `path`, writes what came out. Return: 0, -errno (*ret_keep: the text is worth
 * keeping). */
static int
edit(Context *context, const json_t *config, const char *path, bool *ret_keep, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = editor_run(path, CONFIG_MAX, &text, reterr);
        if (r < 0)
                return r;
        if (streq(text, json_text(config, "text"))) {
                if (!context->quiet)
                        output_note("Nothing was changed");
                return 0;
        }
        r = write_config(context, text, json_text(config, "version"), &reply, reterr);
        *ret_keep = r < 0;
        return r == 0 && context->json ? output_json(reply, reterr) : r;
}

static int run_edit(Context *context, const ConfigAction *action, Error *reterr)
{
        const char *name = context->arguments->words[0];
        _cleanup_(json_decref_p) json_t *config = NULL;
        _cleanup_(free_p) char *path = NULL;
        json_t *parameters = client_parameters(name);
        bool keep = false;
        int r;

        if (!parameters)
                return error_oom(reterr);
        r = client_call(context, action->method, parameters, &config, reterr);
        if (r == 0)
                r = editor_begin(name, json_text(config, "text"), &path, reterr);
        if (r < 0)
                return r;
        r = edit(context, config, path, &keep, reterr);
        if (keep)
                output_note("Your text is kept in '%s'", path);
        else
                (void) unlink(path);
        return r;
}

/* clang-format off */
static const ConfigAction actions[] = {
        { "get",     INTERFACE_CONTAINER ".GetConfig",      { "key" },          1, "value",   false, run_call },
        { "set",     INTERFACE_CONTAINER ".SetConfig",      { "key", "value" }, 2, "effect",  true,  run_call },
        { "unset",   INTERFACE_CONTAINER ".UnsetConfig",    { "key" },          1, "effect",  true,  run_call },
        { "list",    INTERFACE_CONTAINER ".ListConfigKeys", { "prefix" },       0, "keys",    false, run_call },
        { "show",    INTERFACE_CONTAINER ".ReadConfig",     { NULL },           0, "text",    false, run_call },
        { "edit",    INTERFACE_CONTAINER ".ReadConfig",     { NULL },           0, "text",    false, run_edit },
        { "check",   INTERFACE_CONTAINER ".Describe",       { NULL },           0, NULL,      false, run_check },
        { "convert", INTERFACE_CONTAINER ".ConvertConfig",  { NULL },           0, "changed", true,  run_call },
};
/* clang-format on */

const char *config_action_name(size_t i)
{
        return i < ELEMENTS(actions) ? actions[i].name : NULL;
}

static const ConfigAction *action_find(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(actions); i++)
                if (streq(actions[i].name, name))
                        return &actions[i];
        return NULL;
}

static unsigned count_parameters(const ConfigAction *action)
{
        unsigned n = 0;

        while (n < PARAMETERS_MAX && action->parameters[n])
                n++;
        return n;
}

static int check_words(const ConfigAction *action, const Arguments *arguments, Error *reterr)
{
        size_t given = arguments->n_words - 2;

        if (!action)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "'%s' is none of get, set, unset, list, show, edit, check and "
                                    "convert",
                                    arguments->words[1]);
        if (given < action->required)
                return error_public(reterr, ERROR_INVALID_ARGS, "'%s' needs a %s", action->name,
                                    action->parameters[given]);
        if (given > count_parameters(action))
                return error_public(reterr, ERROR_INVALID_ARGS, "Too many arguments, from '%s' on",
                                    arguments->words[2 + count_parameters(action)]);
        return 0;
}

static int run_config(Context *context, Error *reterr)
{
        const ConfigAction *action = action_find(context->arguments->words[1]);
        int r;

        r = check_words(action, context->arguments, reterr);
        return r < 0 ? r : action->run(context, action, reterr);
}

static int run_cgroup(Context *context, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        bool sets = arguments->n_words > 2;
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters = client_parameters(arguments->words[0]);
        int r;

        if (!parameters || json_set(parameters, "file", json_string(arguments->words[1])) < 0 ||
            (sets && json_set(parameters, "value", json_string(arguments->words[2])) < 0)) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        r = client_call(context,
                        sets ? INTERFACE_CONTAINER ".SetCgroup" : INTERFACE_CONTAINER ".GetCgroup",
                        parameters, &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        return sets ? 0 : print_field(reply, "value", reterr);
}

const Command commands_config[] = {
        { .name = "config",
          .arguments = "NAME get KEY | set KEY VALUE | unset KEY | list [PREFIX] | "
                       "show | edit | check | convert",
          .summary = "Read and change the configuration of a container",
          .description =
                  "get prints the value of a key of lxc.container.conf(5), list the keys (below a\n"
                  "prefix), show the file itself. set replaces the key's lines, unset takes them\n"
                  "out; both tell when that takes effect: now, or next-start. edit opens the file\n"
                  "in $VISUAL or $EDITOR, check says what is wrong with it, convert gives the "
                  "keys\n"
                  "of old their names of today and keeps the old file as config.backup.",
          .words_min = 2,
          .words_max = 4,
          .candidates = { CANDIDATES_CONTAINERS, CANDIDATES_CONFIG_ACTIONS },
          .run = run_config },
        { .name = "cgroup",
          .arguments = "NAME FILE [VALUE]",
          .summary = "Read or set a control group file of a running container",
          .description = "FILE is like memory.max; names of cgroup version 1 are translated. The\n"
                         "value holds until the container stops.",
          .words_min = 2,
          .words_max = 3,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_cgroup },
        { .name = NULL },
};
