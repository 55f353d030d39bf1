/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "runtime/record/undo.h"

typedef struct Journal {
        char *path;
        int dir_fd;
        Undo undo;
} Journal;

static void journal_open(Journal *journal)
{
        journal->path = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        journal->dir_fd = open(journal->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(journal->dir_fd, >=, 0);
        journal->undo = UNDO_NULL;
        g_assert_cmpint(undo_begin(&journal->undo, journal->dir_fd, "run1"), ==, 0);
}

static void journal_close(Journal *journal)
{
        undo_done(&journal->undo);
        g_assert_cmpint(unlinkat(journal->dir_fd, UNDO_FILE, 0), ==, 0);
        g_assert_cmpint(rmdir(journal->path), ==, 0);
        (void) close(journal->dir_fd);
        g_free(journal->path);
}

static void test_replay_is_what_was_noted(void)
{
        json_t *config = json_pack("[{s:s,s:s}]", "key", "lxc.uts.name", "value", "a\nb");
        Journal journal;
        UndoLog log;

        journal_open(&journal);
        g_assert_cmpint(undo_note_config(&journal.undo, config), ==, 0);
        g_assert_cmpint(undo_note_state(&journal.undo, STATE_STARTING, 1), ==, 0);
        g_assert_cmpint(undo_add(&journal.undo, UNDO_HOOK, "post-stop"), ==, 0);
        g_assert_cmpint(undo_add(&journal.undo, UNDO_HOOK, "stop"), ==, 0);
        g_assert_cmpint(undo_note_init(&journal.undo, 77), ==, 0);
        g_assert_cmpint(undo_note_state(&journal.undo, STATE_RUNNING, 2), ==, 0);
        g_assert_cmpint(undo_drop(&journal.undo, UNDO_HOOK, "stop"), ==, 0);

        g_assert_cmpint(undo_log_read(journal.dir_fd, &log), ==, 0);
        g_assert_cmpstr(log.run, ==, "run1");
        g_assert_cmpint(log.init, ==, 77);
        g_assert_cmpuint(log.history.sequence, ==, 2);
        g_assert_cmpint(history_last(&log.history), ==, STATE_RUNNING);
        g_assert_cmpuint(log.n_entries, ==, 1);
        g_assert_cmpstr(log.entries[0].object, ==, "post-stop");
        g_assert_true(json_equal(log.config, config));
        undo_log_done(&log);
        json_decref(config);
        journal_close(&journal);
}

static void test_a_new_run_begins_a_new_journal(void)
{
        Journal journal;
        UndoLog log;

        journal_open(&journal);
        g_assert_cmpint(undo_add(&journal.undo, UNDO_HOOK, "stop"), ==, 0);
        undo_done(&journal.undo);
        g_assert_cmpint(undo_begin(&journal.undo, journal.dir_fd, "run2"), ==, 0);
        g_assert_cmpint(undo_log_read(journal.dir_fd, &log), ==, 0);
        g_assert_cmpstr(log.run, ==, "run2");
        g_assert_cmpuint(log.n_entries, ==, 0);
        undo_log_done(&log);
        journal_close(&journal);
}

static void test_without_a_journal_nothing_is_written(void)
{
        Undo undo = UNDO_NULL;

        g_assert_cmpint(undo_add(&undo, UNDO_HOOK, "stop"), ==, 0);
        g_assert_cmpint(undo_note_state(&undo, STATE_STARTING, 1), ==, 0);
}

static void test_a_line_cut_off_did_not_happen(void)
{
        static const char text[] = "{\"run\":\"r\"}\n"
                                   "{\"do\":\"hook\",\"object\":\"stop\"}\n"
                                   "{\"done\":\"hook\",\"obj";
        /* Cut at each byte: never an error once the first line is whole, never more than it says. */
        for (size_t n = strlen("{\"run\":\"r\"}\n"); n < sizeof(text); n++) {
                g_autofree char *cut = g_strndup(text, n);
                UndoLog log;

                g_assert_cmpint(undo_log_parse(cut, &log), ==, 0);
                g_assert_cmpuint(log.n_entries, ==, n >= strlen("{\"run\":\"r\"}\n") + 30 ? 1 : 0);
                undo_log_done(&log);
        }
}

static void test_what_is_no_journal_is_refused(void)
{
        static const struct {
                const char *text;
                int expected;
        } cases[] = {
                { "", -EBADMSG },
                { "{\"run\":\"r\"}", -EBADMSG },
                { "{\"state\":\"running\",\"sequence\":1}\n", -EBADMSG },
                { "{\"run\":\"r\"}\nnonsense\n", -EBADMSG },
                { "{\"run\":\"r\"}\n{\"state\":\"flying\",\"sequence\":1}\n", -EBADMSG },
                { "{\"run\":\"r\"}\n{\"do\":\"hook\"}\n", -EBADMSG },
                { "{\"run\":\"r\"}\n{\"do\":\"teleport\",\"object\":\"x\"}\n", -EOPNOTSUPP },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                UndoLog log = { 0 };

                g_assert_cmpint(undo_log_parse(cases[i].text, &log), ==, cases[i].expected);
                g_assert_null(log.run);
        }
}

static void test_unknown_fields_are_passed_over(void)
{
        UndoLog log;

        g_assert_cmpint(undo_log_parse("{\"run\":\"r\",\"x\":1}\n{\"future\":[1]}\n", &log), ==, 0);
        g_assert_cmpuint(log.n_entries, ==, 0);
        undo_log_done(&log);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/undo/replay-is-what-was-noted", test_replay_is_what_was_noted);
        g_test_add_func("/undo/a-new-run-begins-a-new-journal",
                        test_a_new_run_begins_a_new_journal);
        g_test_add_func("/undo/without-a-journal-nothing-is-written",
                        test_without_a_journal_nothing_is_written);
        g_test_add_func("/undo/a-line-cut-off-did-not-happen", test_a_line_cut_off_did_not_happen);
        g_test_add_func("/undo/what-is-no-journal-is-refused", test_what_is_no_journal_is_refused);
        g_test_add_func("/undo/unknown-fields-are-passed-over",
                        test_unknown_fields_are_passed_over);
        return g_test_run();
}
