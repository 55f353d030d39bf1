/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/nagaya.h"

#include <fcntl.h>

#include "base/strv.h"
#include "cli/context.h"
#include "cli/help.h"
#include "cli/output.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* A missing standard stream would be taken by the next open(2), and passed on as what it is not. */
static void fill_standard_streams(void)
{
        for (int fd = 0; fd < 3; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
                        exit(EXIT_FAILURE);
}

/* JSON holds nothing else. */
static int check_encoding(char *const *argv, Error *reterr)
{
        for (; *argv; argv++) {
                json_t *string = json_string(*argv);

                if (!string)
                        return error_public(reterr, ERROR_INVALID_ARGS,
                                            "An argument is not valid UTF-8: '%s'", *argv);
                json_decref(string);
        }
        return 0;
}

static int unknown_command(const char *name, Error *reterr)
{
        const char *nearest = command_nearest(name);

        if (nearest)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Unknown command '%s', did you mean '%s'?", name, nearest);
        return error_public(reterr, ERROR_INVALID_ARGS, "Unknown command '%s'", name);
}

static int check_words(const Command *command, const Arguments *arguments, Error *reterr)
{
        if (arguments->n_words < command->words_min)
                return error_public(reterr, ERROR_INVALID_ARGS, "'%s' needs %s", command->name,
                                    command->arguments);
        if (arguments->n_words > command->words_max)
                return error_public(reterr, ERROR_INVALID_ARGS, "Too many arguments, from '%s' on",
                                    arguments->words[command->words_max]);
        if (command->rest_required && !arguments->rest)
                return error_public(reterr, ERROR_INVALID_ARGS, "'%s' needs %s", command->name,
                                    command->arguments);
        return 0;
}

/* Takes the options before the command, finds it, takes its own. Return: 0, ERROR_INVALID_ARGS;
 * context->command is set as soon as it is known, and stays NULL when none is named. */
static int parse(Context *context, Arguments *arguments, char *const *argv, Error *reterr)
{
        const Syntax global = { .tables = { global_options }, .rest = REST_COMMAND };
        Syntax syntax;
        int r;

        r = check_encoding(argv, reterr);
        if (r >= 0)
                r = options_parse(&global, argv, arguments, reterr);
        if (r < 0 || !arguments->rest)
                return r;
        context->command = command_find(*arguments->rest);
        if (!context->command)
                return unknown_command(*arguments->rest, reterr);
        syntax = command_syntax(context->command);
        return options_parse(&syntax, arguments->rest + 1, arguments, reterr);
}

static int run(Context *context, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        const char *address = arguments_text(arguments, "address");
        int r, status;

        context->address = address ? address : VARLINK_SOCKET;
        context->json = arguments_flag(arguments, "json");
        context->quiet = arguments_flag(arguments, "quiet");
        context->ask = !arguments_flag(arguments, "no-ask-password") && isatty(STDIN_FILENO);
        r = check_words(context->command, arguments, reterr);
        if (r < 0)
                return r;
        status = context->command->run(context, reterr);
        r = status < 0 ? 0 : output_finish(reterr);
        return r < 0 ? r : status;
}

/* Return: the exit status, -errno. */
static int dispatch(Context *context, Error *reterr)
{
        if (arguments_flag(context->arguments, "version")) {
                (void) printf("nagaya %s\n", VERSION);
                return output_finish(reterr);
        }
        if (arguments_flag(context->arguments, "help")) {
                if (context->command)
                        help_print_command(stdout, context->command);
                else
                        help_print_overview(stdout);
                return output_finish(reterr);
        }
        if (!context->command)
                return error_public(reterr, ERROR_INVALID_ARGS, "No command is given");
        return run(context, reterr);
}

static int fail(const Context *context, const Error *error)
{
        output_error(error, NULL);
        if (error->code != ERROR_INVALID_ARGS)
                return EXIT_FAILURE;
        if (context->command)
                (void) fprintf(stderr, "See 'nagaya help %s'\n", context->command->name);
        else
                (void) fprintf(stderr, "See 'nagaya help'\n");
        return EXIT_USAGE;
}

int nagaya_main(int argc, char **argv)
{
        Arguments arguments = { 0 };
        Context context = { .arguments = &arguments };
        Error error = ERROR_NULL;
        int r;

        fill_standard_streams();
        r = parse(&context, &arguments, argv + (argc > 0 ? 1 : 0), &error);
        if (r >= 0)
                r = dispatch(&context, &error);
        if (r < 0)
                r = fail(&context, &error);
        error_done(&error);
        agent_close(&context.agent);
        (void) varlink_client_free(context.client);
        arguments_done(&arguments);
        return r;
}
