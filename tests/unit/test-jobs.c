/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs as a worker process runs them, on a container path of the test's own. */

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/strv.h"
#include "interfaces/container-lock.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "scratch.h"
#include "storage/job-kind.h"
#include "storage/owner.h"
#include "storage/trash.h"

#define TEMPLATE                                                                                   \
        "#!/bin/sh\n"                                                                              \
        "set -e\n"                                                                                 \
        "for a in \"$@\"; do case $a in --path=*) path=${a#*=};; --rootfs=*) rootfs=${a#*=};; "    \
        "fail) exit 4;; slow) slow=1;; esac; done\n"                                               \
        "grep -q \"lxc.rootfs.path = dir:$rootfs\" $path/config\n"                                 \
        "mkdir -p $rootfs/bin $rootfs/etc\n"                                                       \
        "echo hello > $rootfs/etc/motd\n"                                                          \
        "echo $rootfs > $rootfs/etc/where\n"                                                       \
        "ls -A $path/.. > $rootfs/etc/neighbours\n"                                                \
        "cat $path/../other/file > $rootfs/etc/copied 2>/dev/null || :\n"                          \
        "echo 'lxc.uts.name = templated' >> $path/config\n"                                        \
        "[ -z \"$slow\" ] || { echo ready; sleep 60; }\n"

typedef struct Fixture {
        Scratch scratch; /* lxc/ is the container path, lock/, templates/ */
        char *lxc, *lock, *templates;
        const char *directories[2];
} Fixture;

typedef struct Outcome {
        json_t *last; /* the "end" or "error" */
        char **messages;
} Outcome;

static void set_up(Fixture *fixture, gconstpointer data)
{
        scratch_init(&fixture->scratch);
        scratch_mkdir(&fixture->scratch, "lxc");
        scratch_mkdir(&fixture->scratch, "lxc/other");
        scratch_write(&fixture->scratch, "lxc/other/file", "neighbour", 0644);
        scratch_mkdir(&fixture->scratch, "templates");
        scratch_write(&fixture->scratch, "templates/lxc-test", TEMPLATE, 0755);
        fixture->lxc = scratch_path(&fixture->scratch, "lxc");
        fixture->lock = scratch_path(&fixture->scratch, "lock");
        fixture->templates = scratch_path(&fixture->scratch, "templates");
        fixture->directories[0] = fixture->templates;
        fixture->directories[1] = NULL;
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        g_free(fixture->lxc);
        g_free(fixture->lock);
        g_free(fixture->templates);
        scratch_done(&fixture->scratch);
}

static char *directory_of(const Fixture *fixture, const char *name)
{
        return g_build_filename(fixture->lxc, name, NULL);
}

/* Takes `parameters`; adds the directory. */
static pid_t
start_job(Fixture *fixture, const char *kind, const char *id, json_t *parameters, int *ret_fd)
{
        g_autofree char *directory = directory_of(fixture, id);
        int pair[2];
        pid_t pid;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), ==, 0);
        (void) json_object_set_new(parameters, "directory", json_string(directory));
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                Report report = { .fd = pair[1] };
                JobRequest request = {
                        .container = id,
                        .parameters = parameters,
                        .lock_dir = fixture->lock,
                        .template_directories = fixture->directories,
                };

                (void) job_run(job_kind_find(kind), &request, &report);
                _exit(0);
        }
        json_decref(parameters);
        (void) close(pair[1]);
        *ret_fd = pair[0];
        return pid;
}

/* Waits for the next report. Return: NULL at the end. */
static json_t *next_report(int fd)
{
        json_t *message = NULL;
        int r;

        while ((r = report_read(fd, &message)) == 0) {
                GPollFD poll = { .fd = fd, .events = G_IO_IN };

                g_assert_cmpint(g_poll(&poll, 1, 20000), ==, 1);
        }
        return r > 0 ? message : NULL;
}

