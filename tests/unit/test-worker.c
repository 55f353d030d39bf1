/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The job runner as a process of its own, spoken to over its socket. */

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/process.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "interfaces/varlink-client.h"
#include "scratch.h"
#include "storage/work/server.h"

#define TIMEOUT (20 * USEC_PER_SEC)

/* Waits until the file "go" of the test is there. */
#define TEMPLATE "#!/bin/sh\necho ready\nwhile ! [ -e %s/go ]; do sleep 0.02; done\n"

typedef struct Fixture {
        Scratch scratch;
        char *lxc, *lock, *templates, *socket;
        const char *directories[2];
        int stop_fd; /* an eventfd */
        pid_t pid;
} Fixture;

static int make_socket(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpuint(strlen(path), <, sizeof(address.sun_path));
        (void) strcpy(address.sun_path, path);
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(fd, 16), ==, 0);
        return fd;
}

/* Return: the exit status. */
static int serve(const Fixture *fixture, int fd, uint64_t idle_usec)
{
        _cleanup_(loop_free_p) Loop *loop = NULL;
        _cleanup_(work_server_free_p) Server *server = NULL;
        ServerOptions options = {
                .listen_fd = fd,
                .group_fd = -EBADF,
                .stop_fd = fixture->stop_fd,
                .lock_dir = fixture->lock,
                .template_directories = fixture->directories,
                .container_path = fixture->lxc,
                .idle_usec = idle_usec,
                .keep_usec = TIMEOUT,
        };

        (void) signal(SIGPIPE, SIG_IGN);
        if (loop_new(&loop) < 0 || work_server_new(loop, &options, &server, NULL) < 0)
                return 1;
        return loop_run(loop) < 0 ? 1 : 0;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
        uint64_t idle_usec = data ? 300 * USEC_PER_MSEC : USEC_INFINITY;
        g_autofree char *script = NULL;
        int fd;

        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "lxc");
        scratch_mkdir(&fixture->scratch, "lxc/.#ct0.0123456789abcdef.new");
        scratch_mkdir(&fixture->scratch, "templates");
        script = g_strdup_printf(TEMPLATE, fixture->scratch.path);
        scratch_write(&fixture->scratch, "templates/lxc-wait", script, 0755);
        fixture->lxc = scratch_path(&fixture->scratch, "lxc");
        fixture->lock = scratch_path(&fixture->scratch, "lock");
        fixture->templates = scratch_path(&fixture->scratch, "templates");
        fixture->socket = scratch_path(&fixture->scratch, "socket");
        fixture->directories[0] = fixture->templates;
        fixture->directories[1] = NULL;
        fixture->stop_fd = eventfd(0, EFD_CLOEXEC);
        fd = make_socket(fixture->socket);
        fixture->pid = fork();
        if (fixture->pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(serve(fixture, fd, idle_usec));
        }
        (void) close(fd);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        if (fixture->pid > 0) {
                (void) kill(fixture->pid, SIGKILL);
                (void) waitpid(fixture->pid, NULL, 0);
        }
        (void) close(fixture->stop_fd);
        g_free(fixture->lxc);
        g_free(fixture->lock);
        g_free(fixture->templates);
        g_free(fixture->socket);
        scratch_done(&fixture->scratch);
}

static VarlinkClient *connect_to(const Fixture *fixture)
{
        VarlinkClient *client;

        g_assert_cmpint(varlink_client_connect(fixture->socket, &client, NULL), ==, 0);
        return client;
}

static json_t *run_parameters(const Fixture *fixture, int job, const char *kind, const char *id)
{
        g_autofree char *directory = g_build_filename(fixture->lxc, id, NULL);

        return json_pack("{s:i,s:i,s:s,s:s,s:i,s:{s:s}}", "protocol", WORKER_PROTOCOL, "job", job,
                         "kind", kind, "container", id, "owner", 0, "parameters", "directory",
                         directory);
}

