/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The port to the service manager against one that answers as each test wants, on a socket in
 * place of /run/systemd/private. The real one is met in tests/host. */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/process.h"
#include "bus-pair.h"
#include "bus/systemd.h"
#include "interfaces/errors.h"

#define JOB_1 "/org/freedesktop/systemd1/job/1"
#define JOB_2 "/org/freedesktop/systemd1/job/2"

typedef struct Fixture Fixture;

/* What the service manager does with StartUnit and StopUnit. Return: > 0 answered. */
typedef int (*Script)(Fixture *f, sd_bus_message *message, const char *unit);

struct Fixture {
        sd_event *event;
        char *directory, *path;
        int listen_fd;
        sd_event_source *accept;
        sd_bus *manager; /* the service manager's end */
        Script script;
        unsigned n_connections, n_starts, n_checks;
        bool job_is_there;
        const char *active_state;
        uint64_t up_usec, down_usec; /* when the unit last went up and down */

        Units units;
        Systemd *systemd;

        UnitJob *job;
        unsigned n_answers;
        char *job_result, *status_text, *error, *state;
        int exec_status, error_code;
};

static int on_start(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Fixture *f = userdata;
        const char *unit, *mode;

        must(sd_bus_message_read(message, "ss", &unit, &mode));
        g_assert_cmpstr(mode, ==, "replace");
        f->n_starts++;
        return f->script(f, message, unit);
}

static int on_subscribe(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        return sd_bus_reply_method_return(message, NULL);
}

static int get(sd_bus *bus,
               const char *path,
               const char *interface,
               const char *property,
               sd_bus_message *reply,
               void *userdata,
               sd_bus_error *reterr)
{
        Fixture *f = userdata;
        const char *text = "exit-code";

        if (g_str_equal(property, "Job")) {
                f->n_checks++;
                return sd_bus_message_append(reply, "(uo)", f->job_is_there ? 1u : 0u,
                                             f->job_is_there ? JOB_1 : "/");
        }
        if (g_str_equal(property, "InactiveExitTimestampMonotonic"))
                return sd_bus_message_append(reply, "t", f->up_usec);
        if (g_str_equal(property, "InactiveEnterTimestampMonotonic"))
                return sd_bus_message_append(reply, "t", f->down_usec);
        if (g_str_equal(property, "ExecMainStatus"))
                return sd_bus_message_append(reply, "i", 203);
        if (g_str_equal(property, "ActiveState"))
                text = f->active_state;
        else if (g_str_equal(property, "StatusText"))
                text = "the cause";
        return sd_bus_message_append(reply, "s", text);
}

static const sd_bus_vtable manager_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("StartUnit", "ss", "o", on_start, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("StopUnit", "ss", "o", on_start, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Subscribe", "", "", on_subscribe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("JobRemoved", "uoss", 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable unit_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("ActiveState", "s", get, 0, 0),
        SD_BUS_PROPERTY("Job", "(uo)", get, 0, 0),
        SD_BUS_PROPERTY("InactiveExitTimestampMonotonic", "t", get, 0, 0),
        SD_BUS_PROPERTY("InactiveEnterTimestampMonotonic", "t", get, 0, 0),
        SD_BUS_VTABLE_END,
};

static const sd_bus_vtable service_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("StatusText", "s", get, 0, 0),
        SD_BUS_PROPERTY("Result", "s", get, 0, 0),
        SD_BUS_PROPERTY("ExecMainStatus", "i", get, 0, 0),
        SD_BUS_PROPERTY("Unknown", "s", get, 0, 0),
        SD_BUS_VTABLE_END,
};

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Fixture *f = userdata;
        g_autofree char *unit = NULL;
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        g_assert_cmpint(connection, >=, 0);
        f->n_connections++;
        f->manager = sd_bus_close_unref(f->manager);
        f->manager = bus_end(f->event, connection, true);
        must(sd_bus_path_encode("/org/freedesktop/systemd1/unit", "nagaya@a.service", &unit));
        must(sd_bus_add_object_vtable(f->manager, NULL, "/org/freedesktop/systemd1",
                                      "org.freedesktop.systemd1.Manager", manager_rows, f));
        must(sd_bus_add_object_vtable(f->manager, NULL, unit, "org.freedesktop.systemd1.Unit",
                                      unit_rows, f));
        must(sd_bus_add_object_vtable(f->manager, NULL, unit, "org.freedesktop.systemd1.Service",
                                      service_rows, f));
        return 0;
}

