/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <signal.h>

#include "job-fixture.h"
#include "storage/owner.h"
#include "storage/trash.h"

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
        return g_test_run();
}
