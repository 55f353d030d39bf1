/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>

#include "interfaces/errors.h"
#include "kernel/pty.h"
#include "runtime/console-log.h"
#include "runtime/terminal.h"

#define DEADLINE_USEC (5 * G_USEC_PER_SEC)

/* --- the log ---------------------------------------------------------------------------------- */

static void test_ring_keeps_the_last_bytes(void)
{
        Ring ring = { .size = 8 };
        GString *all = g_string_new(NULL);

        for (unsigned i = 1; i < 40; i++) {
                g_autofree char *piece = g_strnfill(i % 11, (char) ('a' + i % 26));
                g_autofree char *kept = NULL;
                size_t n, expected;

                ring_add(&ring, piece, strlen(piece));
                g_string_append(all, piece);
                g_assert_cmpint(ring_read(&ring, &kept, &n), ==, 0);
                expected = MIN(all->len, 8);
                g_assert_cmpuint(n, ==, expected);
                g_assert_cmpstr(kept, ==, all->str + all->len - expected);
        }
        g_string_free(all, TRUE);
        ring_done(&ring);
}

static void collect(const char *line, void *userdata)
{
        g_ptr_array_add(userdata, g_strdup(line));
}

/* The result must not depend on how the bytes arrive. */
static void check_lines(const char *text, const char *const *expected)
{
        for (size_t step = 1; step <= 5; step++) {
                GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
                ConsoleLine line = { 0 };

                for (size_t i = 0; i < strlen(text); i += step)
                        console_line_add(&line, text + i, MIN(step, strlen(text) - i), collect,
                                         lines);
                g_assert_cmpuint(lines->len, ==, g_strv_length((char **) expected));
                for (size_t i = 0; i < lines->len; i++)
                        g_assert_cmpstr(lines->pdata[i], ==, expected[i]);
                console_line_done(&line);
                g_ptr_array_free(lines, TRUE);
        }
}

static void test_lines_are_readable(void)
{
        check_lines("one\r\ntwo\n\n\nthree\n", (const char *[]){ "one", "two", "three", NULL });
        check_lines("\x1b[1;32mgreen\x1b[0m\ttab\a\n", (const char *[]){ "green\ttab", NULL });
        check_lines("\x1b]0;title\aafter\n", (const char *[]){ "after", NULL });
        check_lines("\x1b]0;title\x1b\\after\n", (const char *[]){ "after", NULL });
        check_lines("\x1b(Bplain\n", (const char *[]){ "plain", NULL });
        check_lines("\x1b]never ended\nnext\n", (const char *[]){ "next", NULL });
        check_lines("no end of line", (const char *[]){ NULL });
        check_lines("gr\xc3\xbc\xc3\x9f\n", (const char *[]){ "gr\xc3\xbc\xc3\x9f", NULL });
}

static void test_a_long_line_is_cut(void)
{
        g_autofree char *text = g_strnfill(CONSOLE_LINE_MAX * 2 + 5, 'x');
        GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
        ConsoleLine line = { 0 };

        console_line_add(&line, text, strlen(text), collect, lines);
        console_line_add(&line, "\n", 1, collect, lines);
        g_assert_cmpuint(lines->len, ==, 3);
        g_assert_cmpuint(strlen(lines->pdata[0]), ==, CONSOLE_LINE_MAX);
        g_assert_cmpuint(strlen(lines->pdata[2]), ==, 5);
        console_line_done(&line);
        g_ptr_array_free(lines, TRUE);
}

static void test_text_is_utf8_without_nul(void)
{
        static const char raw[] = "a\0b\xff\xc3\xbc\xed\xa0\x80\xf0\x9f\x98\x80\xc3";
        ConsoleLogOptions options = { .ring_size = 100 };
        g_autofree char *text = NULL;
        ConsoleLog log;

        g_assert_cmpint(console_log_init(&log, &options, NULL), ==, 0);
        console_log_add(&log, raw, sizeof(raw) - 1, false);
        text = console_log_text(&log);
        g_assert_true(g_utf8_validate(text, -1, NULL));
        g_assert_cmpstr(text, ==, "a?b?\xc3\xbc???\xf0\x9f\x98\x80?");
        console_log_done(&log);
}

