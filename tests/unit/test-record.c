/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "interfaces/errors.h"
#include "runtime/record/record.h"

static void test_history_keeps_the_last_states(void)
{
        History history = { 0 };

        g_assert_cmpint(history_last(&history), ==, STATE_STOPPED);
        for (unsigned i = 0; i < HISTORY_MAX + 10; i++)
                history_add(&history, i % 2 ? STATE_FROZEN : STATE_THAWED);
        history_add(&history, STATE_STOPPING);
        g_assert_cmpuint(history.n, ==, HISTORY_MAX);
        g_assert_cmpuint(history.sequence, ==, HISTORY_MAX + 11);
        g_assert_cmpint(history_last(&history), ==, STATE_STOPPING);
        g_assert_cmpint(history.states[HISTORY_MAX - 2], ==, STATE_FROZEN);
}

static void fill(Record *record)
{
        *record = (Record){ .run = strdup("0123"), .exit_code = 7 };
        history_add(&record->history, STATE_STARTING);
        history_add(&record->history, STATE_ABORTING);
        (void) error_code(&record->error, ERROR_HOOK_FAILED, EIO, "Hook 'x' said \"no\"\n");
        (void) error_at(&record->error, 0, "pre-start", "/bin/x");
}

static void check(const Record *record)
{
        g_assert_cmpstr(record->run, ==, "0123");
        g_assert_cmpint(record->exit_code, ==, 7);
        g_assert_cmpint(record->signal, ==, 0);
        g_assert_cmpuint(record->history.n, ==, 2);
        g_assert_cmpuint(record->history.sequence, ==, 2);
        g_assert_cmpint(history_last(&record->history), ==, STATE_ABORTING);
        g_assert_cmpint(record->error.code, ==, ERROR_HOOK_FAILED);
        g_assert_cmpint(record->error.errnum, ==, EIO);
        g_assert_cmpstr(record->error.stage, ==, "pre-start");
        g_assert_cmpstr(record->error.object, ==, "/bin/x");
        g_assert_cmpstr(record->error.message, ==, "Hook 'x' said \"no\"\n");
}

static void test_what_is_printed_is_parsed(void)
{
        Record record, parsed = { 0 };
        g_autofree char *text = NULL;

        fill(&record);
        text = record_print(&record);
        g_assert_cmpint(record_parse(text, &parsed), ==, 0);
        check(&parsed);
        record_done(&parsed);
        record_done(&record);
}

static void test_record_goes_through_a_file(void)
{
        g_autofree char *path = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Record record, parsed = { 0 };

        g_assert_cmpint(dir_fd, >=, 0);
        g_assert_cmpint(record_read(dir_fd, &parsed), ==, -ENOENT);
        fill(&record);
        g_assert_cmpint(record_write(dir_fd, &record), ==, 0);
        g_assert_cmpint(record_read(dir_fd, &parsed), ==, 0);
        check(&parsed);
        record_done(&parsed);
        record_done(&record);
        g_assert_cmpint(unlinkat(dir_fd, RECORD_FILE, 0), ==, 0);
        g_assert_cmpint(rmdir(path), ==, 0);
        (void) close(dir_fd);
}

static void test_no_error_is_null(void)
{
        Record record = { .run = strdup("r"), .signal = 9 }, parsed = { 0 };
        g_autofree char *text = NULL;

        history_add(&record.history, STATE_STARTING);
        text = record_print(&record);
        g_assert_nonnull(strstr(text, "\"error\":null"));
        g_assert_cmpint(record_parse(text, &parsed), ==, 0);
        g_assert_false(error_is_set(&parsed.error));
        g_assert_cmpint(parsed.signal, ==, 9);
        record_done(&parsed);
        record_done(&record);
}

static void test_what_is_no_record_is_refused(void)
{
        static const char *const texts[] = {
                "",
                "[]",
                "{}",
                "{\"run\":\"r\",\"sequence\":1}",
                "{\"run\":1,\"sequence\":1,\"history\":[]}",
                "{\"run\":\"r\",\"sequence\":-1,\"history\":[]}",
                "{\"run\":\"r\",\"sequence\":1,\"history\":[\"flying\"]}",
                "{\"run\":\"r\",\"sequence\":1,\"history\":[\"running\",\"stopping\"]}",
                "{\"run\":\"r\",\"sequence\":1,\"history\":[7]}",
                "{\"run\":\"r\",\"sequence\":1,\"history\":[],\"error\":{}}",
                "{\"run\":\"r\",\"sequence\":1,\"history\":[]",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                Record record = { 0 };

                g_assert_cmpint(record_parse(texts[i], &record), ==, -EBADMSG);
                g_assert_null(record.run);
        }
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/record/history-keeps-the-last-states",
                        test_history_keeps_the_last_states);
        g_test_add_func("/record/what-is-printed-is-parsed", test_what_is_printed_is_parsed);
        g_test_add_func("/record/goes-through-a-file", test_record_goes_through_a_file);
        g_test_add_func("/record/no-error-is-null", test_no_error_is_null);
        g_test_add_func("/record/what-is-no-record-is-refused", test_what_is_no_record_is_refused);
        return g_test_run();
}