static json_t *wait_parameters(const Fixture *fixture, int job, const char *id)
{
        json_t *parameters = run_parameters(fixture, job, "create", id);

        (void) json_object_set_new(json_object_get(parameters, "parameters"), "template",
                                   json_string("wait"));
        return parameters;
}

static void send_call(VarlinkClient *client, const char *method, json_t *parameters)
{
        g_assert_cmpint(varlink_client_send(client, method, parameters, true, NULL, NULL), ==, 0);
}

/* The next reply must be this event. Return: whether more will come. */
static gboolean expect_event(VarlinkClient *client, const char *event)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        json_t *reply = NULL;
        int r = varlink_client_receive(client, TIMEOUT, &reply, NULL, &error);

        g_assert_cmpstr(error.message, ==, NULL);
        g_assert_cmpint(r, >=, 0);
        g_assert_cmpstr(json_string_value(json_object_get(reply, "event")), ==, event);
        json_decref(reply);
        return r > 0;
}

static void expect_error(VarlinkClient *client, ErrorCode code)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        g_assert_cmpint(varlink_client_receive(client, TIMEOUT, NULL, NULL, &error), <, 0);
        g_assert_cmpint(error.code, ==, (int) code);
}

static void run_to_end(VarlinkClient *client, json_t *parameters)
{
        send_call(client, INTERFACE_WORKER ".Run", parameters);
        g_assert_true(expect_event(client, "started"));
        g_assert_false(expect_event(client, "end"));
}

static void start_waiting(const Fixture *fixture, VarlinkClient *client, int job, const char *id)
{
        send_call(client, INTERFACE_WORKER ".Run", wait_parameters(fixture, job, id));
        g_assert_true(expect_event(client, "started"));
        g_assert_true(expect_event(client, "log"));
}

static unsigned count_jobs(VarlinkClient *client)
{
        json_t *reply = NULL;
        size_t n;

        g_assert_cmpint(varlink_client_call(client, INTERFACE_WORKER ".List", NULL, &reply, NULL),
                        ==, 0);
        n = json_array_size(json_object_get(reply, "jobs"));
        json_decref(reply);
        return (unsigned) n;
}

/* What is removed after the reply takes its time. */
static void wait_until_empty(const Fixture *fixture)
{
        for (unsigned i = 0; scratch_count(&fixture->scratch, "lxc") > 0; i++) {
                g_assert_cmpuint(i, <, 1000);
                g_usleep(10 * 1000);
        }
}

static void test_create_and_destroy(Fixture *fixture, gconstpointer data)
{
        _cleanup_(varlink_client_free_p) VarlinkClient *client = connect_to(fixture);

        run_to_end(client, run_parameters(fixture, 1, "create", "ct1"));
        g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/config"));
        run_to_end(client, run_parameters(fixture, 2, "destroy", "ct1"));
        g_assert_false(scratch_has(&fixture->scratch, "lxc/ct1"));
        send_call(client, INTERFACE_WORKER ".Run", run_parameters(fixture, 3, "destroy", "ct1"));
        g_assert_true(expect_event(client, "started"));
        expect_error(client, ERROR_NO_SUCH_CONTAINER);
        /* What was left from before is gone, too. */
        wait_until_empty(fixture);
}

static void test_bad_calls(Fixture *fixture, gconstpointer data)
{
        _cleanup_(varlink_client_free_p) VarlinkClient *client = connect_to(fixture);
        json_t *parameters = run_parameters(fixture, 1, "create", "ct1");

        (void) json_object_set_new(parameters, "protocol", json_integer(99));
        send_call(client, INTERFACE_WORKER ".Run", parameters);
        expect_error(client, ERROR_NOT_SUPPORTED);
        send_call(client, INTERFACE_WORKER ".Run", run_parameters(fixture, 1, "explode", "ct1"));
        expect_error(client, ERROR_NOT_SUPPORTED);
        send_call(client, INTERFACE_WORKER ".Run", run_parameters(fixture, 1, "create", "../ct1"));
        expect_error(client, ERROR_INVALID_NAME);
        send_call(client, INTERFACE_WORKER ".Run", json_object());
        expect_error(client, ERROR_INVALID_ARGS);
        send_call(client, INTERFACE_WORKER ".Nothing", NULL);
        expect_error(client, ERROR_NOT_SUPPORTED);
        send_call(client, INTERFACE_WORKER ".Follow", json_pack("{s:i}", "job", 7));
        expect_error(client, ERROR_NO_SUCH_JOB);
        send_call(client, INTERFACE_WORKER ".Cancel", json_pack("{s:i}", "job", 7));
        expect_error(client, ERROR_NO_SUCH_JOB);
        g_assert_cmpuint(count_jobs(client), ==, 0);
}

