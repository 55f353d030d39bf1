/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <inttypes.h>
#include <time.h>

#include "base/process.h"
#include "base/strv.h"
#include "cli/each.h"
#include "cli/job.h"
#include "cli/output.h"
#include "cli/table.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* clang-format off */
static const Option clone_options[] = {
        { 's', "snapshot",  .help = "Share with it what has not changed, rather than copy" },
        { 'B', "backend",   OPTION_TEXT, "BACKEND", "Keep it in this kind of storage (see 'nagaya backends')",
          .candidates = CANDIDATES_BACKENDS },
        { 'L', "size",      OPTION_SIZE, "SIZE", "Make the file or volume this large (M without K, M, G or T)" },
        { 'p', "path",      OPTION_TEXT, "DIR", "Put it into this container path" },
        { 'K', "keep-name", .help = "Leave the host name as it is" },
        { 'M', "keep-mac",  .help = "Leave hardware addresses as they are" },
        { 'a', "allow-running", .help = "Freeze it, if it runs, while its files are copied" },
        { 'e', "ephemeral", .help = "Destroy the new one when it stops" },
        { 't', "tmpfs",     .help = "Keep what the new one changes in memory, until it stops" },
        { 'm', "mount",     OPTION_LIST, "MOUNT", "bind=/SOURCE[:/TARGET][:ro|rw] or overlay=/SOURCE[:/TARGET]" },
        { 0,   NULL },
};
static const Option snapshot_options[] = {
        { 'c', "comment",  OPTION_TEXT, "TEXT", "create: what to remember of it", .excludes = "new-name" },
        { 'N', "new-name", OPTION_TEXT, "NAME", "restore: to a new container" },
        { 'a', "all",      .help = "destroy: every snapshot" },
        { 0,   NULL },
};
/* clang-format on */

/* Options of the command line that are fields of a call. */
typedef struct OptionField {
        const char *option, *field;
} OptionField;

static int put_flags(json_t *parameters, const Arguments *arguments, const OptionField *fields)
{
        for (; fields->option; fields++)
                if (arguments_flag(arguments, fields->option) &&
                    json_set(parameters, fields->field, json_true()) < 0)
                        return -ENOMEM;
        return 0;
}

