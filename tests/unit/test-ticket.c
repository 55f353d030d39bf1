/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "runtime/record/ticket.h"

static void test_fields_are_read(void)
{
        Ticket ticket;

        g_assert_cmpint(
                ticket_parse("{\"token\":\"ab\",\"pid\":5,\"startTime\":99,\"new\":1}", &ticket),
                ==, 0);
        g_assert_cmpstr(ticket.token, ==, "ab");
        g_assert_cmpint(ticket.pid, ==, 5);
        g_assert_cmpuint(ticket.start_time, ==, 99);
        ticket_done(&ticket);
        g_assert_null(ticket.token);
}

static void test_what_is_no_ticket_is_refused(void)
{
        static const char *const texts[] = {
                "",
                "{}",
                "[\"token\"]",
                "{\"token\":\"\",\"pid\":5,\"startTime\":1}",
                "{\"token\":\"a\",\"pid\":0,\"startTime\":1}",
                "{\"token\":\"a\",\"pid\":-5,\"startTime\":1}",
                "{\"token\":\"a\",\"pid\":4294967296,\"startTime\":1}",
                "{\"token\":\"a\",\"pid\":5,\"startTime\":-1}",
                "{\"token\":\"a\",\"pid\":\"5\",\"startTime\":1}",
                "{\"token\":\"a\",\"pid\":5}",
                "{\"token\":\"a\",\"token\":\"b\",\"pid\":5,\"startTime\":1}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                Ticket ticket = { 0 };

                g_assert_cmpint(ticket_parse(texts[i], &ticket), ==, -EBADMSG);
                g_assert_null(ticket.token);
        }
}

static void test_a_ticket_is_taken_once(void)
{
        g_autofree char *path = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        int from, to, top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Ticket ticket = { 0 };

        g_assert_cmpint(mkdirat(top, "from", 0700), ==, 0);
        g_assert_cmpint(mkdirat(top, "to", 0700), ==, 0);
        from = openat(top, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        to = openat(top, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        g_assert_cmpint(ticket_take(from, "ct", to, &ticket, NULL), ==, 0);
        g_assert_cmpint(file_write_atomic(from, "ct", "{\"token\":\"t\",\"pid\":1,\"startTime\":0}",
                                          0600, false),
                        ==, 0);
        g_assert_cmpint(ticket_take(from, "ct", to, &ticket, NULL), ==, 1);
        g_assert_cmpstr(ticket.token, ==, "t");
        ticket_done(&ticket);
        g_assert_cmpint(ticket_take(from, "ct", to, &ticket, NULL), ==, 0);
        /* One that cannot be read is an error, and gone as well. */
        g_assert_cmpint(file_write_atomic(from, "ct", "x", 0600, false), ==, 0);
        g_assert_cmpint(ticket_take(from, "ct", to, &ticket, NULL), ==, -EBADMSG);
        (void) close(from);
        (void) close(to);
        g_assert_cmpint(unlinkat(top, "from", AT_REMOVEDIR), ==, 0);
        g_assert_cmpint(unlinkat(top, "to", AT_REMOVEDIR), ==, 0);
        g_assert_cmpint(rmdir(path), ==, 0);
        (void) close(top);
}

static void test_the_writer_is_told_by_pid_and_start_time(void)
{
        Ticket ticket = { .pid = getpid() };

        g_assert_cmpint(process_start_time(getpid(), &ticket.start_time), ==, 0);
        g_assert_true(ticket_writer_lives(&ticket));
        ticket.start_time++;
        g_assert_false(ticket_writer_lives(&ticket));
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ticket/fields-are-read", test_fields_are_read);
        g_test_add_func("/ticket/what-is-no-ticket-is-refused", test_what_is_no_ticket_is_refused);
        g_test_add_func("/ticket/is-taken-once", test_a_ticket_is_taken_once);
        g_test_add_func("/ticket/the-writer-is-told-by-pid-and-start-time",
                        test_the_writer_is_told_by_pid_and_start_time);
        return g_test_run();
}