static void check_file(const char *path, const char *expected)
{
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, expected);
        g_assert_cmpint(unlink(path), ==, 0);
}

static void test_a_full_file_is_rotated_or_kept(void)
{
        for (int rotate = 0; rotate < 2; rotate++) {
                g_autofree char *dir = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
                g_autofree char *path = g_build_filename(dir, "log", NULL);
                g_autofree char *old = g_strconcat(path, ".1", NULL);
                ConsoleLogOptions options = { .file = path, .rotate = rotate, .file_size = 10 };
                ConsoleLog log;

                g_assert_cmpint(console_log_init(&log, &options, NULL), ==, 0);
                console_log_add(&log, "12345678", 8, false);
                console_log_add(&log, "abcde", 5, false);
                console_log_done(&log);
                check_file(path, rotate ? "abcde" : "12345678ab");
                if (rotate)
                        check_file(old, "12345678");
                g_assert_cmpint(rmdir(dir), ==, 0);
        }
}

static void test_a_log_file_that_is_a_link_is_refused(void)
{
        g_autofree char *dir = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(dir, "log", NULL);
        ConsoleLogOptions options = { .file = path };
        Error error = ERROR_NULL;
        ConsoleLog log;

        g_assert_cmpint(symlink("/etc/passwd", path), ==, 0);
        g_assert_cmpint(console_log_init(&log, &options, &error), ==, -ELOOP);
        g_assert_cmpstr(error.object, ==, path);
        error_done(&error);
        console_log_done(&log);
        g_assert_cmpint(unlink(path), ==, 0);
        g_assert_cmpint(rmdir(dir), ==, 0);
}

/* --- the pump --------------------------------------------------------------------------------- */

typedef struct Host {
        Loop *loop;
        Terminals *terminals;
        int slaves[3]; /* the container's side */
        GString *seen; /* what came out of the console */
        Source *tick;
        gboolean (*done)(struct Host *host);
        int client;
        GString *read;
} Host;

static void on_output(const char *data, size_t n, bool connected, void *userdata)
{
        Host *host = userdata;

        g_string_append_len(host->seen, data, (gssize) n);
}

static void host_init(Host *host)
{
        TerminalsOptions options = { .n_masters = 3, .output = on_output, .userdata = host };
        int masters[3];

        *host = (Host){ .seen = g_string_new(NULL), .read = g_string_new(NULL), .client = -1 };
        g_assert_cmpint(loop_new(&host->loop), ==, 0);
        for (int i = 0; i < 3; i++) {
                g_assert_cmpint(pty_new(&masters[i], &host->slaves[i]), ==, 0);
                g_assert_cmpint(pty_make_raw(host->slaves[i]), ==, 0);
        }
        options.loop = host->loop;
        options.masters = masters;
        g_assert_cmpint(terminals_new(&options, &host->terminals, NULL), ==, 0);
        g_assert_cmpint(masters[0], ==, -EBADF);
}

static void host_done(Host *host)
{
        (void) terminals_free(host->terminals);
        (void) loop_free(host->loop);
        for (int i = 0; i < 3; i++)
                (void) close(host->slaves[i]);
        g_string_free(host->seen, TRUE);
        g_string_free(host->read, TRUE);
}

/* Not by time but by turns: each turn runs what is ready, then looks. */
static int on_tick(Source *source, int fd, uint32_t events, void *userdata)
{
        Host *host = userdata;
        struct pollfd poll_fd = { .fd = host->client, .events = POLLIN };
        char data[512];

        while (host->client >= 0 && poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & POLLIN)) {
                ssize_t n = read(host->client, data, sizeof(data));

                if (n <= 0)
                        break;
                g_string_append_len(host->read, data, n);
        }
        if (host->done(host))
                return -ECANCELED; /* loop_exit() would be for good */
        source_set_time(source, (uint64_t) g_get_monotonic_time() + 1000);
        return 0;
}

static int on_deadline(Source *source, int fd, uint32_t events, void *userdata)
{
        return -ETIMEDOUT;
}

static void run_until(Host *host, gboolean (*done)(Host *host))
{
        Source *deadline;

        host->done = done;
        g_assert_cmpint(loop_add_timer(host->loop, 0, on_tick, host, &host->tick), ==, 0);
        g_assert_cmpint(loop_add_timer(host->loop,
                                       (uint64_t) g_get_monotonic_time() + DEADLINE_USEC,
                                       on_deadline, host, &deadline),
                        ==, 0);
        g_assert_cmpint(loop_run(host->loop), ==, -ECANCELED);
        host->tick = source_free(host->tick);
        (void) source_free(deadline);
}