static void listen_at(Fixture *f)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
        f->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        g_assert_cmpint(bind(f->listen_fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(f->listen_fd, 8), ==, 0);
        must(sd_event_add_io(f->event, &f->accept, f->listen_fd, EPOLLIN, on_connection, f));
}

static void stop_listening(Fixture *f)
{
        f->accept = sd_event_source_disable_unref(f->accept);
        (void) close(f->listen_fd);
        (void) g_unlink(f->path);
}

static void set_up(Fixture *f, gconstpointer data)
{
        g_autofree char *address = NULL;

        must(sd_event_new(&f->event));
        f->directory = g_dir_make_tmp("nagaya-test-XXXXXX", NULL);
        f->path = g_build_filename(f->directory, "private", NULL);
        f->active_state = "failed";
        listen_at(f);
        address = g_strdup_printf("unix:path=%s", f->path);
        must(systemd_new(f->event, address, &f->units, &f->systemd));
}

static void tear_down(Fixture *f, gconstpointer data)
{
        f->systemd = systemd_free(f->systemd);
        f->manager = sd_bus_close_unref(f->manager);
        stop_listening(f);
        (void) g_rmdir(f->directory);
        f->event = sd_event_unref(f->event);
        g_free(f->directory);
        g_free(f->path);
        g_free(f->job_result);
        g_free(f->status_text);
        g_free(f->error);
        g_free(f->state);
}

static void on_done(void *userdata, const UnitOutcome *outcome, const Error *error)
{
        Fixture *f = userdata;

        f->n_answers++;
        f->job = NULL;
        if (error) {
                f->error = g_strdup(error->message);
                f->error_code = error->code;
                return;
        }
        g_free(f->job_result);
        g_free(f->status_text);
        f->job_result = g_strdup(outcome->job_result);
        f->status_text = g_strdup(outcome->status_text);
        f->exec_status = outcome->exec_main_status;
}

static void give(Fixture *f, UnitVerb verb, Script script)
{
        Error error = ERROR_NULL;

        f->script = script;
        must(f->units.run(f->units.userdata, verb, "nagaya@a.service", on_done, f, &f->job,
                          &error));
        g_assert_cmpuint(f->n_answers, ==, 0);
}

static void remove_job(Fixture *f, const char *path, const char *result)
{
        must(sd_bus_emit_signal(f->manager, "/org/freedesktop/systemd1",
                                "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss", 1u, path,
                                "nagaya@a.service", result));
}

/* --- scripts --- */

static int reply_job(Fixture *f, sd_bus_message *message, const char *unit)
{
        return sd_bus_reply_method_return(message, "o", JOB_1);
}

static int reply_then_done(Fixture *f, sd_bus_message *message, const char *unit)
{
        must(reply_job(f, message, unit));
        remove_job(f, JOB_2, "failed");
        remove_job(f, JOB_1, "done");
        return 1;
}

static int done_then_reply(Fixture *f, sd_bus_message *message, const char *unit)
{
        remove_job(f, JOB_1, "done");
        return reply_job(f, message, unit);
}

static int other_then_reply(Fixture *f, sd_bus_message *message, const char *unit)
{
        remove_job(f, JOB_1, "done");
        remove_job(f, JOB_2, "done");
        return reply_job(f, message, unit);
}

static int reply_then_failed(Fixture *f, sd_bus_message *message, const char *unit)
{
        must(reply_job(f, message, unit));
        remove_job(f, JOB_1, "failed");
        return 1;
}