static void finish_job(pid_t pid, int fd, Outcome *ret)
{
        GPtrArray *messages = g_ptr_array_new();
        json_t *message;

        *ret = (Outcome){ 0 };
        while ((message = next_report(fd))) {
                const char *event = json_string_value(json_object_get(message, "event"));

                if (g_str_equal(event, "message"))
                        g_ptr_array_add(messages, g_strdup(json_string_value(
                                                          json_object_get(message, "text"))));
                if (g_str_equal(event, "end") || g_str_equal(event, "error")) {
                        g_assert_null(ret->last);
                        ret->last = json_incref(message);
                }
                json_decref(message);
        }
        g_ptr_array_add(messages, NULL);
        ret->messages = (char **) g_ptr_array_free(messages, FALSE);
        (void) close(fd);
        g_assert_cmpint(waitpid(pid, NULL, 0), ==, pid);
}

static void outcome_done(Outcome *outcome)
{
        json_decref(outcome->last);
        g_strfreev(outcome->messages);
}

/* Return: "" when the job ended well, else the name of its error. */
static char *run_job(Fixture *fixture, const char *kind, const char *id, json_t *parameters)
{
        Outcome outcome;
        const char *code;
        char *result;
        int fd;
        pid_t pid = start_job(fixture, kind, id, parameters, &fd);

        finish_job(pid, fd, &outcome);
        g_assert_nonnull(outcome.last);
        code = json_string_value(json_object_get(outcome.last, "code"));
        if (code && g_test_verbose())
                g_test_message("%s", json_string_value(json_object_get(outcome.last, "message")));
        result = g_strdup(code ? (*code ? code : "Failed") : "");
        outcome_done(&outcome);
        return result;
}

#define ASSERT_JOB(fixture, kind, id, parameters, expected)                                        \
        do {                                                                                       \
                g_autofree char *_code = run_job(fixture, kind, id, parameters);                   \
                g_assert_cmpstr(_code, ==, expected);                                              \
        } while (0)

static void test_create_empty(Fixture *fixture, gconstpointer data)
{
        g_autofree char *directory = directory_of(fixture, "ct1");
        g_autofree char *config = NULL, *expected = NULL;
        struct stat st;

        ASSERT_JOB(fixture, "create", "ct1",
                   json_pack("{s:[{s:s,s:s}]}", "config", "key", "lxc.environment", "value", "A=b"),
                   "");
        config = scratch_read(&fixture->scratch, "lxc/ct1/config");
        expected = g_strdup_printf("lxc.rootfs.path = dir:%s/rootfs\nlxc.uts.name = ct1\n"
                                   "lxc.environment = A=b\n",
                                   directory);
        g_assert_cmpstr(config, ==, expected);
        g_assert_cmpint(fstatat(fixture->scratch.fd, "lxc/ct1", &st, 0), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0770);
        g_assert_cmpint(fstatat(fixture->scratch.fd, "lxc/ct1/config", &st, 0), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        g_assert_cmpint(fstatat(fixture->scratch.fd, "lxc/ct1/rootfs", &st, 0), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0755);
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 2);
}

static void test_create_by_template(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL, *where = NULL, *neighbours = NULL, *copied = NULL,
                        *rootfs = NULL, *defaults = NULL;
        uid_t owner = 0;
        int fd;

        if (skip_unless_root())
                return;
        scratch_write(&fixture->scratch, "default.conf", "# The host's\nlxc.tty.max = 2", 0644);
        defaults = scratch_path(&fixture->scratch, "default.conf");
        ASSERT_JOB(fixture, "create", "ct1",
                   json_pack("{s:s,s:[s],s:i,s:s,s:[{s:s,s:s}]}", "template", "test",
                             "templateArguments", "arg", "owner", 1000, "defaultConfig", defaults,
                             "config", "key", "lxc.uts.name", "value", "mine"),
                   "");
        rootfs = scratch_path(&fixture->scratch, "lxc/ct1/rootfs\n");
        where = scratch_read(&fixture->scratch, "lxc/ct1/rootfs/etc/where");
        g_assert_cmpstr(where, ==, rootfs);
        copied = scratch_read(&fixture->scratch, "lxc/ct1/rootfs/etc/copied");
        g_assert_cmpstr(copied, ==, "neighbour");
        neighbours = scratch_read(&fixture->scratch, "lxc/ct1/rootfs/etc/neighbours");
        g_assert_nonnull(strstr(neighbours, "ct1\n"));
        g_assert_nonnull(strstr(neighbours, "other\n"));

        config = scratch_read(&fixture->scratch, "lxc/ct1/config");
        g_assert_true(g_str_has_prefix(config, "# Template used to create this container: "));
        g_assert_nonnull(strstr(config, "# Parameters passed to the template: arg\n"));
        g_assert_nonnull(strstr(config, "# The host's\nlxc.tty.max = 2\nlxc.rootfs.path = dir:"));
        g_assert_true(g_str_has_suffix(config, "lxc.uts.name = templated\nlxc.uts.name = mine\n"));

        fd = openat(fixture->scratch.fd, "lxc/ct1", O_RDONLY | O_DIRECTORY);
        g_assert_cmpint(owner_read(fd, &owner, NULL), ==, 0);
        g_assert_cmpuint(owner, ==, 1000);
        (void) close(fd);
        /* Neither a name of ours nor a mount is left. */
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 2);
}

