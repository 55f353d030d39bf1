/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "interfaces/errors.h"
#include "interfaces/varlink-message.h"

static void test_sentence(void)
{
        Error error = ERROR_NULL;
        int r = error_errno(&error, ENOENT, "Cannot open '%s'", "/x");

        g_assert_cmpint(r, ==, -ENOENT);
        g_assert_cmpstr(error_message(&error), ==, "Cannot open '/x': No such file or directory");
        r = error_prefix(&error, r, "Stage '%s'", "mount");
        g_assert_cmpint(r, ==, -ENOENT);
        g_assert_cmpstr(error_message(&error), ==,
                        "Stage 'mount': Cannot open '/x': No such file or directory");
        error_done(&error);
        g_assert_false(error_is_set(&error));
}

static void test_first_stage_stays(void)
{
        Error error = ERROR_NULL;
        int r = error_errno(&error, EPERM, "No");

        (void) error_at(&error, r, "mount", "/a");
        (void) error_at(&error, r, "outer", "/b");
        g_assert_cmpstr(error.stage, ==, "mount");
        g_assert_cmpstr(error.object, ==, "/a");
        error_done(&error);
}

static void test_null_is_allowed(void)
{
        g_assert_cmpint(error_errno(NULL, EIO, "x"), ==, -EIO);
        g_assert_cmpint(error_prefix(NULL, -5, "x"), ==, -5);
        g_assert_cmpint(error_at(NULL, -5, "x", "y"), ==, -5);
}

static void test_rows(void)
{
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                const ErrorRow *row = error_code_row(code);

                g_assert_nonnull(row->name);
                g_assert_true(g_str_has_suffix(row->bus_name, row->name));
                g_assert_cmpint(row->errnum, >, 0);
                g_assert_cmpint(error_code_from_name(row->name), ==, code);
                g_assert_cmpint(error_code_from_name(row->bus_name), ==, code);
                if (row->varlink)
                        g_assert_cmpint(error_code_from_name(row->varlink), ==, code);
        }
        g_assert_cmpint(error_code_from_name("org.example.Unheard"), ==, ERROR_FAILED);
}

static void check_varlink_round_trip(ErrorCode code, bool internal)
{
        Error error = ERROR_NULL, back = ERROR_NULL;
        VarlinkReply reply;
        json_t *message;

        (void) error_code(&error, (int) code, EPERM, "It is so");
        (void) error_at(&error, -EPERM, "mount", "/srv");
        message = internal ? varlink_error_internal(&error, "org.nagaya1.Supervisor")
                           : varlink_error_from(&error, "org.nagaya1.Container");
        g_assert_nonnull(message);
        g_assert_cmpint(varlink_reply_parse(message, &reply, NULL), ==, 0);
        g_assert_cmpint(varlink_error_to(&reply, &back), <, 0);
        g_assert_cmpstr(error_message(&back), ==, "It is so");
        g_assert_cmpint(back.code, ==, code);
        if (internal) {
                g_assert_cmpint(back.errnum, ==, EPERM);
                g_assert_cmpstr(back.stage, ==, "mount");
                g_assert_cmpstr(back.object, ==, "/srv");
        }
        varlink_reply_done(&reply);
        json_decref(message);
        error_done(&error);
        error_done(&back);
}

static void test_varlink_round_trip(void)
{
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                check_varlink_round_trip(code, false);
                check_varlink_round_trip(code, true);
        }
}

static void test_out_of_memory_has_its_name(void)
{
        Error error = ERROR_NULL;

        (void) error_oom(&error);
        g_assert_cmpstr(error_row(&error)->name, ==, "NoMemory");
        error_done(&error);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/errors/sentence-is-prefixed-outermost-first", test_sentence);
        g_test_add_func("/errors/first-stage-and-object-stay", test_first_stage_stays);
        g_test_add_func("/errors/nobody-needs-to-listen", test_null_is_allowed);
        g_test_add_func("/errors/every-row-is-found-by-its-names", test_rows);
        g_test_add_func("/errors/every-code-survives-varlink", test_varlink_round_trip);
        g_test_add_func("/errors/out-of-memory-has-its-own-name", test_out_of_memory_has_its_name);
        return g_test_run();
}
