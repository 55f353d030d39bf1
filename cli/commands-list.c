/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/strv.h"
#include "cli/client.h"
#include "cli/table.h"
#include "interfaces/errors.h"
#include "interfaces/lifecycle.h"
#include "interfaces/names.h"

#define LABEL_WIDTH 14

/* clang-format off */
static const Option list_options[] = {
        { 's', "state", OPTION_LIST, "STATE", "Only containers in this state", .candidates = CANDIDATES_STATES },
        { 'g', "group", OPTION_LIST, "GROUP", "Only containers of this group (lxc.group)" },
        { 0,   "running", .help = "Short for --state=running" },
        { 0,   "stopped", .help = "Short for --state=stopped" },
        { 0,   "frozen",  .help = "Short for --state=frozen" },
        { '1', "names",   .help = "Print names only, one a line" },
        { 0,   NULL },
};
static const Option show_options[] = {
        { 's', "state", .help = "Print the state only" },
        { 'p', "pid",   .help = "Print the pid of its init only", .excludes = "state" },
        { 0,   NULL },
};
/* clang-format on */

static bool is_pattern(const char *word)
{
        return strpbrk(word, "*?[") != NULL;
}

static bool any_pattern(const Arguments *arguments)
{
        for (size_t i = 0; i < arguments->n_words; i++)
                if (is_pattern(arguments->words[i]))
                        return true;
        return false;
}

static int add_state(char ***states, const char *word, Error *reterr)
{
        for (State state = 0; state < _STATE_MAX; state++)
                if (strcasecmp(state_name(state), word) == 0)
                        return strv_add(states, state_name(state)) < 0 ? error_oom(reterr) : 0;
        return error_public(reterr, ERROR_INVALID_ARGS, "There is no state '%s'", word);
}

