/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/container-lock.h"
#include "job-fixture.h"

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

        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps/snap0");
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "HasSnapshots");
        g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/rootfs"));
        ASSERT_JOB(fixture, "destroy", "ct1", json_pack("{s:b}", "snapshots", 1), "");

        g_assert_cmpint(symlinkat("other", fixture->scratch.fd, "lxc/link"), ==, 0);
        ASSERT_JOB(fixture, "destroy", "link", json_object(), "NotSupported");
        g_assert_true(scratch_has(&fixture->scratch, "lxc/other/file"));
}

/* What is destroyed is not told of any more by what it was made of; its snapshots neither. */
static void test_destroy_clone(Fixture *fixture, gconstpointer data)
{
        g_autofree char *bases = g_strdup_printf("%s\nother\n", fixture->lxc);
        g_autofree char *clones = g_strdup_printf("%s\nct1\n%s/ct1/snaps\nsnap0\n%s\nct2\n",
                                                  fixture->lxc, fixture->lxc, fixture->lxc);
        g_autofree char *rest = g_strdup_printf("%s\nct2\n", fixture->lxc);
        g_autofree char *left = NULL;

        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps/.#trash");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/snaps/snap0");
        scratch_write(&fixture->scratch, "lxc/ct1/lxc_rdepends", bases, 0644);
        scratch_write(&fixture->scratch, "lxc/ct1/snaps/snap0/lxc_rdepends", bases, 0644);
        scratch_write(&fixture->scratch, "lxc/other/lxc_snapshots", clones, 0644);
        ASSERT_JOB(fixture, "destroy", "other", json_object(), "HasDependents");
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "HasSnapshots");
        ASSERT_JOB(fixture, "destroy", "ct1", json_pack("{s:b}", "snapshots", 1), "");
        left = scratch_read(&fixture->scratch, "lxc/other/lxc_snapshots");
        g_assert_cmpstr(left, ==, rest);
        ASSERT_JOB(fixture, "destroy", "other", json_object(), "");
}

/* Its maker was killed when it had its name already: what he has written of storage elsewhere is for drafts,
 * and in the trash would speak of what may by then be another one's. */
static void test_destroy_stale_record(Fixture *fixture, gconstpointer data)
{
        g_autofree char *record = g_strdup_printf("dir:%s/elsewhere", fixture->scratch.path);

        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        scratch_mkdir(&fixture->scratch, "elsewhere");
        scratch_write(&fixture->scratch, "elsewhere/file", "x", 0644);
        scratch_write(&fixture->scratch, "lxc/ct1/.nagaya-storage", record, 0600);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        g_assert_false(scratch_has(&fixture->scratch, "lxc/ct1"));
        g_assert_true(scratch_has(&fixture->scratch, "elsewhere/file"));
}

/* LXC 1.0 kept snapshots beside the container path. */
static void test_destroy_old_snapshots(Fixture *fixture, gconstpointer data)
{
        ASSERT_JOB(fixture, "create", "ct1", json_object(), "");
        scratch_mkdir(&fixture->scratch, "lxcsnaps");
        scratch_mkdir(&fixture->scratch, "lxcsnaps/ct1");
        scratch_mkdir(&fixture->scratch, "lxcsnaps/ct1/snap0");
        scratch_mkdir(&fixture->scratch, "lxcsnaps/ct2");
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "HasSnapshots");
        ASSERT_JOB(fixture, "destroy", "ct1", json_pack("{s:b}", "snapshots", 1), "");
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxcsnaps"), ==, 1);
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

/* Runs the job and gives the error's sentence; "" when there is none. */
static char *destroy_error(Fixture *fixture, const char *id)
{
        Outcome outcome;
        char *text;
        int fd;
        pid_t pid = start_job(fixture, "destroy", id, json_object(), &fd);

        finish_job(pid, fd, &outcome);
        text = g_strdup(json_string_value(json_object_get(outcome.last, "message")));
        outcome_done(&outcome);
        return text ? text : g_strdup("");
}

static void test_hooks(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL, *error = NULL, *expected = NULL, *told = NULL;

        if (skip_unless_root())
                return;
        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        scratch_mkdir(&fixture->scratch, "lxc/ct1/rootfs");
        config = g_strdup_printf("lxc.rootfs.path = dir:%s/ct1/rootfs\n"
                                 "lxc.hook.destroy = /bin/sh -c 'echo $* $LXC_NAME "
                                 "$LXC_ROOTFS_PATH >%s/told' -\n"
                                 "lxc.hook.destroy = /bin/sh -c 'echo it is needed; exit 5'\n",
                                 fixture->lxc, fixture->scratch.path);
        scratch_write(&fixture->scratch, "lxc/ct1/config", config, 0644);
        error = destroy_error(fixture, "ct1");
        g_assert_cmpstr(error, ==,
                        "Hook destroy, '/bin/sh', ended with exit status 5: it is needed");
        g_assert_true(scratch_has(&fixture->scratch, "lxc/ct1/rootfs"));
        told = scratch_read(&fixture->scratch, "told");
        expected = g_strdup_printf("ct1 lxc destroy ct1 %s/ct1/rootfs\n", fixture->lxc);
        g_assert_cmpstr(told, ==, expected);

        scratch_write(&fixture->scratch, "lxc/ct1/config", "lxc.hook.destroy = /bin/true\n", 0644);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        g_assert_false(scratch_has(&fixture->scratch, "lxc/ct1"));
}

/* Root runs nothing that another could have put there. */
static void test_hooks_of_others(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL;

        if (skip_unless_root())
                return;
        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        config = g_strdup_printf("lxc.hook.destroy = /usr/bin/touch %s/ran\n",
                                 fixture->scratch.path);
        scratch_write(&fixture->scratch, "lxc/ct1/config", config, 0644);
        g_assert_cmpint(fchownat(fixture->scratch.fd, "lxc/ct1", 12345, 12345, 0), ==, 0);
        ASSERT_JOB(fixture, "destroy", "ct1", json_object(), "");
        g_assert_false(scratch_has(&fixture->scratch, "ran"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/destroy/leaves-nothing", test_destroy);
        ADD("/destroy/takes-broken-containers", test_destroy_broken);
        ADD("/destroy/refuses-what-is-in-use", test_destroy_refuses);
        ADD("/destroy/tells-what-it-was-made-of", test_destroy_clone);
        ADD("/destroy/believes-no-record-of-its-making", test_destroy_stale_record);
        ADD("/destroy/takes-snapshots-of-lxc-1.0", test_destroy_old_snapshots);
        ADD("/destroy/does-not-touch-a-root-elsewhere", test_foreign_rootfs);
        ADD("/destroy/does-not-touch-a-neighbour", test_neighbours_rootfs);
        ADD("/destroy/a-hook-that-fails-keeps-the-container", test_hooks);
        ADD("/destroy/does-not-run-hooks-that-others-could-have-set", test_hooks_of_others);
        ADD("/destroy/spares-an-unmanaged-root", test_unmanaged_rootfs);
        return g_test_run();
}