static gboolean saw_hello(Host *host)
{
        return strstr(host->seen->str, "hello") != NULL;
}

static void test_the_console_is_drained_by_nobody(void)
{
        Host host;

        host_init(&host);
        g_assert_cmpint(write(host.slaves[0], "hello", 5), ==, 5);
        run_until(&host, saw_hello);
        host_done(&host);
}

static gboolean read_hello(Host *host)
{
        return strstr(host->read->str, "hello") != NULL;
}

static gboolean tty_has_input(Host *host)
{
        struct pollfd poll_fd = { .fd = host->slaves[1], .events = POLLIN };

        return poll(&poll_fd, 1, 0) == 1;
}

static void test_a_client_reads_and_types(void)
{
        char data[16] = "";
        Host host;
        int tty;

        host_init(&host);
        g_assert_cmpint(write(host.slaves[1], "hello", 5), ==, 5);
        g_assert_cmpint(terminals_connect(host.terminals, TERMINAL_ANY, &host.client, &tty, NULL),
                        ==, 0);
        g_assert_cmpint(tty, ==, 1);
        run_until(&host, read_hello);
        g_assert_cmpint(write(host.client, "typed\n", 6), ==, 6);
        run_until(&host, tty_has_input);
        g_assert_cmpint(read(host.slaves[1], data, sizeof(data)), ==, 6);
        g_assert_cmpstr(data, ==, "typed\n");
        (void) close(host.client);
        host.client = -1;
        host_done(&host);
}

static gboolean can_connect(Host *host)
{
        int tty;

        return terminals_connect(host->terminals, 0, &host->client, &tty, NULL) == 0;
}

static void test_a_console_has_one_client(void)
{
        Error error = ERROR_NULL;
        Host host;
        int other, tty;

        host_init(&host);
        g_assert_true(can_connect(&host));
        g_assert_cmpint(terminals_connect(host.terminals, 0, &other, &tty, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_BUSY);
        error_done(&error);
        /* Closing the last copy frees it. */
        (void) close(host.client);
        host.client = -1;
        run_until(&host, can_connect);
        (void) close(host.client);
        host.client = -1;
        host_done(&host);
}

static void test_there_is_no_such_tty(void)
{
        static const int numbers[] = { 3, 1000, G_MAXINT };
        Host host;
        int fd, tty;

        host_init(&host);
        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                Error error = ERROR_NULL;

                g_assert_cmpint(terminals_connect(host.terminals, numbers[i], &fd, &tty, &error), <,
                                0);
                g_assert_cmpint(error.code, ==, ERROR_NO_SUCH_CONSOLE);
                error_done(&error);
                g_assert_cmpint(terminals_resize(host.terminals, numbers[i], 80, 25, NULL), <, 0);
        }
        g_assert_cmpint(terminals_resize(host.terminals, 2, 80, 25, NULL), ==, 0);
        host_done(&host);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/console-log/ring-keeps-the-last-bytes", test_ring_keeps_the_last_bytes);
        g_test_add_func("/console-log/lines-are-readable", test_lines_are_readable);
        g_test_add_func("/console-log/a-long-line-is-cut", test_a_long_line_is_cut);
        g_test_add_func("/console-log/text-is-utf8-without-nul", test_text_is_utf8_without_nul);
        g_test_add_func("/console-log/a-full-file-is-rotated-or-kept",
                        test_a_full_file_is_rotated_or_kept);
        g_test_add_func("/console-log/a-file-that-is-a-link-is-refused",
                        test_a_log_file_that_is_a_link_is_refused);
        g_test_add_func("/terminal/the-console-is-drained", test_the_console_is_drained_by_nobody);
        g_test_add_func("/terminal/a-client-reads-and-types", test_a_client_reads_and_types);
        g_test_add_func("/terminal/a-console-has-one-client", test_a_console_has_one_client);
        g_test_add_func("/terminal/there-is-no-such-tty", test_there_is_no_such_tty);
        return g_test_run();
}
