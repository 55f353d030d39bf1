/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "cli/client.h"
#include "cli/output.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* A member of org.nagaya1.Container with one parameter beside the container, and the field of its
 * reply that is shown. */
typedef struct ConfigAction {
        const char *name;
        const char *method;
        const char *parameter; /* NULL: none */
        bool required;
        const char *field;
} ConfigAction;

/* clang-format off */
static const ConfigAction actions[] = {
        { "get",  INTERFACE_CONTAINER ".GetConfig",      "key",    true,  "value" },
        { "list", INTERFACE_CONTAINER ".ListConfigKeys", "prefix", false, "keys"  },
        { "show", INTERFACE_CONTAINER ".ReadConfig",     NULL,     false, "text"  },
};
/* clang-format on */

static const ConfigAction *action_find(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(actions); i++)
                if (streq(actions[i].name, name))
                        return &actions[i];
        return NULL;
}

static int check_words(const ConfigAction *action, const Arguments *arguments, Error *reterr)
{
        if (!action)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "'%s' is none of get, list and show", arguments->words[1]);
        if (action->required && arguments->n_words < 3)
                return error_public(reterr, ERROR_INVALID_ARGS, "'%s' needs a %s", action->name,
                                    action->parameter);
        if (!action->parameter && arguments->n_words > 2)
                return error_public(reterr, ERROR_INVALID_ARGS, "Too many arguments, from '%s' on",
                                    arguments->words[2]);
        return 0;
}

static int print_field(const json_t *reply, const char *field, Error *reterr)
{
        const json_t *value = json_object_get(reply, field), *item;
        size_t i;

        if (json_is_string(value))
                output_text(json_string_value(value));
        else if (json_is_array(value))
                json_array_foreach(value, i, item)
                        (void) puts(json_is_string(item) ? json_string_value(item) : "");
        else
                return error_errno(reterr, EBADMSG, "The service's reply has no '%s'", field);
        return 0;
}

static int run_config(Context *context, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        const ConfigAction *action = action_find(arguments->words[1]);
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters;
        int r;

        r = check_words(action, arguments, reterr);
        if (r < 0)
                return r;
        parameters = client_parameters(arguments->words[0]);
        if (!parameters ||
            (action->parameter &&
             json_set(parameters, action->parameter,
                      json_string(arguments->n_words > 2 ? arguments->words[2] : "")) < 0)) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        r = client_call(context, action->method, parameters, &reply, reterr);
        if (r < 0)
                return r;
        return context->json ? output_json(reply, reterr)
                             : print_field(reply, action->field, reterr);
}

const Command commands_config[] = {
        { .name = "config",
          .arguments = "NAME get KEY | NAME list [PREFIX] | NAME show",
          .summary = "Read the configuration of a container",
          .description =
                  "get prints the value of a key of lxc.container.conf(5), list the keys that are\n"
                  "set (below a prefix), show the file itself.",
          .words_min = 2,
          .words_max = 3,
          .candidates = { CANDIDATES_CONTAINERS, CANDIDATES_CONFIG_ACTIONS },
          .run = run_config },
        { .name = NULL },
};
