/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "cli/complete.h"
#include "cli/help.h"
#include "cli/job.h"
#include "cli/table.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* clang-format off */
static const Option jobs_options[] = {
        { 0, "wait",   OPTION_NUMBER, "JOB", "Show the progress of this job until it ends" },
        { 0, "cancel", OPTION_NUMBER, "JOB", "Cancel this job; what it made is removed", .excludes = "wait" },
        { 0, NULL },
};
/* clang-format on */

#define LISTING_COLUMNS_MAX 4

/* A call whose reply is one list of objects, shown as a table. */
typedef struct Listing {
        const char *method;
        const char *list;
        const char *headings[LISTING_COLUMNS_MAX + 1];
        const char *fields[LISTING_COLUMNS_MAX + 1];
} Listing;

static int add_cell(Table *table, const json_t *value, Error *reterr)
{
        if (json_is_integer(value))
                return table_addf(table, reterr, "%lld", (long long) json_integer_value(value));
        if (json_is_boolean(value))
                return table_add(table, json_is_true(value) ? "yes" : "no", reterr);
        return table_add(table, json_string_value(value), reterr);
}

static int print_listing(const Listing *listing, const json_t *items, Error *reterr)
{
        _cleanup_(table_free_p) Table *table = NULL;
        const json_t *item;
        size_t i;
        int r;

        r = table_new(listing->headings, &table, reterr);
        if (r < 0)
                return r;
        json_array_foreach(items, i, item)
                for (const char *const *field = listing->fields; *field; field++) {
                        r = add_cell(table, json_object_get(item, *field), reterr);
                        if (r < 0)
                                return r;
                }
        table_print(table, stdout);
        return 0;
}