static void test_one_job_per_container(Fixture *fixture, gconstpointer data)
{
        _cleanup_(varlink_client_free_p) VarlinkClient *first = connect_to(fixture);
        _cleanup_(varlink_client_free_p) VarlinkClient *second = connect_to(fixture);

        if (skip_unless_root())
                return;
        start_waiting(fixture, first, 1, "ct1");
        send_call(second, INTERFACE_WORKER ".Run", run_parameters(fixture, 2, "create", "ct1"));
        expect_error(second, ERROR_BUSY);
        send_call(second, INTERFACE_WORKER ".Run", run_parameters(fixture, 1, "create", "ct2"));
        expect_error(second, ERROR_INVALID_ARGS);
        run_to_end(second, run_parameters(fixture, 3, "create", "ct2"));
        scratch_write(&fixture->scratch, "go", "", 0644);
        g_assert_false(expect_event(first, "end"));
}

static void test_job_outlives_connection(Fixture *fixture, gconstpointer data)
{
        VarlinkClient *first = connect_to(fixture);
        _cleanup_(varlink_client_free_p) VarlinkClient *second = connect_to(fixture);

        if (skip_unless_root()) {
                (void) varlink_client_free(first);
                return;
        }
        start_waiting(fixture, first, 1, "ct1");
        (void) varlink_client_free(first);
        g_assert_cmpuint(count_jobs(second), ==, 1);
        send_call(second, INTERFACE_WORKER ".Follow", json_pack("{s:i}", "job", 1));
        g_assert_true(expect_event(second, "progress"));
        scratch_write(&fixture->scratch, "go", "", 0644);
        g_assert_false(expect_event(second, "end"));
        g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/config"));
}

static void test_outcome_is_kept(Fixture *fixture, gconstpointer data)
{
        VarlinkClient *first = connect_to(fixture);
        _cleanup_(varlink_client_free_p) VarlinkClient *second = connect_to(fixture);

        if (skip_unless_root()) {
                (void) varlink_client_free(first);
                return;
        }
        start_waiting(fixture, first, 1, "ct1");
        (void) varlink_client_free(first);
        scratch_write(&fixture->scratch, "go", "", 0644);
        for (unsigned i = 0; !scratch_has(&fixture->scratch, "lxc/ct1"); i++) {
                g_assert_cmpuint(i, <, 1000);
                g_usleep(10 * 1000);
        }
        send_call(second, INTERFACE_WORKER ".Follow", json_pack("{s:i}", "job", 1));
        g_assert_true(expect_event(second, "progress"));
        g_assert_false(expect_event(second, "end"));
        /* Told once, it is forgotten. */
        for (unsigned i = 0; count_jobs(second) > 0; i++) {
                g_assert_cmpuint(i, <, 1000);
                g_usleep(10 * 1000);
        }
}

static void test_cancel(Fixture *fixture, gconstpointer data)
{
        _cleanup_(varlink_client_free_p) VarlinkClient *first = connect_to(fixture);
        _cleanup_(varlink_client_free_p) VarlinkClient *second = connect_to(fixture);

        if (skip_unless_root())
                return;
        start_waiting(fixture, first, 1, "ct1");
        g_assert_cmpint(varlink_client_call(second, INTERFACE_WORKER ".Cancel",
                                            json_pack("{s:i}", "job", 1), NULL, NULL),
                        ==, 0);
        expect_error(first, ERROR_CANCELLED);
        g_assert_false(scratch_has(&fixture->scratch, "lxc/ct1"));
        wait_until_empty(fixture);
        run_to_end(first, run_parameters(fixture, 2, "create", "ct1"));
}

