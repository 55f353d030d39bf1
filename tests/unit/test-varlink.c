/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "interfaces/errors.h"
#include "interfaces/varlink-client.h"
#include "interfaces/varlink-message.h"
#include "interfaces/varlink-stream.h"

typedef struct Pair {
        VarlinkStream *a;
        int raw; /* the other end */
} Pair;

static void pair_open(Pair *pair, size_t max_message)
{
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[0], max_message, &pair->a), ==, 0);
        pair->raw = fds[1];
}

static void pair_close(Pair *pair)
{
        (void) varlink_stream_free(pair->a);
        (void) fd_close(pair->raw);
}

static void test_messages_in_pieces(void)
{
        static const char text[] = "{\"method\":\"a.B.C\"}";
        json_t *message = NULL;
        Pair pair;

        pair_open(&pair, 1000);
        for (size_t i = 0; i < sizeof(text); i++) {
                g_assert_cmpint(varlink_stream_read(pair.a, &message, NULL, NULL), ==, 0);
                g_assert_cmpint(write(pair.raw, text + i, 1), ==, 1);
        }
        g_assert_cmpint(varlink_stream_read(pair.a, &message, NULL, NULL), >, 0);
        g_assert_cmpstr(json_string_value(json_object_get(message, "method")), ==, "a.B.C");
        json_decref(message);
        pair_close(&pair);
}

static void test_several_at_once(void)
{
        static const char text[] = "{\"n\":1}\0{\"n\":2}\0{\"n\":3}";
        Pair pair;

        pair_open(&pair, 1000);
        g_assert_cmpint(write(pair.raw, text, sizeof(text)), ==, sizeof(text));
        for (int i = 1; i <= 3; i++) {
                json_t *message = NULL;

                g_assert_cmpint(varlink_stream_read(pair.a, &message, NULL, NULL), >, 0);
                g_assert_cmpint(json_integer_value(json_object_get(message, "n")), ==, i);
                json_decref(message);
        }
        pair_close(&pair);
}

static int read_error(const void *data, size_t size, bool shut, size_t max)
{
        json_t *message = NULL;
        Error error = ERROR_NULL;
        Pair pair;
        int r;

        pair_open(&pair, max);
        g_assert_cmpint(fd_set_nonblock(pair.raw, true), ==, 0);
        g_assert_cmpint(write(pair.raw, data, size), ==, size);
        if (shut)
                (void) shutdown(pair.raw, SHUT_WR);
        r = varlink_stream_read(pair.a, &message, NULL, &error);
        g_assert_null(message);
        if (r < 0)
                g_assert_true(error_is_set(&error));
        error_done(&error);
        pair_close(&pair);
        return r;
}

static void test_bad_input(void)
{
        g_autofree char *nested = g_strnfill(100000, '[');
        g_autofree char *large = g_strnfill(3000, 'x');
        static const char *const bad[] = {
                "", "[]", "1", "{", "{\"a\":1,\"a\":2}", "{\"a\":\xff}", "{} {}"
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(read_error(bad[i], strlen(bad[i]) + 1, false, 1000), ==, -EBADMSG);
        g_assert_cmpint(read_error(nested, strlen(nested) + 1, false, 200000), ==, -EBADMSG);
        g_assert_cmpint(read_error(large, strlen(large), false, 2000), ==, -EMSGSIZE);
        g_assert_cmpint(read_error("{\"half", 6, true, 1000), ==, -EPIPE);
        g_assert_cmpint(read_error("", 0, true, 1000), ==, -ECONNRESET);
        g_assert_cmpint(read_error("{\"half", 6, false, 1000), ==, 0);
}

static ino_t inode_of(int fd)
{
        struct stat st;

        g_assert_cmpint(fstat(fd, &st), ==, 0);
        return st.st_ino;
}

static void send_with_fd(VarlinkStream *stream, int n, int fd)
{
        json_t *message = json_pack("{s:i}", "n", n);
        FdArray fds = { .n = 0 };

        if (fd >= 0)
                fds.fds[fds.n++] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        g_assert_cmpint(varlink_stream_write(stream, message, &fds), ==, 0);
        json_decref(message);
}

/* Plain and fd-carrying messages sent back to back: each fd comes out with its own message. */
static void test_fds_stay_with_their_message(void)
{
        static const bool carries[] = { false, true, false, true, true, false };
        VarlinkStream *from, *to;
        int fds[2], files[G_N_ELEMENTS(carries)];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[0], 1000, &from), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[1], 1000, &to), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(carries); i++) {
                files[i] = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
                g_assert_cmpint(files[i], >=, 0);
                send_with_fd(from, (int) i, carries[i] ? files[i] : -1);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(carries); i++) {
                json_t *message = NULL;
                FdArray got = { .n = 0 };

                g_assert_cmpint(varlink_stream_read(to, &message, &got, NULL), >, 0);
                g_assert_cmpint(json_integer_value(json_object_get(message, "n")), ==, i);
                g_assert_cmpuint(got.n, ==, carries[i] ? 1 : 0);
                if (carries[i])
                        g_assert_cmpuint(inode_of(got.fds[0]), ==, inode_of(files[i]));
                fd_array_done(&got);
                json_decref(message);
                (void) fd_close(files[i]);
        }
        (void) varlink_stream_free(from);
        (void) varlink_stream_free(to);
}

