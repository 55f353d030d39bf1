/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "scratch.h"
#include "storage/template-run.h"
#include "storage/template.h"

typedef struct Fixture {
        Scratch scratch;
        char *ours, *theirs;
        const char *directories[3];
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "ours");
        scratch_mkdir(&fixture->scratch, "theirs");
        fixture->ours = scratch_path(&fixture->scratch, "ours");
        fixture->theirs = scratch_path(&fixture->scratch, "theirs");
        fixture->directories[0] = fixture->ours;
        fixture->directories[1] = fixture->theirs;
        fixture->directories[2] = NULL;
        scratch_write(&fixture->scratch, "ours/lxc-both",
                      "#!/bin/sh\n# summary: Ours\nexit 0\n# summary: Not this\n", 0755);
        scratch_write(&fixture->scratch, "theirs/lxc-both", "#!/bin/sh\n", 0755);
        scratch_write(&fixture->scratch, "theirs/lxc-alone", "#!/bin/sh\n", 0755);
        scratch_write(&fixture->scratch, "ours/lxc-text", "no program", 0644);
        scratch_write(&fixture->scratch, "ours/other", "#!/bin/sh\n", 0755);
        scratch_write(&fixture->scratch, "ours/lxc-open", "#!/bin/sh\n", 0777);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        g_free(fixture->ours);
        g_free(fixture->theirs);
        scratch_done(&fixture->scratch);
}