static int put_texts(json_t *parameters, const Arguments *arguments, const OptionField *fields)
{
        for (; fields->option; fields++) {
                const char *text = arguments_text(arguments, fields->option);

                if (text && json_set(parameters, fields->field, json_string(text)) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int print_result(const Context *context, const json_t *result, Error *reterr)
{
        return context->json && result ? output_json(result, reterr) : 0;
}

/* --- clone and rename --- */

static int put_mounts(json_t *parameters, const Arguments *arguments)
{
        _cleanup_(free_p) const char **mounts = arguments_list(arguments, "mount");

        if (!mounts)
                return -ENOMEM;
        return *mounts ? json_set(parameters, "mounts", json_from_strv((char *const *) mounts)) : 0;
}

static int put_clone(json_t *parameters, const Arguments *arguments)
{
        static const OptionField flags[] = {
                { "snapshot", "snapshot" },
                { "keep-name", "keepName" },
                { "keep-mac", "keepMac" },
                { "allow-running", "allowRunning" },
                { "ephemeral", "ephemeral" },
                { "tmpfs", "tmpfs" },
                { NULL, NULL },
        };
        static const OptionField texts[] = {
                { "backend", "backend" },
                { "path", "path" },
                { NULL, NULL },
        };
        uint64_t size = arguments_size(arguments, "size", 0);
        int r;

        r = json_set(parameters, "newName", json_string(arguments->words[1]));
        if (r == 0)
                r = put_flags(parameters, arguments, flags);
        if (r == 0)
                r = put_texts(parameters, arguments, texts);
        if (r == 0 && size > 0)
                r = json_set(parameters, "size", json_integer((json_int_t) size));
        if (r == 0)
                r = put_mounts(parameters, arguments);
        if (r == 0 && arguments->rest && *arguments->rest)
                r = json_set(parameters, "hookArguments", json_from_strv(arguments->rest));
        return r;
}

/* Takes `parameters`. */
static int run_job(Context *context, const char *method, json_t *parameters, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *result = NULL;
        int r = job_run(context, method, parameters, &result, reterr);

        return r < 0 ? r : print_result(context, result, reterr);
}

static int run_clone(Context *context, Error *reterr)
{
        json_t *parameters = client_parameters(context->arguments->words[0]);

        if (!parameters || put_clone(parameters, context->arguments) < 0) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        return run_job(context, INTERFACE_CONTAINER ".Clone", parameters, reterr);
}

static int run_rename(Context *context, Error *reterr)
{
        json_t *parameters = client_parameters(context->arguments->words[0]);

        if (!parameters ||
            json_set(parameters, "newName", json_string(context->arguments->words[1])) < 0) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        return run_job(context, INTERFACE_CONTAINER ".Rename", parameters, reterr);
}

/* --- snapshots --- */

typedef struct SnapshotAction {
        const char *name;
        const char *method;
        const char *option; /* the only one that it takes, or NULL */
        bool names_one;     /* SNAPSHOT follows the container */
        int (*run)(Context *context, const struct SnapshotAction *action, Error *reterr);
} SnapshotAction;

static json_t *snapshot_parameters(const Arguments *arguments)
{
        static const OptionField texts[] = {
                { "comment", "comment" },
                { "new-name", "newName" },
                { NULL, NULL },
        };
        static const OptionField flags[] = { { "all", "all" }, { NULL, NULL } };
        json_t *parameters = client_parameters(arguments->words[1]);

        if (parameters && put_texts(parameters, arguments, texts) == 0 &&
            put_flags(parameters, arguments, flags) == 0)
                return parameters;
        json_decref(parameters);
        return NULL;
}

/* The name of a new snapshot is what one wants to know. */
static int run_action(Context *context, const SnapshotAction *action, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        const char *snapshot = arguments->n_words > 2 ? arguments->words[2] : "";
        _cleanup_(json_decref_p) json_t *result = NULL;
        json_t *parameters = snapshot_parameters(arguments);
        int r;

        if (!parameters ||
            (action->names_one && json_set(parameters, "snapshot", json_string(snapshot)) < 0)) {
                json_decref(parameters);
                return error_oom(reterr);
        }
        r = job_run(context, action->method, parameters, &result, reterr);
        if (r < 0 || context->json || action->names_one)
                return r < 0 ? r : print_result(context, result, reterr);
        output_text(json_text(result, "snapshot"));
        return 0;
}

static int add_row(Table *table, const json_t *row, Error *reterr)
{
        json_int_t usec = json_integer_value(json_object_get(row, "time"));
        time_t seconds = (time_t) ((uint64_t) usec / USEC_PER_SEC);
        char text[32] = "";
        struct tm tm;
        int r;

        if (usec > 0 && localtime_r(&seconds, &tm))
                (void) strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
        r = table_add(table, json_text(row, "name"), reterr);
        if (r == 0)
                r = table_add(table, text, reterr);
        return r < 0 ? r : table_add(table, json_text(row, "comment"), reterr);
}

static int run_list(Context *context, const SnapshotAction *action, Error *reterr)
{
        static const char *const headings[] = { "SNAPSHOT", "TIME", "COMMENT", NULL };
        _cleanup_(json_decref_p) json_t *reply = NULL;
        _cleanup_(table_free_p) Table *table = NULL;
        json_t *rows, *row;
        size_t i;
        int r;

        r = client_call(context, action->method, client_parameters(context->arguments->words[1]),
                        &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        r = reply_array(reply, "snapshots", &rows, reterr);
        if (r >= 0)
                r = table_new(headings, &table, reterr);
        if (r < 0)
                return r;
        json_array_foreach(rows, i, row) {
                r = add_row(table, row, reterr);
                if (r < 0)
                        return r;
        }
        table_print(table, stdout);
        return 0;
}

/* clang-format off */
static const SnapshotAction snapshot_actions[] = {
        { "create",  INTERFACE_CONTAINER ".CreateSnapshot",  "comment",  false, run_action },
        { "list",    INTERFACE_CONTAINER ".ListSnapshots",   NULL,       false, run_list },
        { "restore", INTERFACE_CONTAINER ".RestoreSnapshot", "new-name", true,  run_action },
        { "destroy", INTERFACE_CONTAINER ".DestroySnapshot", "all",      true,  run_action },
};
/* clang-format on */

const char *snapshot_action_name(size_t i)
{
        return i < ELEMENTS(snapshot_actions) ? snapshot_actions[i].name : NULL;
}

static int find_action(const char *name, const SnapshotAction **ret, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(snapshot_actions); i++)
                if (streq(snapshot_actions[i].name, name)) {
                        *ret = &snapshot_actions[i];
                        return 0;
                }
        return error_public(reterr, ERROR_INVALID_ARGS,
                            "'%s' is none of create, list, restore and destroy", name);
}

static int check_options(const SnapshotAction *action, const Arguments *arguments, Error *reterr)
{
        for (const Option *option = snapshot_options; option->name; option++)
                if (arguments_flag(arguments, option->name) &&
                    !streq0(action->option, option->name))
                        return error_public(reterr, ERROR_INVALID_ARGS,
                                            "Option '--%s' is not one of 'snapshot %s'",
                                            option->name, action->name);
        return 0;
}

static int run_snapshot(Context *context, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        const SnapshotAction *action = NULL;
        bool all = arguments_flag(arguments, "all");
        int r;

        r = find_action(arguments->words[0], &action, reterr);
        if (r == 0)
                r = check_options(action, arguments, reterr);
        if (r < 0)
                return r;
        if (action->names_one && !all && arguments->n_words < 3)
                return error_public(reterr, ERROR_INVALID_ARGS, "'snapshot %s' needs a SNAPSHOT",
                                    action->name);
        if (arguments->n_words > 2 && (!action->names_one || all))
                return error_public(reterr, ERROR_INVALID_ARGS, "Too many arguments, from '%s' on",
                                    arguments->words[2]);
        return action->run(context, action, reterr);
}

const Command commands_storage[] = {
        { .name = "clone",
          .arguments = "SOURCE NEW [-- HOOK-ARGUMENT...]",
          .summary = "Make a container out of another one",
          .description = "A copy; with --snapshot one that needs its source, which then cannot be\n"
                         "destroyed before. What comes behind -- is handed to the clone hooks.",
          .options = clone_options,
          .words_min = 2,
          .words_max = 2,
          .rest = REST_DASHES,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_clone },
        { .name = "rename",
          .arguments = "NAME NEW",
          .summary = "Give a container another name",
          .description = "Its snapshots, the containers that are made of it, its unit's\n"
                         "enablement and drop-ins follow.",
          .words_min = 2,
          .words_max = 2,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_rename },
        { .name = "snapshot",
          .arguments = "create NAME | list NAME | restore NAME SNAPSHOT | "
                       "destroy NAME SNAPSHOT",
          .summary = "Keep containers as they are, and go back to that",
          .description = "create prints the name of the new snapshot. restore makes the container\n"
                         "what the snapshot is, or with --new-name another one.",
          .options = snapshot_options,
          .words_min = 2,
          .words_max = 3,
          .candidates = { CANDIDATES_SNAPSHOT_ACTIONS, CANDIDATES_CONTAINERS },
          .run = run_snapshot },
        { .name = NULL },
};
