/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "interfaces/errors.h"
#include "runtime/payload/sync.h"

typedef struct Pair {
        int a, b;
} Pair;

static Pair pair_new(void)
{
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                        ==, 0);
        return (Pair){ fds[0], fds[1] };
}

static void pair_done(Pair *pair)
{
        (void) fd_close(pair->a);
        (void) fd_close(pair->b);
}

static void test_error(void)
{
        _cleanup_(pair_done) Pair pair = pair_new();
        _cleanup_(error_done) Error sent = ERROR_NULL, got = ERROR_NULL;
        SyncMessage message;
        int r;

        r = error_public(&sent, ERROR_HOOK_FAILED, "It did not work");
        (void) error_at(&sent, r, "mount", "srv/a");
        g_assert_cmpint(sync_send_error(pair.a, &sent), ==, 0);
        g_assert_cmpint(sync_receive(pair.b, &message), ==, 1);
        g_assert_cmpint(message.type, ==, SYNC_ERROR);
        g_assert_cmpint(sync_take_error(&message, &got), ==, r);
        g_assert_cmpint(got.code, ==, sent.code);
        g_assert_cmpint(got.errnum, ==, sent.errnum);
        g_assert_cmpstr(got.stage, ==, "mount");
        g_assert_cmpstr(got.object, ==, "srv/a");
        g_assert_cmpstr(error_message(&got), ==, "It did not work");
}

static void test_fds(void)
{
        _cleanup_(pair_done) Pair pair = pair_new(), carried = pair_new();
        SyncMessage message = {
                .type = SYNC_MASTERS, .value = 1, .fds = { carried.a, carried.b }, .n_fds = 2
        };
        struct stat sent, got;

        g_assert_cmpint(sync_send(pair.a, &message), ==, 0);
        memset(&message, 0, sizeof(message));
        g_assert_cmpint(sync_receive(pair.b, &message), ==, 1);
        g_assert_cmpuint(message.n_fds, ==, 2);
        g_assert_cmpint(message.value, ==, 1);
        g_assert_cmpint(fstat(carried.b, &sent), ==, 0);
        g_assert_cmpint(fstat(message.fds[1], &got), ==, 0);
        g_assert_cmpuint(sent.st_ino, ==, got.st_ino);
        (void) fd_close(message.fds[0]);
        (void) fd_close(message.fds[1]);
}

static void test_long_text_is_cut(void)
{
        _cleanup_(pair_done) Pair pair = pair_new();
        g_autofree char *text = g_strnfill(SYNC_TEXT_MAX * 2, 'x');
        SyncMessage message = { .type = SYNC_LOG, .text = { text, NULL, text } };

        g_assert_cmpint(sync_send(pair.a, &message), ==, 0);
        g_assert_cmpint(sync_receive(pair.b, &message), ==, 1);
        g_assert_cmpuint(strlen(message.text[0]), ==, SYNC_TEXT_MAX - 1);
        g_assert_null(message.text[1]);
        g_assert_cmpuint(strlen(message.text[2]), ==, SYNC_TEXT_MAX - 1);
}

static void test_end_and_nonsense(void)
{
        _cleanup_(pair_done) Pair pair = pair_new();
        SyncMessage message = { .type = SYNC_READY };
        char nonsense[200];

        g_assert_cmpint(sync_receive(pair.b, &message), ==, -EAGAIN);
        memset(nonsense, 0xff, sizeof(nonsense));
        for (size_t n = 1; n < sizeof(nonsense); n += 3) {
                g_assert_cmpint(send(pair.a, nonsense, n, 0), ==, n);
                g_assert_cmpint(sync_receive(pair.b, &message), ==, -EBADMSG);
        }
        pair.a = fd_close(pair.a);
        g_assert_cmpint(sync_receive(pair.b, &message), ==, 0);
}

/* The kernel tells the reset before what was sent. */
static void test_last_words(void)
{
        _cleanup_(pair_done) Pair pair = pair_new();
        SyncMessage message = { .type = SYNC_GO };

        g_assert_cmpint(sync_send(pair.a, &message), ==, 0);
        message.type = SYNC_READY;
        g_assert_cmpint(sync_send(pair.b, &message), ==, 0);
        pair.b = fd_close(pair.b); /* SYNC_GO is unread */
        g_assert_cmpint(sync_receive(pair.a, &message), ==, 1);
        g_assert_cmpint(message.type, ==, SYNC_READY);
        g_assert_cmpint(sync_receive(pair.a, &message), ==, 0);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sync/an-error-arrives-whole", test_error);
        g_test_add_func("/sync/file-descriptors-arrive", test_fds);
        g_test_add_func("/sync/what-is-too-long-is-cut", test_long_text_is_cut);
        g_test_add_func("/sync/who-ends-with-something-unread-is-heard-out", test_last_words);
        g_test_add_func("/sync/the-end-and-nonsense-are-told-apart", test_end_and_nonsense);
        return g_test_run();
}