static void assert_found(Fixture *fixture, const char *name, const char *expected)
{
        g_autofree char *path = NULL, *full = scratch_path(&fixture->scratch, expected);

        g_assert_cmpint(template_find(fixture->directories, name, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, full);
}

static void assert_refused(Fixture *fixture, const char *name, ErrorCode code)
{
        Error error = ERROR_NULL;
        char *path = NULL;

        g_assert_cmpint(template_find(fixture->directories, name, &path, &error), <, 0);
        g_assert_cmpint(error.code, ==, (int) code);
        g_assert_null(path);
        error_done(&error);
}

static void test_find(Fixture *fixture, gconstpointer data)
{
        g_autofree char *absolute = scratch_path(&fixture->scratch, "ours/other");

        assert_found(fixture, "both", "ours/lxc-both");
        assert_found(fixture, "alone", "theirs/lxc-alone");
        assert_found(fixture, absolute, "ours/other");
        /* A path among LXC's templates that is not there is taken from ours. */
        assert_found(fixture, "/usr/share/lxc/templates/lxc-both", "ours/lxc-both");
}

static void test_find_refuses(Fixture *fixture, gconstpointer data)
{
        g_autofree char *writable = scratch_path(&fixture->scratch, "open/lxc-x");

        assert_refused(fixture, "nothing", ERROR_NO_SUCH_TEMPLATE);
        assert_refused(fixture, "/nothing/here", ERROR_NO_SUCH_TEMPLATE);
        assert_refused(fixture, "../ours/lxc-both", ERROR_INVALID_ARGS);
        assert_refused(fixture, "/../etc/passwd", ERROR_INVALID_ARGS);
        assert_refused(fixture, "", ERROR_INVALID_ARGS);
        assert_refused(fixture, "text", ERROR_ACCESS_DENIED);
        assert_refused(fixture, "open", ERROR_ACCESS_DENIED);
        assert_refused(fixture, fixture->ours, ERROR_ACCESS_DENIED);
        scratch_mkdir(&fixture->scratch, "open");
        g_assert_cmpint(fchmodat(fixture->scratch.fd, "open", 0777, 0), ==, 0);
        scratch_write(&fixture->scratch, "open/lxc-x", "#!/bin/sh\n", 0755);
        assert_refused(fixture, writable, ERROR_ACCESS_DENIED);
}

static void test_list(Fixture *fixture, gconstpointer data)
{
        TemplateList list;

        g_assert_cmpint(template_list(fixture->directories, &list, NULL), ==, 0);
        g_assert_cmpuint(list.n, ==, 3);
        g_assert_cmpstr(list.items[0].name, ==, "alone");
        g_assert_cmpstr(list.items[1].name, ==, "both");
        g_assert_cmpstr(list.items[1].summary, ==, "Ours");
        g_assert_true(g_str_has_suffix(list.items[1].path, "/ours/lxc-both"));
        g_assert_cmpstr(list.items[2].name, ==, "open");
        template_list_done(&list);
}

/* Runs a script as a template. The log lines, joined by "|", go to *ret_log. */
static int run_script(Fixture *fixture, const char *script, char **ret_log, Error *reterr)
{
        g_autofree char *program = scratch_path(&fixture->scratch, "lxc-script");
        char *const arguments[] = { (char *) "-a", (char *) "b c", NULL };
        GString *log = g_string_new(NULL);
        json_t *message;
        int pair[2], r;
        Report report;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
        report.fd = pair[1];
        scratch_write(&fixture->scratch, "lxc-script", script, 0755);
        r = template_run(
                &(TemplateRun){
                        .program = program,
                        .directory = "/var/lib/lxc/ct1",
                        .name = "ct1",
                        .rootfs = "/var/lib/lxc/ct1/rootfs",
                        .arguments = arguments,
                        .report = &report,
                },
                reterr);
        (void) close(pair[1]);
        while (report_read(pair[0], &message) > 0) {
                g_assert_cmpstr(json_string_value(json_object_get(message, "event")), ==, "log");
                g_string_append_printf(log, "%s|",
                                       json_string_value(json_object_get(message, "text")));
                json_decref(message);
        }
        (void) close(pair[0]);
        *ret_log = g_string_free(log, FALSE);
        return r;
}

static void test_protocol(Fixture *fixture, gconstpointer data)
{
        g_autofree char *log = NULL;

        g_assert_cmpint(run_script(fixture,
                                   "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\"; done\npwd\n", &log,
                                   NULL),
                        ==, 0);
        g_assert_cmpstr(log, ==,
                        "--path=/var/lib/lxc/ct1|--name=ct1|--rootfs=/var/lib/lxc/ct1/rootfs|-a|"
                        "b c|/|");
}

static void test_environment(Fixture *fixture, gconstpointer data)
{
        g_autofree char *log = NULL;

        g_setenv("INVOCATION_ID", "x", TRUE);
        g_setenv("LISTEN_FDS", "1", TRUE);
        g_setenv("http_proxy", "http://proxy.example/", TRUE);
        g_assert_cmpint(run_script(fixture,
                                   "#!/bin/sh\necho ${INVOCATION_ID-no} ${LISTEN_FDS-no} "
                                   "$http_proxy\n[ -n \"$PATH\" ] && read x && echo $x\nexit 0\n",
                                   &log, NULL),
                        ==, 0);
        g_assert_cmpstr(log, ==, "no no http://proxy.example/|");
        g_unsetenv("INVOCATION_ID");
        g_unsetenv("LISTEN_FDS");
        g_unsetenv("http_proxy");
}

static void test_failure(Fixture *fixture, gconstpointer data)
{
        Error error = ERROR_NULL;
        g_autofree char *log = NULL;

        g_assert_cmpint(run_script(fixture,
                                   "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; "
                                   "done\nprintf '\\377bad' >&2\nexit 3\n",
                                   &log, &error),
                        <, 0);
        g_assert_cmpint(error.code, ==, ERROR_TEMPLATE_FAILED);
        g_assert_nonnull(strstr(error.message, "exit status 3"));
        g_assert_nonnull(strstr(error.message, "line 10"));
        g_assert_null(strstr(error.message, "line 2 "));
        g_assert_true(g_str_has_suffix(log, "?bad|"));
        error_done(&error);
}

static void test_killed(Fixture *fixture, gconstpointer data)
{
        Error error = ERROR_NULL;
        g_autofree char *log = NULL;

        g_assert_cmpint(run_script(fixture, "#!/bin/sh\nkill -9 $$\n", &log, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_TEMPLATE_FAILED);
        g_assert_nonnull(strstr(error.message, "signal 9"));
        error_done(&error);
}

static void test_no_interpreter(Fixture *fixture, gconstpointer data)
{
        Error error = ERROR_NULL;
        g_autofree char *log = NULL;

        g_assert_cmpint(run_script(fixture, "#!/nothing/here\n", &log, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_TEMPLATE_FAILED);
        g_assert_cmpint(error.errnum, ==, ENOENT);
        error_done(&error);
}

/* Something that the template leaves running keeps its output open, but nobody waiting. */
static void test_left_running(Fixture *fixture, gconstpointer data)
{
        g_autofree char *log = NULL;
        gint64 begin = g_get_monotonic_time();

        g_assert_cmpint(run_script(fixture, "#!/bin/sh\nsleep 5 &\necho done\n", &log, NULL), ==,
                        0);
        g_assert_cmpstr(log, ==, "done|");
        g_assert_cmpint(g_get_monotonic_time() - begin, <, 4 * G_TIME_SPAN_SECOND);
}

static void test_long_output(Fixture *fixture, gconstpointer data)
{
        g_autofree char *log = NULL;

        g_assert_cmpint(run_script(fixture,
                                   "#!/bin/sh\nhead -c 5000 /dev/zero | tr '\\0' x; echo\n", &log,
                                   NULL),
                        ==, 0);
        g_assert_cmpuint(strlen(log), >=, 5000);
}

static void test_header(void)
{
        char *const arguments[] = { (char *) "a", (char *) "b\nlxc.include = /evil", NULL };
        g_autofree char *header = template_header("/t/lxc-x", arguments);
        g_auto(GStrv) lines = g_strsplit(header, "\n", -1);

        g_assert_cmpstr(lines[0], ==, "# Template used to create this container: /t/lxc-x");
        g_assert_cmpstr(lines[1], ==,
                        "# Parameters passed to the template: a b lxc.include = /evil");
        for (char **line = lines; *line; line++)
                g_assert_true(**line == '#' || **line == '\0');
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/template/is-found-ours-first", test_find);
        ADD("/template/what-others-may-change-is-refused", test_find_refuses);
        ADD("/template/list-has-each-name-once-with-its-summary", test_list);
        ADD("/template/gets-the-arguments-of-lxc", test_protocol);
        ADD("/template/environment-is-without-ours", test_environment);
        ADD("/template/failure-tells-the-last-lines", test_failure);
        ADD("/template/killed-by-a-signal-is-told", test_killed);
        ADD("/template/that-cannot-be-executed-is-told", test_no_interpreter);
        ADD("/template/does-not-wait-for-what-it-left-running", test_left_running);
        ADD("/template/long-lines-are-cut", test_long_output);
        g_test_add_func("/template/header-is-only-comments", test_header);
        return g_test_run();
}