/* One byte, with `n` fds. */
static void send_byte(int socket, char byte, size_t n)
{
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * VARLINK_FDS_MAX)];
        } control = { .header = { .cmsg_level = SOL_SOCKET,
                                  .cmsg_type = SCM_RIGHTS,
                                  .cmsg_len = CMSG_LEN(sizeof(int) * n) } };
        struct iovec iov = { &byte, 1 };
        struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

        for (size_t i = 0; i < n; i++)
                memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &socket, sizeof(int));
        if (n > 0) {
                header.msg_control = &control;
                header.msg_controllen = CMSG_SPACE(sizeof(int) * n);
        }
        g_assert_cmpint(sendmsg(socket, &header, 0), ==, 1);
}

/* A message whose every byte brings fds: they are its own, and no more than any may have. */
static void test_fds_come_in_pieces(void)
{
        static const char text[] = "{\"n\":12}", next[] = "{\"n\":3}";
        json_t *message = NULL;
        FdArray fds = { .n = 0 };
        Error error = ERROR_NULL;
        Pair pair;
        int r = 0;

        pair_open(&pair, 1000);
        for (size_t i = 0; i < sizeof(text); i++) {
                g_assert_cmpint(varlink_stream_read(pair.a, &message, &fds, NULL), ==, 0);
                send_byte(pair.raw, text[i], 1);
        }
        g_assert_cmpint(varlink_stream_read(pair.a, &message, &fds, NULL), >, 0);
        g_assert_cmpuint(fds.n, ==, sizeof(text));
        fd_array_done(&fds);
        json_decref(message);
        for (size_t i = 0; i < sizeof(next); i++)
                send_byte(pair.raw, next[i], i == 0 ? 2 : 0);
        g_assert_cmpint(varlink_stream_read(pair.a, &message, &fds, NULL), >, 0);
        g_assert_cmpuint(fds.n, ==, 2);
        fd_array_done(&fds);
        json_decref(message);
        for (size_t i = 0; r == 0 && i < 100; i++) {
                send_byte(pair.raw, ' ', 3);
                r = varlink_stream_read(pair.a, &message, &fds, &error);
        }
        g_assert_cmpint(r, ==, -EMSGSIZE);
        g_assert_cmpint(error.code, ==, ERROR_LIMITS_EXCEEDED);
        error_done(&error);
        pair_close(&pair);
}

/* Reads the next one; what waits for room in the socket is sent when nothing is there. */
static void expect_number(VarlinkStream *from, VarlinkStream *to, int n, size_t n_fds)
{
        json_t *message = NULL;
        FdArray fds = { .n = 0 };
        int r = varlink_stream_read(to, &message, &fds, NULL);

        if (r == 0) {
                g_assert_cmpint(varlink_stream_flush(from), ==, 0);
                r = varlink_stream_read(to, &message, &fds, NULL);
        }
        g_assert_cmpint(r, >, 0);
        g_assert_cmpint(json_integer_value(json_object_get(message, "n")), ==, n);
        g_assert_cmpuint(fds.n, ==, n_fds);
        fd_array_done(&fds);
        json_decref(message);
}

