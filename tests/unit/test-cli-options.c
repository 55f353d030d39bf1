/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <signal.h>

#include "base/strv.h"
#include "cli/command.h"
#include "cli/escape.h"
#include "cli/signals.h"
#include "interfaces/errors.h"

/* clang-format off */
static const Option options[] = {
        { 'k', "kill",    OPTION_FLAG, NULL, "Kill", .excludes = "soft" },
        { 0,   "soft",    OPTION_FLAG, NULL, "Soft" },
        { 't', "timeout", OPTION_SECONDS, "SEC", "Time" },
        { 'e', "env",     OPTION_LIST, "ENV", "Environment" },
        { 0,   "set",     OPTION_ASSIGNMENTS, "KEY=VALUE", "Set" },
        { 'n', "number",  OPTION_NUMBER, "N", "Number" },
        { 0,   NULL },
};
/* clang-format on */

static int parse(RestRule rest, Arguments *arguments, Error *error, const char *line)
{
        static char **argv;
        Syntax syntax = { .tables = { options }, .rest = rest, .words_max = 1 };

        g_strfreev(argv);
        argv = g_strsplit(line, " ", -1);
        return options_parse(&syntax, argv, arguments, error);
}

static void test_forms(void)
{
        Arguments arguments = { 0 };
        const char **list;

        g_assert_cmpint(parse(REST_NONE, &arguments, NULL, "a -kt 5 --env=x -e y -ez b --number 7"),
                        ==, 0);
        g_assert_cmpuint(arguments.n_words, ==, 2);
        g_assert_cmpstr(arguments.words[0], ==, "a");
        g_assert_cmpstr(arguments.words[1], ==, "b");
        g_assert_true(arguments_flag(&arguments, "kill"));
        g_assert_false(arguments_flag(&arguments, "soft"));
        g_assert_cmpint(arguments_usec(&arguments, "timeout", 1), ==, 5000000);
        g_assert_cmpuint(arguments_number(&arguments, "number", 0), ==, 7);
        list = arguments_list(&arguments, "env");
        g_assert_cmpstr(list[0], ==, "x");
        g_assert_cmpstr(list[1], ==, "y");
        g_assert_cmpstr(list[2], ==, "z");
        g_assert_null(list[3]);
        free(list);
        arguments_done(&arguments);
}

static void test_last_one_wins(void)
{
        Arguments arguments = { 0 };

        g_assert_cmpint(parse(REST_NONE, &arguments, NULL, "-t 1 --timeout=2.25"), ==, 0);
        g_assert_cmpint(arguments_usec(&arguments, "timeout", 0), ==, 2250000);
        g_assert_cmpstr(arguments_text(&arguments, "timeout"), ==, "2.25");
        arguments_done(&arguments);
}

static void test_seconds(void)
{
        static const struct {
                const char *text;
                int64_t usec;
        } good[] = { { "0", 0 },
                     { "-1", -1 },
                     { "0.5", 500000 },
                     { "1.000001", 1000001 },
                     { "3.1234567", 3123456 } };
        static const char *const bad[] = {
                "", "x", "-2", "1.", ".5", "1.x", "1e3", "-0.5", "9223372036854775807", " 1"
        };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                _cleanup_(free_p) char *line = g_strconcat("--timeout=", good[i].text, NULL);
                Arguments arguments = { 0 };

                g_assert_cmpint(parse(REST_NONE, &arguments, NULL, line), ==, 0);
                g_assert_cmpint(arguments_usec(&arguments, "timeout", 77), ==, good[i].usec);
                arguments_done(&arguments);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                Syntax syntax = { .tables = { options } };
                char *argv[] = { (char *) "--timeout", (char *) bad[i], NULL };
                Arguments arguments = { 0 };

                g_test_message("'%s'", bad[i]);
                g_assert_cmpint(options_parse(&syntax, argv, &arguments, NULL), <, 0);
                arguments_done(&arguments);
        }
}