static void test_create_refuses(Fixture *fixture, gconstpointer data)
{
        g_autofree char *long_name = g_strnfill(64, 'a');

        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "ContainerExists");
        ASSERT_JOB(fixture, "create", "other", json_object(), "ContainerExists");
        ASSERT_JOB(fixture, "create", "..", json_object(), "InvalidName");
        ASSERT_JOB(fixture, "create", "a b", json_object(), "InvalidName");
        ASSERT_JOB(fixture, "create", long_name, json_object(), "InvalidName");
        ASSERT_JOB(fixture, "create", "ct2", json_pack("{s:s}", "template", "nothing"),
                   "NoSuchTemplate");
        ASSERT_JOB(fixture, "create", "ct2", json_pack("{s:s}", "backend", "zfs"), "NotSupported");
        ASSERT_JOB(fixture, "create", "ct2", json_pack("{s:i}", "backend", 1), "InvalidArgs");
        ASSERT_JOB(fixture, "create", "ct2", json_pack("{s:i}", "owner", -1), "InvalidArgs");
        ASSERT_JOB(fixture, "create", "ct2", json_pack("{s:[s]}", "templateArguments", "x"),
                   "InvalidArgs");
        ASSERT_JOB(fixture, "create", "ct2", json_pack("{s:[s]}", "config", "x"), "InvalidArgs");
        ASSERT_JOB(fixture, "create", "ct2",
                   json_pack("{s:[{s:s,s:s}]}", "config", "key", "lxc.uts.name", "value",
                             "a\nlxc.include = /x"),
                   "InvalidArgs");
        ASSERT_JOB(fixture, "create", "ct2",
                   json_pack("{s:[{s:s,s:s}]}", "config", "key", "lxc.nothing", "value", "x"),
                   "InvalidConfig");
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 2);
}

static void test_failed_template(Fixture *fixture, gconstpointer data)
{
        if (skip_unless_root())
                return;
        ASSERT_JOB(fixture, "create", "ct1",
                   json_pack("{s:s,s:[s]}", "template", "test", "templateArguments", "fail"),
                   "TemplateFailed");
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 1);
}

static void test_untrusted_path(Fixture *fixture, gconstpointer data)
{
        g_assert_cmpint(chmod(fixture->lxc, 0777), ==, 0);
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "AccessDenied");
        g_assert_cmpint(chmod(fixture->lxc, 0755), ==, 0);
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
}

static void test_container_path_is_made(Fixture *fixture, gconstpointer data)
{
        g_free(fixture->lxc);
        fixture->lxc = scratch_path(&fixture->scratch, "new/lxc");
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        g_assert_true(scratch_has(&fixture->scratch, "new/lxc/ct1/config"));
}

static void test_destroy(Fixture *fixture, gconstpointer data)
{
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        scratch_write(&fixture->scratch, "lxc/ct1/rootfs/file", "x", 0644);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 1);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "NoSuchContainer");
        ASSERT_JOB(fixture, "destroy", "..", json_object(), "InvalidName");
}

static void test_destroy_broken(Fixture *fixture, gconstpointer data)
{
        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        scratch_write(&fixture->scratch, "lxc/ct1/config", "\xff garbage\nlxc.nothing = \n", 0644);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        scratch_mkdir(&fixture->scratch, "lxc/ct2");
        g_assert_cmpint(symlinkat("/etc/passwd", fixture->scratch.fd, "lxc/ct2/config"), ==, 0);
        ASSERT_JOB(fixture, "destroy", "ct2", json_object(), "");
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 1);
}

