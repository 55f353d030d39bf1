/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <glib.h>

#include "base/file.h"
#include "base/process.h"
#include "cli/flow.h"

#define PIPE_MORE_THAN_FULL (1024 * 1024)

typedef struct Fixture {
        Loop *loop;
        int in[2], out[2];
        Flow *flow;
        size_t received;
        Source *reader;
} Fixture;

static int on_ended(Flow *flow, void *userdata)
{
        Fixture *fixture = userdata;

        loop_exit(fixture->loop, 42);
        return 0;
}

static int on_deadline(Source *source, int fd, uint32_t events, void *userdata)
{
        g_test_message("nothing happened for too long");
        return -ETIMEDOUT;
}

static void set_up(Fixture *fixture, FlowEnd end)
{
        FlowSetup setup = { .to_is_own = true, .end = end, .ended = on_ended, .userdata = fixture };
        Source *deadline;

        *fixture = (Fixture){ 0 };
        g_assert_cmpint(pipe2(fixture->in, O_CLOEXEC), ==, 0);
        g_assert_cmpint(pipe2(fixture->out, O_CLOEXEC), ==, 0);
        g_assert_cmpint(fd_set_nonblock(fixture->in[0], true), ==, 0);
        g_assert_cmpint(fd_set_nonblock(fixture->out[1], true), ==, 0);
        g_assert_cmpint(loop_new(&fixture->loop), ==, 0);
        g_assert_cmpint(loop_add_timer(fixture->loop, now_usec() + 20 * USEC_PER_SEC, on_deadline,
                                       NULL, &deadline),
                        ==, 0);
        setup.from = fixture->in[0];
        setup.to = fixture->out[1];
        g_assert_cmpint(flow_new(fixture->loop, &setup, &fixture->flow), ==, 0);
        fixture->out[1] = fd_close(fixture->out[1]);
}

static void tear_down(Fixture *fixture)
{
        (void) flow_free(fixture->flow);
        (void) loop_free(fixture->loop);
        (void) fd_close(fixture->in[0]);
        (void) fd_close(fixture->in[1]);
        (void) fd_close(fixture->out[0]);
}

static void test_end_is_passed_on(void)
{
        Fixture f;
        char buffer[16];

        set_up(&f, FLOW_CLOSE);
        g_assert_cmpint(fd_write_all(f.in[1], "hello", 5), ==, 0);
        f.in[1] = fd_close(f.in[1]);
        g_assert_cmpint(loop_run(f.loop), ==, 42);
        g_assert_cmpint(read(f.out[0], buffer, sizeof(buffer)), ==, 5);
        g_assert_cmpmem(buffer, 5, "hello", 5);
        g_assert_cmpint(read(f.out[0], buffer, sizeof(buffer)), ==, 0);
        tear_down(&f);
}

static void test_terminal_gets_end_of_transmission(void)
{
        Fixture f;
        char buffer[16];

        set_up(&f, FLOW_EOT);
        f.in[1] = fd_close(f.in[1]);
        g_assert_cmpint(loop_run(f.loop), ==, 42);
        g_assert_cmpint(read(f.out[0], buffer, sizeof(buffer)), ==, 1);
        g_assert_cmpint(buffer[0], ==, 4);
        tear_down(&f);
}

static int on_readable(Source *source, int fd, uint32_t events, void *userdata)
{
        Fixture *fixture = userdata;
        char buffer[4096];
        ssize_t n = read(fd, buffer, sizeof(buffer));

        g_assert_cmpint(n, >=, 0);
        fixture->received += (size_t) n;
        return 0;
}

/* The reader is slower than the writer, and both share the loop with the flow: it may not block. */
static void test_slow_reader(void)
{
        g_autofree char *data = g_malloc0(PIPE_MORE_THAN_FULL);
        g_autofree char *path = NULL;
        FlowSetup setup = { .to_is_own = true, .end = FLOW_CLOSE, .ended = on_ended };
        Fixture f;
        int fd;

        set_up(&f, FLOW_CLOSE);
        fd = g_file_open_tmp("flow-XXXXXX", &path, NULL);
        g_assert_cmpint(fd_write_all(fd, data, PIPE_MORE_THAN_FULL), ==, 0);
        g_assert_cmpint(lseek(fd, 0, SEEK_SET), ==, 0);
        /* A regular file: epoll does not take it. */
        (void) flow_free(f.flow);
        (void) fd_close(f.out[0]);
        g_assert_cmpint(pipe2(f.out, O_CLOEXEC | O_NONBLOCK), ==, 0);
        setup.from = fd;
        setup.to = f.out[1];
        setup.userdata = &f;
        g_assert_cmpint(flow_new(f.loop, &setup, &f.flow), ==, 0);
        f.out[1] = fd_close(f.out[1]);
        g_assert_cmpint(loop_add_fd(f.loop, f.out[0], EPOLLIN, on_readable, &f, &f.reader), ==, 0);
        g_assert_cmpint(loop_run(f.loop), ==, 42);
        for (char buffer[4096];;) {
                ssize_t n = read(f.out[0], buffer, sizeof(buffer));

                if (n <= 0)
                        break;
                f.received += (size_t) n;
        }
        g_assert_cmpuint(f.received, ==, PIPE_MORE_THAN_FULL);
        (void) unlink(path);
        (void) close(fd);
        tear_down(&f);
}

static void test_target_gone(void)
{
        Fixture f;

        set_up(&f, FLOW_CLOSE);
        f.out[0] = fd_close(f.out[0]);
        g_assert_cmpint(fd_write_all(f.in[1], "hello", 5), ==, 0);
        g_assert_cmpint(loop_run(f.loop), ==, 42);
        tear_down(&f);
}

static void test_drain(void)
{
        Fixture f;
        char buffer[16];

        set_up(&f, FLOW_KEEP);
        g_assert_cmpint(fd_write_all(f.in[1], "late", 4), ==, 0);
        flow_drain(f.flow);
        g_assert_cmpint(read(f.out[0], buffer, sizeof(buffer)), ==, 4);
        tear_down(&f);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        g_test_add_func("/cli-flow/the-end-of-the-input-closes-the-target", test_end_is_passed_on);
        g_test_add_func("/cli-flow/a-terminal-is-told-the-end",
                        test_terminal_gets_end_of_transmission);
        g_test_add_func("/cli-flow/a-slow-reader-of-a-file-gets-all-of-it", test_slow_reader);
        g_test_add_func("/cli-flow/a-target-that-went-ends-it", test_target_gone);
        g_test_add_func("/cli-flow/draining-moves-what-is-there", test_drain);
        return g_test_run();
}