static void test_where_the_rest_begins(void)
{
        static const struct {
                RestRule rule;
                const char *line;
                unsigned n_words;
                const char *rest; /* "" none; joined by blanks */
        } rows[] = {
                { REST_NONE, "a -- -k b", 3, NULL },
                { REST_DASHES, "a b -- -k b", 2, "-k b" },
                { REST_DASHES, "a b", 2, NULL },
                { REST_DASHES, "a --", 1, NULL },
                { REST_COMMAND, "a ls -l --number", 1, "ls -l --number" },
                { REST_COMMAND, "a -k ls -l", 1, "ls -l" },
                { REST_COMMAND, "a -- ls -- -l", 1, "ls -- -l" },
                { REST_COMMAND, "a", 1, NULL },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                Arguments arguments = { 0 };

                g_test_message("%s", rows[i].line);
                g_assert_cmpint(parse(rows[i].rule, &arguments, NULL, rows[i].line), ==, 0);
                g_assert_cmpuint(arguments.n_words, ==, rows[i].n_words);
                if (rows[i].rest) {
                        _cleanup_(free_p) char *rest = strv_join(arguments.rest, " ");

                        g_assert_cmpstr(rest, ==, rows[i].rest);
                } else
                        g_assert_null(arguments.rest);
                arguments_done(&arguments);
        }
}