static void test_sixteen_at_once(Fixture *fixture, gconstpointer data)
{
        VarlinkClient *clients[SERVER_TASKS_MAX + 1];

        if (skip_unless_root())
                return;
        for (int i = 0; i <= SERVER_TASKS_MAX; i++) {
                g_autofree char *id = g_strdup_printf("ct%d", i);

                clients[i] = connect_to(fixture);
                if (i < SERVER_TASKS_MAX) {
                        start_waiting(fixture, clients[i], i, id);
                        continue;
                }
                send_call(clients[i], INTERFACE_WORKER ".Run", wait_parameters(fixture, i, id));
                expect_error(clients[i], ERROR_LIMITS_EXCEEDED);
        }
        scratch_write(&fixture->scratch, "go", "", 0644);
        for (int i = 0; i < SERVER_TASKS_MAX; i++)
                g_assert_false(expect_event(clients[i], "end"));
        for (int i = 0; i <= SERVER_TASKS_MAX; i++)
                (void) varlink_client_free(clients[i]);
}

static void test_garbage_closes(Fixture *fixture, gconstpointer data)
{
        static const char garbage[] = "this is not JSON";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_(varlink_client_free_p) VarlinkClient *client = NULL;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        char byte;

        (void) strcpy(address.sun_path, fixture->socket);
        g_assert_cmpint(connect(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(write(fd, garbage, sizeof(garbage)), ==, sizeof(garbage));
        g_assert_cmpint(read(fd, &byte, 1), ==, 0);
        (void) close(fd);
        client = connect_to(fixture);
        g_assert_cmpuint(count_jobs(client), ==, 0);
}

static void test_leaves_when_idle(Fixture *fixture, gconstpointer data)
{
        VarlinkClient *client = connect_to(fixture);
        int status;

        run_to_end(client, run_parameters(fixture, 1, "create", "ct1"));
        g_usleep(500 * 1000);
        /* An open connection keeps it. */
        g_assert_cmpuint(count_jobs(client), ==, 0);
        (void) varlink_client_free(client);
        g_assert_cmpint(waitpid(fixture->pid, &status, 0), ==, fixture->pid);
        g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        fixture->pid = 0;
}

static void test_stop(Fixture *fixture, gconstpointer data)
{
        _cleanup_(varlink_client_free_p) VarlinkClient *client = connect_to(fixture);
        int status;

        if (skip_unless_root())
                return;
        start_waiting(fixture, client, 1, "ct1");
        g_assert_cmpint(eventfd_write(fixture->stop_fd, 1), ==, 0);
        expect_error(client, ERROR_CANCELLED);
        g_assert_cmpint(waitpid(fixture->pid, &status, 0), ==, fixture->pid);
        g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        fixture->pid = 0;
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 0);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/worker/creates-and-destroys", test_create_and_destroy);
        ADD("/worker/bad-calls-get-an-error", test_bad_calls);
        ADD("/worker/one-job-per-container", test_one_job_per_container);
        ADD("/worker/job-outlives-its-connection", test_job_outlives_connection);
        ADD("/worker/outcome-is-kept-until-it-was-told", test_outcome_is_kept);
        ADD("/worker/cancel-leaves-nothing", test_cancel);
        ADD("/worker/sixteen-jobs-at-once", test_sixteen_at_once);
        ADD("/worker/garbage-closes-the-connection", test_garbage_closes);
        ADD("/worker/told-to-stop-cancels-its-jobs", test_stop);
        g_test_add("/worker/leaves-when-idle", Fixture, "idle", set_up, test_leaves_when_idle,
                   tear_down);
        return g_test_run();
}
