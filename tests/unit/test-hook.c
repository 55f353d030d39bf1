/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "config/hook-line.h"
#include "config/hook.h"

static const struct {
        const char *line;
        const char *words; /* joined by '|'; NULL: refused */
} splits[] = {
        { "/bin/a", "/bin/a" },
        { "  /bin/a\tb   c ", "/bin/a|b|c" },
        { "/bin/a 'b c' \"d e\"", "/bin/a|b c|d e" },
        { "/bin/a b'c'\"d\"e", "/bin/a|bcde" },
        { "/bin/a '' \"\"", "/bin/a||" },
        { "/bin/a b\\ c \\\"", "/bin/a|b c|\"" },
        { "/bin/a 'b\\c' \"d\\\"e\"", "/bin/a|b\\c|d\"e" },
        { "/bin/a $HOME; `x` > y && z", "/bin/a|$HOME;|`x`|>|y|&&|z" },
        { "/bin/a 'b", NULL },
        { "/bin/a \"b", NULL },
        { "/bin/a b\\", NULL },
        { "", NULL },
        { " \t ", NULL },
};

static void test_split(void)
{
        for (size_t i = 0; i < ELEMENTS(splits); i++) {
                _cleanup_(strv_free_p) char **words = NULL;
                _cleanup_(free_p) char *joined = NULL;
                int r = hook_split(splits[i].line, &words);

                if (!splits[i].words) {
                        g_assert_cmpint(r, ==, -EINVAL);
                        continue;
                }
                g_assert_cmpint(r, ==, 0);
                joined = strv_join(words, "|");
                g_assert_cmpstr(joined, ==, splits[i].words);
        }
}

static HookSet set_new(unsigned version)
{
        HookSet set = { .name = g_strdup("ct01"), .version = version };

        g_assert_cmpint(strv_add(&set.environment, "PATH=/usr/bin:/bin"), ==, 0);
        g_assert_cmpint(strv_add(&set.environment, "LXC_NAME=ct01"), ==, 0);
        return set;
}

static void set_done(HookSet *set)
{
        for (HookType type = 0; type < _HOOK_TYPE_MAX; type++)
                (void) strv_free(set->lines[type]);
        (void) strv_free(set->environment);
        g_free(set->name);
}

static void collect(HookType type, const char *line, void *userdata)
{
        g_string_append_printf(userdata, "%s\n", line);
}

/* Runs `line` as a pre-start hook. Return: its output; the error's sentence in *ret_error. */
static char *run_line(const char *line, unsigned version, char **ret_error)
{
        _cleanup_(set_done) HookSet set = set_new(version);
        _cleanup_(error_done) Error error = ERROR_NULL;
        GString *output = g_string_new(NULL);
        char *const arguments[] = { (char[]){ "extra arg" }, NULL };
        char *const environment[] = { (char[]){ "LXC_TARGET=stop" }, NULL };
        HookCall call = {
                .set = &set,
                .type = HOOK_PRE_START,
                .arguments = arguments,
                .environment = environment,
                .output = collect,
                .userdata = output,
        };
        int r;

        g_assert_cmpint(strv_add(&set.lines[HOOK_PRE_START], line), ==, 0);
        r = hooks_run(&call, &error);
        g_assert_true((r < 0) == (ret_error != NULL));
        if (ret_error) {
                g_assert_cmpint(error.code, !=, 0);
                *ret_error = g_strdup(error_message(&error));
        }
        return g_string_free(output, FALSE);
}

static void assert_output(const char *line, unsigned version, const char *expected)
{
        g_autofree char *output = run_line(line, version, NULL);

        g_assert_cmpstr(output, ==, expected);
}

static void assert_failure(const char *line, const char *expected)
{
        g_autofree char *error = NULL;
        g_autofree char *output = run_line(line, 0, &error);

        g_assert_cmpstr(error, ==, expected);
}

static void test_conventions(void)
{
        assert_output("/usr/bin/printf '[%s]' a 'b c'", 0,
                      "[a][b c][ct01][lxc][pre-start][extra arg]\n");
        assert_output("/usr/bin/printf '[%s]' a", 1, "[a][extra arg]\n");
        assert_output("/bin/sh -c 'echo $LXC_NAME $LXC_TARGET $LXC_HOOK_TYPE $LXC_HOOK_SECTION'", 1,
                      "ct01 stop pre-start lxc\n");
        assert_output("/bin/sh -c 'echo $LXC_NAME.$LXC_HOOK_TYPE'", 0, "ct01.\n");
}

static void test_no_shell(void)
{
        assert_output("/usr/bin/printf %s- $LXC_NAME ; echo", 1, "$LXC_NAME-;-echo-extra arg-\n");
}

static void test_path(void)
{
        assert_output("printf %s- x", 1, "x-extra arg-\n");
        assert_failure("no-such-program-anywhere",
                       "Cannot run pre-start hook 'no-such-program-anywhere': No such file or "
                       "directory");
        assert_failure("/no/such/program",
                       "Cannot run pre-start hook '/no/such/program': No such file or directory");
}

static void test_failures(void)
{
        assert_failure("/bin/sh -c 'echo one; echo two >&2; exit 3'",
                       "Hook pre-start, '/bin/sh', ended with exit status 3: one | two");
        assert_failure("/bin/false", "Hook pre-start, '/bin/false', ended with exit status 1");
        assert_failure("/bin/sh -c 'kill -9 $$'",
                       "Hook pre-start, '/bin/sh', was killed by SIGKILL");
        assert_failure("/bin/sh -c 'oops",
                       "The pre-start hook '/bin/sh -c 'oops' has a quote that is not closed");
}