static int run_listing(Context *context, const Listing *listing, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *items;
        int r;

        r = client_call(context, listing->method, NULL, &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        r = reply_array(reply, listing->list, &items, reterr);
        return r < 0 ? r : print_listing(listing, items, reterr);
}

static int run_templates(Context *context, Error *reterr)
{
        static const Listing templates = {
                INTERFACE_MANAGER ".ListTemplates",
                "templates",
                { "NAME", "SUMMARY", NULL },
                { "name", "summary", NULL },
        };

        return run_listing(context, &templates, reterr);
}

static int run_backends(Context *context, Error *reterr)
{
        static const Listing backends = {
                INTERFACE_MANAGER ".ListBackends",
                "backends",
                { "NAME", "USABLE", "REASON", NULL },
                { "name", "usable", "reason", NULL },
        };

        return run_listing(context, &backends, reterr);
}

/* Failed when something is missing without which there are no containers. */
static int run_check(Context *context, Error *reterr)
{
        static const Listing checks = {
                INTERFACE_MANAGER ".CheckHost",
                "checks",
                { "FEATURE", "STATUS", "DETAIL", NULL },
                { "feature", "status", "detail", NULL },
        };
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *items, *item;
        size_t i;
        int r;

        r = client_call(context, checks.method, NULL, &reply, reterr);
        if (r >= 0)
                r = reply_array(reply, checks.list, &items, reterr);
        if (r >= 0)
                r = context->json ? output_json(reply, reterr)
                                  : print_listing(&checks, items, reterr);
        if (r < 0)
                return r;
        json_array_foreach(items, i, item)
                if (streq(json_text(item, "status"), "required"))
                        return EXIT_FAILURE;
        return EXIT_SUCCESS;
}

static int run_jobs(Context *context, Error *reterr)
{
        static const Listing jobs = {
                INTERFACE_MANAGER ".ListJobs",
                "jobs",
                { "JOB", "KIND", "CONTAINER", "STATE", NULL },
                { "job", "kind", "container", "state", NULL },
        };
        const Arguments *arguments = context->arguments;
        _cleanup_(json_decref_p) json_t *result = NULL;
        int r;

        if (arguments_flag(arguments, "cancel"))
                return client_call(context, INTERFACE_JOB ".Cancel",
                                   json_pack("{s:I}", "job",
                                             (json_int_t) arguments_number(arguments, "cancel", 0)),
                                   NULL, reterr);
        if (!arguments_flag(arguments, "wait"))
                return run_listing(context, &jobs, reterr);
        r = job_wait(context, arguments_number(arguments, "wait", 0), &result, reterr);
        return r < 0 || !context->json || !result ? r : output_json(result, reterr);
}

static int print_interfaces(Context *context, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *interfaces, *interface;
        size_t i;
        int r;

        r = client_call(context, INTERFACE_VARLINK_SERVICE ".GetInfo", NULL, &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        r = reply_array(reply, "interfaces", &interfaces, reterr);
        if (r < 0)
                return r;
        json_array_foreach(interfaces, i, interface)
                (void) puts(json_is_string(interface) ? json_string_value(interface) : "");
        return 0;
}

static int run_introspect(Context *context, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        const char *description;
        int r;

        if (context->arguments->n_words == 0)
                return print_interfaces(context, reterr);
        r = client_call(context, INTERFACE_VARLINK_SERVICE ".GetInterfaceDescription",
                        json_pack("{s:s}", "interface", context->arguments->words[0]), &reply,
                        reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        r = reply_string(reply, "description", &description, reterr);
        if (r < 0)
                return r;
        output_text(description);
        return 0;
}

/* The service's own version is told when it answers; that it does not is no failure here. */
static int run_version(Context *context, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        Error error = ERROR_NULL;

        if (client_call(context, INTERFACE_VARLINK_SERVICE ".GetInfo", NULL, &reply, &error) < 0)
                (void) printf("nagaya %s\n", VERSION);
        else
                (void) printf("nagaya %s (service %s)\n", VERSION, json_text(reply, "version"));
        error_done(&error);
        return 0;
}

static int run_help(Context *context, Error *reterr)
{
        const Command *command;
        const char *name, *nearest;

        if (context->arguments->n_words == 0) {
                help_print_overview(stdout);
                return 0;
        }
        name = context->arguments->words[0];
        command = command_find(name);
        if (command) {
                help_print_command(stdout, command);
                return 0;
        }
        nearest = command_nearest(name);
        return error_public(reterr, ERROR_INVALID_ARGS, "Unknown command '%s'%s%s%s", name,
                            nearest ? ", did you mean '" : "", nearest ? nearest : "",
                            nearest ? "'?" : "");
}

static int run_complete(Context *context, Error *reterr)
{
        return complete_print(context, context->arguments->rest, reterr);
}

const Command commands_system[] = {
        { .name = "jobs",
          .arguments = "",
          .summary = "List the jobs that run, follow or cancel one",
          .options = jobs_options,
          .run = run_jobs },
        { .name = "templates",
          .arguments = "",
          .summary = "List what a container can be made with",
          .run = run_templates },
        { .name = "backends",
          .arguments = "",
          .summary = "List the kinds of storage a container can be kept in",
          .run = run_backends },
        { .name = "check",
          .arguments = "",
          .summary = "Tell what this host offers to containers, and what it lacks",
          .description = "Fails when something is missing without which no container works.",
          .run = run_check },
        { .name = "introspect",
          .arguments = "[INTERFACE]",
          .summary = "Print the description of a varlink interface, or their names",
          .words_max = 1,
          .candidates = { CANDIDATES_INTERFACES },
          .run = run_introspect },
        { .name = "version",
          .arguments = "",
          .summary = "Print the versions of this command and of the service",
          .run = run_version },
        { .name = "help",
          .arguments = "[COMMAND]",
          .summary = "Explain a command",
          .words_max = 1,
          .candidates = { CANDIDATES_COMMANDS },
          .run = run_help },
        { .name = "__complete",
          .arguments = "-- [WORD...]",
          .summary = "Print how the last of these words may go on",
          .rest = REST_DASHES,
          .hidden = true,
          .run = run_complete },
        { .name = NULL },
};