static int refuse_masked(Fixture *f, sd_bus_message *message, const char *unit)
{
        return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.UnitMasked",
                                          "Unit is masked.");
}

static int refuse_somehow(Fixture *f, sd_bus_message *message, const char *unit)
{
        return sd_bus_reply_method_errorf(message, "org.freedesktop.systemd1.Odd", "Odd weather");
}

static int vanish_once(Fixture *f, sd_bus_message *message, const char *unit)
{
        if (f->n_starts > 1)
                return reply_then_done(f, message, unit);
        sd_bus_close(f->manager);
        return 1;
}

/* It is done, and so fast that nobody saw it. */
static int do_and_vanish(Fixture *f, sd_bus_message *message, const char *unit)
{
        f->up_usec = f->down_usec = now_usec();
        sd_bus_close(f->manager);
        return 1;
}

/* --- tests --- */

static void ends(Fixture *f, const char *result)
{
        run_until(f->event, f->n_answers > 0);
        g_assert_cmpstr(f->job_result, ==, result);
}

static void test_done(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, reply_then_done);
        ends(f, "done");
}

static void test_early(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, done_then_reply);
        ends(f, "done");
        g_assert_cmpuint(f->n_checks, ==, 0);
}

static void test_early_other(Fixture *f, gconstpointer data)
{
        f->active_state = "active";
        give(f, UNIT_START, other_then_reply);
        ends(f, "done");
        g_assert_cmpuint(f->n_checks, ==, 1);
}

static void test_failed(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, reply_then_failed);
        ends(f, "failed");
        g_assert_cmpstr(f->status_text, ==, "the cause");
        g_assert_cmpint(f->exec_status, ==, 203);
}

static void test_masked(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, refuse_masked);
        run_until(f->event, f->n_answers > 0);
        g_assert_cmpint(f->error_code, ==, ERROR_START_FAILED);
        g_assert_cmpstr(f->error, ==,
                        "Unit 'nagaya@a.service' is masked; lift that with systemctl unmask "
                        "nagaya@a.service");
}

static void test_refused(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, refuse_somehow);
        run_until(f->event, f->n_answers > 0);
        g_assert_cmpstr(f->error, ==, "Unit 'nagaya@a.service' cannot be started: Odd weather");
}

static void test_reply_lost(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, vanish_once);
        ends(f, "done");
        g_assert_cmpuint(f->n_starts, ==, 2);
        g_assert_cmpuint(f->n_connections, ==, 2);
}

/* It went up and down long ago, which says nothing. */
static void test_reply_lost_of_nothing(Fixture *f, gconstpointer data)
{
        f->up_usec = f->down_usec = now_usec() - 1;
        test_reply_lost(f, data);
}

static void test_reply_lost_of_start(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, do_and_vanish);
        ends(f, "failed");
        g_assert_cmpstr(f->status_text, ==, "the cause");
        g_assert_cmpuint(f->n_starts, ==, 1);
}

static void test_reply_lost_of_stop(Fixture *f, gconstpointer data)
{
        give(f, UNIT_STOP, do_and_vanish);
        ends(f, "done");
        g_assert_cmpuint(f->n_starts, ==, 1);
}

static void cut_while_waiting(Fixture *f)
{
        give(f, UNIT_START, reply_job);
        run_until(f->event, f->n_starts > 0);
        /* The reply is read before the end of the connection. */
        sd_bus_flush(f->manager);
        for (int i = 0; i < 10; i++)
                must(sd_event_run(f->event, 1000));
        f->manager = sd_bus_close_unref(f->manager);
}

static void test_signal_lost(Fixture *f, gconstpointer data)
{
        f->active_state = "active";
        cut_while_waiting(f);
        ends(f, "done");
        g_assert_cmpuint(f->n_starts, ==, 1);
        g_assert_cmpuint(f->n_checks, ==, 1);
}

static void test_signal_lost_failed(Fixture *f, gconstpointer data)
{
        cut_while_waiting(f);
        ends(f, "failed");
        g_assert_cmpstr(f->status_text, ==, "the cause");
}