static int collect_states(const Arguments *arguments, char ***ret, Error *reterr)
{
        static const char *const shorts[] = { "running", "stopped", "frozen" };
        _cleanup_(free_p) const char **given = arguments_list(arguments, "state");
        _cleanup_(strv_free_p) char **states = NULL;
        int r = 0;

        if (!given)
                return error_oom(reterr);
        for (size_t i = 0; i < ELEMENTS(shorts) && r >= 0; i++)
                if (arguments_flag(arguments, shorts[i]))
                        r = add_state(&states, shorts[i], reterr);
        for (const char **word = given; *word && r >= 0; word++)
                r = add_state(&states, *word, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(states);
        return 0;
}

/* Patterns are the client's work: with one among them, every name is asked for. */
static json_t *list_parameters(const Arguments *arguments, const char *const *fields, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *parameters = json_object();
        _cleanup_(strv_free_p) char **states = NULL;
        _cleanup_(free_p) const char **groups = arguments_list(arguments, "group");

        if (collect_states(arguments, &states, reterr) < 0)
                return NULL;
        if (!parameters || !groups ||
            (fields &&
             json_set(parameters, "fields", json_from_strv((char *const *) fields)) < 0) ||
            (states && json_set(parameters, "states", json_from_strv(states)) < 0) ||
            (*groups &&
             json_set(parameters, "groups", json_from_strv((char *const *) groups)) < 0) ||
            (arguments->n_words > 0 && !any_pattern(arguments) &&
             json_set(parameters, "names", json_from_strv(arguments->words)) < 0)) {
                (void) error_oom(reterr);
                return NULL;
        }
        return TAKE_PTR(parameters);
}

static bool matches(const Arguments *arguments, const char *name)
{
        for (size_t i = 0; i < arguments->n_words; i++)
                if (fnmatch(arguments->words[i], name, 0) == 0)
                        return true;
        return arguments->n_words == 0;
}

static void drop_unmatched(const Arguments *arguments, json_t *containers)
{
        for (size_t i = json_array_size(containers); i > 0; i--) {
                const json_t *container = json_array_get(containers, i - 1);

                if (!matches(arguments, json_text(container, "container")))
                        (void) json_array_remove(containers, i - 1);
        }
}

/* Return: the reply of ListContainers with what was asked for, or NULL. */
static int fetch(Context *context, const char *const *fields, json_t **ret, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters, *containers;
        int r;

        parameters = list_parameters(context->arguments, fields, reterr);
        if (!parameters)
                return -EINVAL;
        r = client_call(context, INTERFACE_MANAGER ".ListContainers", parameters, &reply, reterr);
        if (r < 0)
                return r;
        r = reply_array(reply, "containers", &containers, reterr);
        if (r < 0)
                return r;
        drop_unmatched(context->arguments, containers);
        *ret = TAKE_PTR(reply);
        return 0;
}

static const json_t *find(const json_t *containers, const char *name)
{
        const json_t *container;
        size_t i;

        json_array_foreach(containers, i, container)
                if (streq(json_text(container, "container"), name))
                        return container;
        return NULL;
}

/* Without filters a name that was given must be there. */
static int check_all_found(const Arguments *arguments, const json_t *containers, Error *reterr)
{
        if (arguments->n_values > 0 &&
            (arguments_flag(arguments, "group") || arguments_flag(arguments, "running") ||
             arguments_flag(arguments, "stopped") || arguments_flag(arguments, "frozen") ||
             arguments_text(arguments, "state")))
                return 0;
        for (size_t i = 0; i < arguments->n_words; i++) {
                const char *word = arguments->words[i];

                if (!is_pattern(word) && !find(containers, word))
                        return error_public(reterr, ERROR_NO_SUCH_CONTAINER,
                                            "There is no container '%s'", word);
        }
        return 0;
}

/* The texts of a list, with commas between; the caller frees. NULL: empty (or no memory). */
static char *join(const json_t *object, const char *field)
{
        _cleanup_(strv_free_p) char **list = NULL;

        if (json_get_strv(object, field, &list, NULL) <= 0 || !list)
                return NULL;
        return strv_join(list, ",");
}

/* NULL when it is not known (not shown to this caller). */
static const char *yes_no(const json_t *object, const char *field)
{
        const json_t *value = json_object_get(object, field);

        if (!json_is_boolean(value))
                return NULL;
        return json_is_true(value) ? "yes" : "no";
}

static int add_row(Table *table, const json_t *container, bool problems, Error *reterr)
{
        _cleanup_(free_p) char *groups = join(container, "groups");
        _cleanup_(free_p) char *addresses = join(container, "addresses");
        json_int_t pid = json_integer_value(json_object_get(container, "initPid"));
        char text[24] = "";

        if (pid > 0)
                (void) snprintf(text, sizeof(text), "%lld", (long long) pid);
        if (table_add(table, json_text(container, "container"), reterr) < 0 ||
            table_add(table, json_text(container, "state"), reterr) < 0 ||
            table_add(table, text, reterr) < 0 ||
            table_add(table, yes_no(container, "autostart"), reterr) < 0 ||
            table_add(table, groups, reterr) < 0 ||
            table_add(table, json_text(container, "backend"), reterr) < 0 ||
            table_add(table, yes_no(container, "unprivileged"), reterr) < 0 ||
            table_add(table, addresses, reterr) < 0 ||
            (problems && table_add(table, json_text(container, "broken"), reterr) < 0))
                return -ENOMEM;
        return 0;
}

static bool any_broken(const json_t *containers)
{
        const json_t *container;
        size_t i;

        json_array_foreach(containers, i, container)
                if (*json_text(container, "broken"))
                        return true;
        return false;
}

static int print_list(const json_t *containers, Error *reterr)
{
        static const char *const headings[] = {
                "NAME",    "STATE",        "PID",       "AUTOSTART", "GROUPS",
                "BACKEND", "UNPRIVILEGED", "ADDRESSES", NULL,
        };
        static const char *const with_problem[] = {
                "NAME",    "STATE",        "PID",       "AUTOSTART", "GROUPS",
                "BACKEND", "UNPRIVILEGED", "ADDRESSES", "PROBLEM",   NULL,
        };
        _cleanup_(table_free_p) Table *table = NULL;
        bool problems = any_broken(containers);
        const json_t *container;
        size_t i;
        int r;

        r = table_new(problems ? with_problem : headings, &table, reterr);
        if (r < 0)
                return r;
        json_array_foreach(containers, i, container) {
                r = add_row(table, container, problems, reterr);
                if (r < 0)
                        return r;
        }
        table_print(table, stdout);
        return 0;
}

static void print_names(const json_t *containers)
{
        const json_t *container;
        size_t i;

        json_array_foreach(containers, i, container)
                (void) puts(json_text(container, "container"));
}

/* clang-format off */
static const struct {
        const char *label;
        const char *field;
} show_rows[] = {
        { "Name",          "container"    },
        { "State",         "state"        },
        { "Init PID",      "initPid"      },
        { "Problem",       "broken"       },
        { "Unit",          "unit"         },
        { "Control group", "controlGroup" },
        { "Owner",         "owner"        },
        { "Directory",     "path"         },
        { "Root",          "rootfs"       },
        { "Backend",       "backend"      },
        { "Autostart",     "autostart"    },
        { "Start order",   "startOrder"   },
        { "Start delay",   "startDelay"   },
        { "Groups",        "groups"       },
        { "Unprivileged",  "unprivileged" },
        { "Ephemeral",     "ephemeral"    },
        { "Made of",       "dependsOn"    },
        { "Clones",        "dependents"   },
        { "Addresses",     "addresses"    },
};
/* clang-format on */

/* Some are only told to who names them. */
static const char *const *every_field(void)
{
        static const char *fields[ELEMENTS(show_rows) + 1];

        for (size_t i = 0; i < ELEMENTS(show_rows); i++)
                fields[i] = show_rows[i].field;
        return fields;
}

static int run_list(Context *context, Error *reterr)
{
        static const char *const names_only[] = { "container", NULL };
        static const char *const columns[] = {
                "container", "state",        "initPid",   "autostart", "groups",
                "backend",   "unprivileged", "addresses", "broken",    NULL,
        };
        const Arguments *arguments = context->arguments;
        bool names = arguments_flag(arguments, "names");
        _cleanup_(json_decref_p) json_t *reply = NULL;
        const json_t *containers;
        int r;

        r = fetch(context,
                  context->json ? every_field()
                  : names       ? names_only
                                : columns,
                  &reply, reterr);
        if (r < 0)
                return r;
        containers = json_object_get(reply, "containers");
        if (context->json)
                r = output_json(reply, reterr);
        else if (names)
                print_names(containers);
        else
                r = print_list(containers, reterr);
        return r < 0 ? r : check_all_found(arguments, containers, reterr);
}

/* Text of any value; the caller frees. NULL: nothing to show. */
static char *value_text(const json_t *object, const char *field)
{
        const json_t *value = json_object_get(object, field);

        switch (json_typeof(value)) {
        case JSON_STRING:
                return *json_string_value(value) ? strdup(json_string_value(value)) : NULL;
        case JSON_INTEGER:
                return string_format("%lld", (long long) json_integer_value(value));
        case JSON_TRUE:
        case JSON_FALSE:
                return strdup(yes_no(object, field));
        case JSON_ARRAY:
                return join(object, field);
        default:
                return NULL;
        }
}

static void print_block(const json_t *container)
{
        const Style *style = style_for(stdout);

        for (size_t i = 0; i < ELEMENTS(show_rows); i++) {
                _cleanup_(free_p) char *text = NULL;

                if (json_object_get(container, show_rows[i].field))
                        text = value_text(container, show_rows[i].field);
                if (!text || (streq(show_rows[i].field, "initPid") && streq(text, "0")))
                        continue;
                (void) printf("%s%s:%s%*s%s\n", style->bold, show_rows[i].label, style->normal,
                              LABEL_WIDTH - (int) strlen(show_rows[i].label), "",
                              text_sanitize(text));
        }
}

static void print_values(const json_t *containers, const char *field)
{
        const json_t *container;
        size_t i;

        json_array_foreach(containers, i, container) {
                _cleanup_(free_p) char *text = value_text(container, field);

                (void) puts(text ? text_sanitize(text) : "");
        }
}

static void print_blocks(const json_t *containers)
{
        const json_t *container;
        size_t i;

        json_array_foreach(containers, i, container) {
                if (i > 0)
                        (void) putchar('\n');
                print_block(container);
        }
}

static int run_show(Context *context, Error *reterr)
{
        static const char *const state_fields[] = { "container", "state", NULL };
        static const char *const pid_fields[] = { "container", "initPid", NULL };
        const Arguments *arguments = context->arguments;
        bool state = arguments_flag(arguments, "state"), pid = arguments_flag(arguments, "pid");
        _cleanup_(json_decref_p) json_t *reply = NULL;
        const json_t *containers;
        int r;

        r = fetch(context, state ? state_fields : pid ? pid_fields : every_field(), &reply, reterr);
        if (r < 0)
                return r;
        containers = json_object_get(reply, "containers");
        if (context->json)
                r = output_json(json_array_size(containers) == 1 ? json_array_get(containers, 0)
                                                                 : containers,
                                reterr);
        else if (state || pid)
                print_values(containers, state ? "state" : "initPid");
        else
                print_blocks(containers);
        return r < 0 ? r : check_all_found(arguments, containers, reterr);
}

const Command commands_list[] = {
        { .name = "list",
          .arguments = "[NAME|PATTERN...]",
          .summary = "List containers",
          .description = "A pattern is one of the shell's ('web-*'). What is known of a container\n"
                         "beyond its name, state and owner is shown to those who may inspect it.",
          .options = list_options,
          .words_max = WORDS_ANY,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_list },
        { .name = "show",
          .arguments = "NAME...",
          .summary = "Show what is known of containers",
          .options = show_options,
          .words_min = 1,
          .words_max = WORDS_ANY,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_show },
        { .name = NULL },
};