static void test_destroy_refuses(Fixture *fixture, gconstpointer data)
{
        g_autofree char *directory = directory_of(fixture, "ct1");
        ContainerLock lock = CONTAINER_LOCK_NULL;

        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        g_assert_cmpint(container_lock_take(fixture->lock, "ct1", directory, &lock, NULL), ==, 0);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "Busy");
        container_lock_release(&lock);

        scratch_write(&fixture->scratch, "lxc/ct1/lxc_snapshots", "2\n", 0644);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "HasDependents");
        scratch_write(&fixture->scratch, "lxc/ct1/lxc_snapshots", "0\n", 0644);

        scratch_write(&fixture->scratch, "lxc/ct1/lxc_rdepends", "/var/lib/lxc\nbase\n", 0644);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "NotSupported");
        g_assert_cmpint(unlinkat(fixture->scratch.fd, "lxc/ct1/lxc_rdepends", 0), ==, 0);

        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps/snap0");
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "HasSnapshots");
        g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/rootfs"));
        ASSERT_JOB(fixture, "destroy", "ct1", json_pack("{s:b}", "snapshots", 1), "");

        g_assert_cmpint(symlinkat("other", fixture->scratch.fd, "lxc/link"), ==, 0);
        ASSERT_JOB(fixture, "destroy", "link", json_object(), "NotSupported");
        g_assert_true(scratch_has(&fixture->scratch, "lxc/other/file"));
}

/* Runs the job to its good end and gives its only message. */
static char *destroy_message(Fixture *fixture, const char *id)
{
        Outcome outcome;
        char *message;
        int fd;
        pid_t pid = start_job(fixture, "destroy", id, json_object(), &fd);

        finish_job(pid, fd, &outcome);
        g_assert_cmpstr(json_string_value(json_object_get(outcome.last, "event")), ==, "end");
        g_assert_cmpuint(g_strv_length(outcome.messages), ==, 1);
        message = g_strdup(outcome.messages[0]);
        outcome_done(&outcome);
        return message;
}

static void test_foreign_rootfs(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL, *message = NULL;

        scratch_mkdir(&fixture->scratch, "elsewhere");
        scratch_write(&fixture->scratch, "elsewhere/file", "x", 0644);
        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        config = g_strdup_printf("lxc.rootfs.path = dir:%s/elsewhere\n", fixture->scratch.path);
        scratch_write(&fixture->scratch, "lxc/ct1/config", config, 0644);
        message = destroy_message(fixture, "ct1");
        g_assert_nonnull(strstr(message, "elsewhere' is not removed"));
        g_assert_true(scratch_has(&fixture->scratch, "elsewhere/file"));
        g_assert_false(scratch_has(&fixture->scratch, "lxc/ct1"));
}

static void test_neighbours_rootfs(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL, *message = NULL;

        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        config = g_strdup_printf("lxc.rootfs.path = dir:%s/ct1/../other\n", fixture->lxc);
        scratch_write(&fixture->scratch, "lxc/ct1/config", config, 0644);
        message = destroy_message(fixture, "ct1");
        g_assert_nonnull(strstr(message, "is not removed"));
        g_assert_true(scratch_has(&fixture->scratch, "lxc/other/file"));
}

static void test_unmanaged_rootfs(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL, *message = NULL;

        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/rootfs");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/hooks");
        scratch_write(&fixture->scratch, "lxc/ct1/rootfs/file", "x", 0644);
        config = g_strdup_printf("lxc.rootfs.path = dir:%s/ct1/rootfs\nlxc.rootfs.managed = 0\n",
                                 fixture->lxc);
        scratch_write(&fixture->scratch, "lxc/ct1/config", config, 0644);
        message = destroy_message(fixture, "ct1");
        g_assert_nonnull(strstr(message, "stays"));
        g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/rootfs/file"));
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc/ct1"), ==, 1);
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 2);
}