static void test_still_running(Fixture *f, gconstpointer data)
{
        f->job_is_there = true;
        cut_while_waiting(f);
        run_until(f->event, f->n_checks > 0);
        g_assert_cmpuint(f->n_answers, ==, 0);
        remove_job(f, JOB_1, "done");
        ends(f, "done");
}

static void test_comes_late(Fixture *f, gconstpointer data)
{
        stop_listening(f);
        give(f, UNIT_START, reply_then_done);
        for (int i = 0; i < 10; i++)
                must(sd_event_run(f->event, 10000));
        g_assert_cmpuint(f->n_answers, ==, 0);
        listen_at(f);
        ends(f, "done");
}

static void test_forgotten(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, reply_job);
        run_until(f->event, f->n_starts > 0);
        f->units.forget(f->job);
        remove_job(f, JOB_1, "done");
        for (int i = 0; i < 10; i++)
                must(sd_event_run(f->event, 1000));
        g_assert_cmpuint(f->n_answers, ==, 0);
}

static void test_end_of_service(Fixture *f, gconstpointer data)
{
        give(f, UNIT_START, reply_job);
        run_until(f->event, f->n_starts > 0);
        f->systemd = systemd_free(f->systemd);
        g_assert_cmpuint(f->n_answers, ==, 1);
        g_assert_nonnull(f->error);
}

static void test_two_starts(Fixture *f, gconstpointer data)
{
        Error error = ERROR_NULL;
        UnitJob *second;

        give(f, UNIT_START, reply_job);
        must(f->units.run(f->units.userdata, UNIT_START, "nagaya@a.service", on_done, f, &second,
                          &error));
        run_until(f->event, f->n_starts == 2);
        remove_job(f, JOB_1, "done");
        run_until(f->event, f->n_answers == 2);
        g_assert_cmpstr(f->job_result, ==, "done");
}

static void on_state(void *userdata, const char *active_state, const Error *error)
{
        Fixture *f = userdata;

        f->n_answers++;
        f->state = g_strdup(active_state);
}

static void test_state(Fixture *f, gconstpointer data)
{
        Error error = ERROR_NULL;

        f->active_state = "activating";
        must(f->units.state(f->units.userdata, "nagaya@a.service", on_state, f, &f->job, &error));
        run_until(f->event, f->n_answers > 0);
        g_assert_cmpstr(f->state, ==, "activating");
}

#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add("/systemd/job-ends-with-its-own-job-removed", test_done);
        add("/systemd/job-removed-before-the-reply-counts", test_early);
        add("/systemd/job-removed-of-another-job-makes-it-look-again", test_early_other);
        add("/systemd/failed-job-tells-what-is-known-of-the-unit", test_failed);
        add("/systemd/masked-unit-tells-how-to-unmask", test_masked);
        add("/systemd/unknown-refusal-is-told-as-it-is", test_refused);
        add("/systemd/lost-reply-gives-the-job-again", test_reply_lost);
        add("/systemd/lost-reply-of-an-old-end-gives-the-job-again", test_reply_lost_of_nothing);
        add("/systemd/lost-reply-of-a-start-that-was-done-starts-nothing",
            test_reply_lost_of_start);
        add("/systemd/lost-reply-of-a-stop-that-was-done-stops-nothing", test_reply_lost_of_stop);
        add("/systemd/lost-signal-is-made-up-by-the-state", test_signal_lost);
        add("/systemd/lost-signal-of-a-failure-tells-the-cause", test_signal_lost_failed);
        add("/systemd/job-is-followed-over-a-new-connection", test_still_running);
        add("/systemd/manager-that-comes-late-is-waited-for", test_comes_late);
        add("/systemd/forgotten-job-answers-nobody", test_forgotten);
        add("/systemd/end-of-the-service-answers", test_end_of_service);
        add("/systemd/two-starts-of-a-unit-end-with-one-job", test_two_starts);
        add("/systemd/state-is-asked-for", test_state);
        return g_test_run();
}