/* Small ones behind a large one, in one buffer: none is lost, torn or told twice. */
static void test_small_after_large(void)
{
        g_autofree char *text = g_strnfill(100000, 'x');
        json_t *large = json_pack("{s:s,s:i}", "text", text, "n", 0);
        VarlinkStream *from, *to;
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[0], 1000, &from), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[1], 200000, &to), ==, 0);
        for (int round = 0; round < 3; round++) {
                g_assert_cmpint(varlink_stream_write(from, large, NULL), ==, 0);
                for (int i = 1; i < 200; i++)
                        send_with_fd(from, i, -1);
                for (int i = 0; i < 200; i++)
                        expect_number(from, to, i, 0);
        }
        json_decref(large);
        (void) varlink_stream_free(from);
        (void) varlink_stream_free(to);
}

/* What waits for a slow reader comes out whole and in order, with the fds among it. */
static void test_slow_reader_misses_nothing(void)
{
        VarlinkStream *from, *to;
        int fds[2], n = 40000;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[0], 1000, &from), ==, 0);
        g_assert_cmpint(varlink_stream_new(fds[1], 1000, &to), ==, 0);
        for (int i = 0; i < n; i++)
                send_with_fd(from, i, i % 1000 == 999 ? fds[0] : -1);
        for (int i = 0; i < n; i++)
                expect_number(from, to, i, i % 1000 == 999);
        (void) varlink_stream_free(from);
        (void) varlink_stream_free(to);
}

/* A peer that does not read must not make us hold everything. */
static void test_queue_is_bounded(void)
{
        g_autofree char *text = g_strnfill(100000, 'x');
        json_t *message = json_pack("{s:s}", "text", text);
        unsigned n = 0;
        Pair pair;
        int r;

        pair_open(&pair, 1000);
        do
                r = varlink_stream_write(pair.a, message, NULL);
        while (r == 0 && ++n < 1000);
        g_assert_cmpint(r, ==, -ENOBUFS);
        g_assert_cmpuint(varlink_stream_queued(pair.a), <=, VARLINK_QUEUE_MAX);
        json_decref(message);
        pair_close(&pair);
}

static int parse_call(const char *text, VarlinkCall *call)
{
        json_t *message = json_loads(text, 0, NULL);
        int r = varlink_call_parse(message, call, NULL);

        json_decref(message);
        return r;
}

static void test_calls_are_strict(void)
{
        static const char *const bad[] = {
                "{}",
                "{\"method\":1}",
                "{\"method\":\"a.B\",\"parameters\":[]}",
                "{\"method\":\"a.B\",\"more\":1}",
                "{\"method\":\"a.B\",\"upgrade\":true}",
                "{\"method\":\"a.B\",\"x\":1}",
        };
        VarlinkCall call;

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_cmpint(parse_call(bad[i], &call), ==, -EBADMSG);
}

static void test_calls_with_null_parameters(void)
{
        json_t *message =
                json_loads("{\"method\":\"a.B\",\"parameters\":null,\"more\":true}", 0, NULL);
        VarlinkCall call;

        g_assert_cmpint(varlink_call_parse(message, &call, NULL), ==, 0);
        g_assert_true(call.more);
        g_assert_true(json_is_object(call.parameters));
        varlink_call_done(&call);
        json_decref(message);
}

static void test_members(void)
{
        size_t n;

        g_assert_cmpstr(varlink_member("org.nagaya1.Manager.List", &n), ==, "List");
        g_assert_cmpuint(n, ==, strlen("org.nagaya1.Manager"));
        g_assert_null(varlink_member("List", &n));
        g_assert_null(varlink_member(".List", &n));
        g_assert_null(varlink_member("a.", &n));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/varlink/message-comes-in-pieces", test_messages_in_pieces);
        g_test_add_func("/varlink/several-messages-come-at-once", test_several_at_once);
        g_test_add_func("/varlink/bad-input-ends-the-stream", test_bad_input);
        g_test_add_func("/varlink/fds-stay-with-their-message", test_fds_stay_with_their_message);
        g_test_add_func("/varlink/fds-of-a-message-may-come-in-pieces", test_fds_come_in_pieces);
        g_test_add_func("/varlink/small-messages-follow-a-large-one", test_small_after_large);
        g_test_add_func("/varlink/slow-reader-misses-nothing", test_slow_reader_misses_nothing);
        g_test_add_func("/varlink/queue-is-bounded", test_queue_is_bounded);
        g_test_add_func("/varlink/calls-are-parsed-strictly", test_calls_are_strict);
        g_test_add_func("/varlink/null-parameters-are-none", test_calls_with_null_parameters);
        g_test_add_func("/varlink/members-are-split-at-the-last-dot", test_members);
        return g_test_run();
}