static void collect(Fixture *fixture)
{
        int fd = open(fixture->lxc, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        unsigned tries = 100;

        /* The template dies with its worker, but not in the same instant. */
        while (trash_collect(fd, NULL) < 0 && tries-- > 0)
                g_usleep(10 * 1000);
        (void) close(fd);
}

static void assert_absent_or_complete(Fixture *fixture)
{
        unsigned n;

        collect(fixture);
        n = scratch_count(&fixture->scratch, "lxc");
        if (!scratch_has(&fixture->scratch, "lxc/ct1")) {
                g_assert_cmpuint(n, ==, 1);
                return;
        }
        g_assert_cmpuint(n, ==, 2);
        if (geteuid() == 0) {
                g_autofree char *config = scratch_read(&fixture->scratch, "lxc/ct1/config");

                g_assert_true(g_str_has_suffix(config, "lxc.uts.name = last\n"));
                g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/rootfs/etc/copied"));
        }
}

static json_t *sweep_parameters(void)
{
        return json_pack("{s:s*,s:[{s:s,s:s}]}", "template", geteuid() == 0 ? "test" : NULL,
                         "config", "key", "lxc.uts.name", "value", "last");
}

/* SIGKILL at points spread over the time that a whole job takes. */
static void test_killed_anywhere(Fixture *fixture, gconstpointer data)
{
        const unsigned points = 40;
        gint64 begin = g_get_monotonic_time(), whole;
        unsigned n_complete = 0;
        Outcome outcome;
        int fd;

        ASSERT_JOB(fixture, "create", "ct1", sweep_parameters(), "");
        whole = g_get_monotonic_time() - begin;
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        for (unsigned i = 0; i < points; i++) {
                pid_t pid = start_job(fixture, "create", "ct1", sweep_parameters(), &fd);

                g_usleep((gulong) (whole * i * 5 / points / 4));
                (void) kill(pid, SIGKILL);
                finish_job(pid, fd, &outcome);
                outcome_done(&outcome);
                assert_absent_or_complete(fixture);
                if (!scratch_has(&fixture->scratch, "lxc/ct1"))
                        continue;
                n_complete++;
                pid = start_job(fixture, "destroy", "ct1", json_object(), &fd);
                g_usleep((gulong) (i * 50));
                (void) kill(pid, SIGKILL);
                finish_job(pid, fd, &outcome);
                outcome_done(&outcome);
                assert_absent_or_complete(fixture);
                if (scratch_has(&fixture->scratch, "lxc/ct1"))
                        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        }
        g_test_message("%u of %u were complete", n_complete, points);
}

/* In the midst of the template; the next job finds a clean place. */
static void test_killed_in_template(Fixture *fixture, gconstpointer data)
{
        Outcome outcome;
        json_t *message;
        pid_t pid;
        int fd;

        if (skip_unless_root())
                return;
        pid = start_job(fixture, "create", "ct1",
                        json_pack("{s:s,s:[s]}", "template", "test", "templateArguments", "slow"),
                        &fd);
        message = next_report(fd);
        g_assert_cmpstr(json_string_value(json_object_get(message, "text")), ==, "ready");
        json_decref(message);
        g_assert_false(scratch_has(&fixture->scratch, "lxc/ct1"));
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "Busy");
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        finish_job(pid, fd, &outcome);
        g_assert_null(outcome.last);
        outcome_done(&outcome);
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        collect(fixture);
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc"), ==, 2);
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/create/without-template-is-an-empty-root", test_create_empty);
        ADD("/create/template-sees-the-final-path", test_create_by_template);
        ADD("/create/refuses-what-is-wrong-before-any-effect", test_create_refuses);
        ADD("/create/failed-template-leaves-nothing", test_failed_template);
        ADD("/create/path-that-others-may-change-is-refused", test_untrusted_path);
        ADD("/create/killed-anywhere-is-absent-or-complete", test_killed_anywhere);
        ADD("/create/killed-in-the-template-leaves-nothing", test_killed_in_template);
        ADD("/create/makes-the-container-path", test_container_path_is_made);
        ADD("/destroy/leaves-nothing", test_destroy);
        ADD("/destroy/takes-broken-containers", test_destroy_broken);
        ADD("/destroy/refuses-what-is-in-use", test_destroy_refuses);
        ADD("/destroy/does-not-touch-a-root-elsewhere", test_foreign_rootfs);
        ADD("/destroy/does-not-touch-a-neighbour", test_neighbours_rootfs);
        ADD("/destroy/spares-an-unmanaged-root", test_unmanaged_rootfs);
        return g_test_run();
}