/* The last ones, whole, as many as there is room for. */
static void test_last_lines(void)
{
        g_autofree char *error = NULL;
        g_autofree char *output = run_line("/bin/sh -c 'seq 1 1000; exit 1'", 0, &error);

        g_assert_true(g_str_has_suffix(output, "999\n1000\n"));
        g_assert_nonnull(strstr(error, "ended with exit status 1: "));
        g_assert_true(g_str_has_suffix(error, " | 998 | 999 | 1000"));
        g_assert_cmpuint(strlen(error), >, 1024);
        g_assert_cmpuint(strlen(error), <, 2048 + 100);
        g_assert_null(strstr(error, " | 1 | "));
}

static void test_script_without_interpreter_line(void)
{
        g_autofree char *directory = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(directory, "hook", NULL);

        g_assert_true(g_file_set_contents(path, "echo $# $1\n", -1, NULL));
        g_assert_cmpint(g_chmod(path, 0755), ==, 0);
        assert_output(path, 0, "4 ct01\n");
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_background_does_not_hold(void)
{
        uint64_t began = now_usec();

        assert_output("/bin/sh -c 'sleep 20 & echo done'", 0, "done\n");
        g_assert_cmpuint(now_usec() - began, <, 10 * USEC_PER_SEC);
}

static void test_first_failure_ends(void)
{
        _cleanup_(set_done) HookSet set = set_new(0);
        _cleanup_(error_done) Error error = ERROR_NULL;
        g_autoptr(GString) output = g_string_new(NULL);
        HookCall call = {
                .set = &set,
                .type = HOOK_MOUNT,
                .output = collect,
                .userdata = output,
        };

        g_assert_cmpint(strv_add(&set.lines[HOOK_MOUNT], "/bin/echo one"), ==, 0);
        g_assert_cmpint(strv_add(&set.lines[HOOK_MOUNT], "/bin/false"), ==, 0);
        g_assert_cmpint(strv_add(&set.lines[HOOK_MOUNT], "/bin/echo three"), ==, 0);
        g_assert_cmpint(hooks_run(&call, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_HOOK_FAILED);
        g_assert_cmpstr(output->str, ==, "one ct01 lxc mount\n");
}

/* What it started in its session goes with it. */
static void test_time_limit(void)
{
        _cleanup_(set_done) HookSet set = set_new(0);
        _cleanup_(error_done) Error error = ERROR_NULL;
        g_autoptr(GString) output = g_string_new(NULL);
        uint64_t began = now_usec();
        HookCall call = {
                .set = &set,
                .type = HOOK_PRE_START,
                .output = collect,
                .userdata = output,
        };
        gint64 pid;

        set.timeout_usec = USEC_PER_SEC;
        g_assert_cmpint(
                strv_add(&set.lines[HOOK_PRE_START], "/bin/sh -c 'sleep 1000 & echo $!; wait'"), ==,
                0);
        g_assert_cmpint(hooks_run(&call, &error), ==, -ETIMEDOUT);
        g_assert_cmpuint(now_usec() - began, >=, USEC_PER_SEC);
        g_assert_cmpuint(now_usec() - began, <, 20 * USEC_PER_SEC);
        g_assert_cmpint(error.code, ==, ERROR_HOOK_FAILED);
        g_assert_nonnull(strstr(error_message(&error), "had not ended after 1 s, the limit "
                                                       "'lxc.hook.timeout'"));
        pid = g_ascii_strtoll(output->str, NULL, 10);
        g_assert_cmpint(pid, >, 1);
        while (kill((pid_t) pid, 0) == 0 && now_usec() - began < 20 * USEC_PER_SEC)
                g_usleep(1000);
        g_assert_cmpint(kill((pid_t) pid, 0), <, 0);
}

static void test_long_output(void)
{
        g_autofree char *output = run_line(
                "/bin/sh -c 'head -c 300000 /dev/zero | tr \"\\0\" x; echo; echo a\tb'", 1, NULL);
        size_t n = strlen(output);

        g_assert_cmpuint(n, >, 300000);
        g_assert_cmpstr(output + n - 4, ==, "a b\n");
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/hook/lines-are-split-as-a-shell-would-and-nothing-is-expanded",
                        test_split);
        g_test_add_func("/hook/arguments-and-variables-follow-the-version", test_conventions);
        g_test_add_func("/hook/no-shell-sees-the-line", test_no_shell);
        g_test_add_func("/hook/bare-names-are-looked-up", test_path);
        g_test_add_func("/hook/failures-name-hook-program-and-last-line", test_failures);
        g_test_add_func("/hook/the-last-lines-are-in-the-error", test_last_lines);
        g_test_add_func("/hook/text-without-interpreter-line-is-for-the-shell",
                        test_script_without_interpreter_line);
        g_test_add_func("/hook/what-it-leaves-running-does-not-hold-the-start",
                        test_background_does_not_hold);
        g_test_add_func("/hook/the-first-failure-ends-the-list", test_first_failure_ends);
        g_test_add_func("/hook/its-time-being-over-is-an-error", test_time_limit);
        g_test_add_func("/hook/output-of-any-length-is-taken", test_long_output);
        return g_test_run();
}
