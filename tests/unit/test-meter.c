/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/socket.h>

#include "base/process.h"
#include "interfaces/json.h"
#include "scratch.h"
#include "storage/copy/meter.h"

typedef struct Fixture {
        Scratch scratch;
        int fds[2];
        Report report;
        Meter meter;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
        g_autofree char *text = g_strnfill(100000, 'x'), *sparse = NULL;

        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "etc");
        scratch_write(&fixture->scratch, "etc/large", text, 0644);
        scratch_write(&fixture->scratch, "small", "0123456789", 0644);
        g_assert_cmpint(linkat(fixture->scratch.fd, "small", fixture->scratch.fd, "etc/again", 0),
                        ==, 0);
        g_assert_cmpint(symlinkat("small", fixture->scratch.fd, "link"), ==, 0);
        scratch_write(&fixture->scratch, "sparse", "", 0644);
        sparse = scratch_path(&fixture->scratch, "sparse");
        g_assert_cmpint(truncate(sparse, 1 << 30), ==, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fixture->fds), ==, 0);
        fixture->report = (Report){ .fd = fixture->fds[0] };
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        (void) close(fixture->fds[0]);
        (void) close(fixture->fds[1]);
        scratch_done(&fixture->scratch);
}

/* The next message; a field that is not there is -1. */
static void assert_told(Fixture *fixture, double progress, const char *expected)
{
        static const char *const names[] = { "files", "bytes", "totalFiles", "totalBytes" };
        g_autoptr(GString) text = g_string_new("");
        json_t *message = NULL;

        g_assert_cmpint(report_read(fixture->fds[1], &message), >, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                json_int_t value = -1;

                (void) json_unpack(message, "{s:I}", names[i], &value);
                g_string_append_printf(text, "%s%lld", i ? " " : "", (long long) value);
        }
        g_assert_cmpstr(text->str, ==, expected);
        g_assert_cmpfloat_with_epsilon(json_number_value(json_object_get(message, "progress")),
                                       progress, 0.001);
        json_decref(message);
}

/* A short copy is not counted; at its end all is known. */
static void test_short(Fixture *fixture, gconstpointer data)
{
        CopyStats done = { .files = 2, .bytes = 5 };

        meter_begin(&fixture->meter, fixture->scratch.fd, 3600 * USEC_PER_SEC, &fixture->report);
        meter_progress(&done, &fixture->meter);
        assert_told(fixture, -1, "2 5 -1 -1");
        meter_end(&fixture->meter, &done);
        assert_told(fixture, 1, "2 5 2 5");
}

static void test_long(Fixture *fixture, gconstpointer data)
{
        meter_begin(&fixture->meter, fixture->scratch.fd, 0, &fixture->report);
        meter_progress(&(CopyStats){ .files = 1 }, &fixture->meter);
        while (!atomic_load(&fixture->meter.known))
                g_usleep(1000);
        /* The root, etc, large, two names of one file, a link, and a file that is but a hole. */
        meter_progress(&(CopyStats){ .files = 1, .bytes = 100010 }, &fixture->meter);
        assert_told(fixture, -1, "1 0 -1 -1");
        assert_told(fixture, (16384 + 100010.) / (7 * 16384 + 100010), "1 100010 7 100010");
        /* More than was there when it was counted. */
        meter_progress(&(CopyStats){ .files = 9, .bytes = 200000 }, &fixture->meter);
        assert_told(fixture, 1, "9 200000 7 100010");
        meter_end(&fixture->meter, NULL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add("/meter/short-copy-is-not-counted", Fixture, NULL, set_up, test_short,
                   tear_down);
        g_test_add("/meter/long-copy-is-counted-in-files-and-bytes", Fixture, NULL, set_up,
                   test_long, tear_down);
        return g_test_run();
}