static void test_mistakes_name_the_option(void)
{
        static const struct {
                const char *line;
                const char *message;
        } rows[] = {
                { "--tmeout 3", "Unknown option '--tmeout', did you mean '--timeout'?" },
                { "--zebra", "Unknown option '--zebra'" },
                { "-kx", "Unknown option '-x'" },
                { "--timeout", "Option '--timeout' needs a value (SEC)" },
                { "-t", "Option '--timeout' needs a value (SEC)" },
                { "-t soon",
                  "Option '--timeout' needs a number of seconds (-1: for ever), not 'soon'" },
                { "--number=-1", "Option '--number' needs a number, not '-1'" },
                { "--set =x", "Option '--set' needs KEY=VALUE, not '=x'" },
                { "--kill=yes", "Option '--kill' takes no value" },
                { "--soft -k", "Option '--kill' cannot be used with '--soft'" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                Arguments arguments = { 0 };
                Error error = ERROR_NULL;

                g_assert_cmpint(parse(REST_NONE, &arguments, &error, rows[i].line), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
                g_assert_cmpstr(error_message(&error), ==, rows[i].message);
                error_done(&error);
                arguments_done(&arguments);
        }
}

static void test_tables_are_sound(void)
{
        for (const CommandFamily *family = command_families; family->title; family++)
                for (const Command *command = family->commands; command->name; command++) {
                        Syntax syntax = command_syntax(command);

                        g_test_message("%s", command->name);
                        g_assert_true(command_find(command->name) == command);
                        g_assert_nonnull(command->run);
                        g_assert_cmpuint(command->words_min, <=, command->words_max);
                        g_assert_false(g_str_has_suffix(command->summary, "."));
                        for (const Option *o = command->options; o && o->name; o++) {
                                g_assert_true(option_find(&syntax, o->name, strlen(o->name)) == o);
                                if (o->letter)
                                        g_assert_true(option_find_letter(&syntax, o->letter) == o);
                                g_assert_true((o->type == OPTION_FLAG) == !o->value);
                                if (o->excludes)
                                        g_assert_nonnull(option_find(&syntax, o->excludes,
                                                                     strlen(o->excludes)));
                        }
                }
}

static void test_nearest(void)
{
        g_assert_cmpstr(command_nearest("strat"), ==, "start");
        g_assert_cmpstr(command_nearest("destory"), ==, "destroy");
        g_assert_cmpstr(command_nearest("templ"), ==, "templates");
        g_assert_null(command_nearest("quux"));
        g_assert_null(command_nearest(""));
}

/* Every command and option is in the manual page, as its section says it. */
static void test_manual(void)
{
        g_autofree char *path = g_build_filename(g_getenv("SOURCE_ROOT"), "cli", "nagaya.1", NULL);
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        for (const CommandFamily *family = command_families; family->title; family++)
                for (const Command *command = family->commands; command->name; command++) {
                        g_autofree char *item = g_strdup_printf(".It Ic %s", command->name);
                        const char *section = strstr(text, item), *end;
                        g_autofree char *part = NULL;

                        if (command->hidden)
                                continue;
                        g_test_message("%s", command->name);
                        g_assert_nonnull(section);
                        /* Up to the next command that is not told together with this one. */
                        end = strstr(section + 1, "\n.El\n.It Ic");
                        part = end ? g_strndup(section, (gsize) (end - section))
                                   : g_strdup(section);
                        for (const Option *o = command->options; o && o->name; o++) {
                                g_autofree char *name = g_strdup_printf("-%s", o->name);

                                g_test_message("  --%s", o->name);
                                g_assert_nonnull(strstr(part, name));
                        }
                }
}

static void test_signals(void)
{
        static const struct {
                const char *text;
                int signal;
        } rows[] = {
                { "TERM", SIGTERM }, { "sigkill", SIGKILL }, { "9", 9 },   { "SIGRTMIN", 34 },
                { "RTMIN+3", 37 },   { "rtmax-1", 63 },      { "64", 64 }, { "Hup", SIGHUP },
        };
        static const char *const bad[] = { "",      "0",        "65",      "SIG",
                                           "TERMS", "RTMIN+40", "RTMIN-1", "-9" };
        int signal;

        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_assert_cmpint(signal_parse(rows[i].text, &signal), ==, 0);
                g_assert_cmpint(signal, ==, rows[i].signal);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(signal_parse(bad[i], &signal), <, 0);
}

/* What is left of the keys, and whether they leave; '@' stands for Ctrl+a. */
static void check_keys(Escape *escape, const char *keys, const char *left, EscapeResult result)
{
        g_autofree char *data = g_strdelimit(g_strdup(keys), "@", '\001');
        g_autofree char *expected = g_strdelimit(g_strdup(left), "@", '\001');
        size_t size = strlen(data);

        g_assert_cmpint(escape_filter(escape, data, &size), ==, result);
        g_assert_cmpmem(data, (int) size, expected, (int) strlen(expected));
}

static void test_escape(void)
{
        Escape escape;

        g_assert_cmpint(escape_init(&escape, "^A"), ==, 0);
        g_assert_cmpint(escape_letter(&escape), ==, 'a');
        check_keys(&escape, "abq", "abq", ESCAPE_GO_ON);
        check_keys(&escape, "a@@b", "a@b", ESCAPE_GO_ON);
        check_keys(&escape, "@@q", "@q", ESCAPE_GO_ON);
        check_keys(&escape, "x@", "x", ESCAPE_GO_ON);
        check_keys(&escape, "@", "@", ESCAPE_GO_ON);
        check_keys(&escape, "@x", "x", ESCAPE_GO_ON);
        check_keys(&escape, "x@", "x", ESCAPE_GO_ON);
        check_keys(&escape, "qy", "", ESCAPE_QUIT);
        g_assert_cmpint(escape_init(&escape, "b"), ==, 0);
        g_assert_cmpint(escape_letter(&escape), ==, 'b');
        g_assert_cmpint(escape_init(&escape, "^"), ==, -EINVAL);
        g_assert_cmpint(escape_init(&escape, "1"), ==, -EINVAL);
        g_assert_cmpint(escape_init(&escape, "ab"), ==, -EINVAL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cli-options/short-and-long-forms-with-values", test_forms);
        g_test_add_func("/cli-options/the-last-value-wins", test_last_one_wins);
        g_test_add_func("/cli-options/seconds-may-have-a-fraction-or-be-for-ever", test_seconds);
        g_test_add_func("/cli-options/the-rest-begins-where-the-rule-says",
                        test_where_the_rest_begins);
        g_test_add_func("/cli-options/a-mistake-names-the-option", test_mistakes_name_the_option);
        g_test_add_func("/cli-options/each-command-can-be-found-and-its-options-too",
                        test_tables_are_sound);
        g_test_add_func("/cli-options/a-mistyped-command-suggests-the-nearest", test_nearest);
        g_test_add_func("/cli-options/the-manual-page-has-every-command-and-option", test_manual);
        g_test_add_func("/cli-options/signals-have-names-and-numbers", test_signals);
        g_test_add_func("/cli-options/the-escape-key-leaves-or-is-sent-by-itself", test_escape);
        return g_test_run();
}
