/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/draft.h"
#include "storage/original.h"
#include "storage/backend/outside.h"
#include "storage/trash.h"
#include "tool-fixture.h"

#define NO_VOLUME "*lv_name*) echo '  Failed to find logical volume' >&2; exit 5;; "

static void lvm_tools(Fixture *fixture, const char *lvs)
{
        static const char *const names[] = { "lvcreate", "lvremove",  "lvrename",
                                             "lvchange", "mkfs.ext4", "mkfs.xfs" };
        g_autofree char *body = g_strdup_printf("case \"$*\" in %s esac", lvs);

        program(fixture, "lvs", body);
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                program(fixture, names[i], "");
}

static void test_lvm_create_thick(Fixture *fixture, gconstpointer data)
{
        BackendOptions options = { .vg = (char *) "vg0", .thin_pool = (char *) "none" };
        Volume v = volume(fixture, &options);
        g_autofree char *path = NULL;

        lvm_tools(fixture, NO_VOLUME "*lv_attr*) exit 5;;");
        g_assert_cmpint(backend_lvm.create(&v, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, "lvm:/dev/vg0/ct1");
        assert_called(fixture, "lvs --noheadings -o lv_name vg0/ct1\n"
                               "lvs --noheadings -o lv_attr vg0/none\n"
                               "lvcreate -qq --yes --wipesignatures y -n ct1 -L 1073741824b vg0\n"
                               "mkfs.ext4 -F /dev/vg0/ct1\n");
        /* It is recorded until the container is whole. */
        g_assert_true(scratch_has(&fixture->scratch, "ct/.nagaya-storage"));
        outside_end(fixture->dir_fd);
}

static void test_lvm_create_thin(Fixture *fixture, gconstpointer data)
{
        BackendOptions options = {
                .vg = (char *) "vg0",
                .lv = (char *) "mine",
                .fstype = (char *) "xfs",
                .size = 5 << 20,
        };
        Volume v = volume(fixture, &options);
        g_autofree char *path = NULL;

        lvm_tools(fixture, NO_VOLUME "*lv_attr*) echo '  twi-a-tz--';;");
        g_assert_cmpint(backend_lvm.create(&v, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, "lvm:/dev/vg0/mine");
        assert_called(
                fixture,
                "lvs --noheadings -o lv_name vg0/mine\n"
                "lvs --noheadings -o lv_attr vg0/lxc\n"
                "lvcreate -qq --yes --wipesignatures y -n mine -V 5242880b --thinpool lxc vg0\n"
                "mkfs.xfs -f /dev/vg0/mine\n");
}

static void test_lvm_create_fails(Fixture *fixture, gconstpointer data)
{
        Volume v = volume(fixture, NULL);
        Error error = ERROR_NULL;
        char *path = NULL;

        /* There is one already: nothing is made, nothing removed. */
        lvm_tools(fixture, "*) echo ct1;;");
        g_assert_cmpint(backend_lvm.create(&v, &path, &error), ==, -EEXIST);
        error_done(&error);
        assert_called(fixture, "lvs --noheadings -o lv_name lxc/ct1\n");
        g_assert_false(scratch_has(&fixture->scratch, "ct/.nagaya-storage"));

        /* Somebody else was quicker. */
        lvm_tools(fixture, NO_VOLUME);
        program(fixture, "lvcreate", "echo 'already exists' >&2; exit 5");
        g_assert_cmpint(backend_lvm.create(&v, &path, &error), <, 0);
        assert_message(&error, "already exists");
        error_done(&error);
        assert_called(fixture, "lvs --noheadings -o lv_name lxc/ct1\n"
                               "lvs --noheadings -o lv_attr lxc/lxc\n"
                               "lvcreate -qq --yes --wipesignatures y -n ct1 -L 1073741824b lxc\n");
        g_assert_false(scratch_has(&fixture->scratch, "ct/.nagaya-storage"));

        /* What was made is taken back. */
        lvm_tools(
                fixture,
                "*lv_name*) [ -e \"${0%/*}/made\" ] || { echo 'Failed to find logical volume' >&2; "
                "exit 5; };;");
        program(fixture, "lvcreate", ": >\"${0%/*}/made\"");
        program(fixture, "mkfs.ext4", "echo 'no space' >&2; exit 1");
        g_assert_cmpint(backend_lvm.create(&v, &path, &error), <, 0);
        assert_message(&error, "'mkfs.ext4' failed with exit status 1: no space");
        error_done(&error);
        g_assert_null(path);
        assert_called(fixture, "lvs --noheadings -o lv_name lxc/ct1\n"
                               "lvs --noheadings -o lv_attr lxc/lxc\n"
                               "lvcreate -qq --yes --wipesignatures y -n ct1 -L 1073741824b lxc\n"
                               "mkfs.ext4 -F /dev/lxc/ct1\n"
                               "lvs --noheadings -o lv_name lxc/ct1\n"
                               "lvremove -qq --yes --force lxc/ct1\n");
        g_assert_false(scratch_has(&fixture->scratch, "ct/.nagaya-storage"));
}

/* The maker was killed: the draft is collected, and the volume with it. */
static void test_collected(Fixture *fixture, gconstpointer data)
{
        Draft draft = DRAFT_NULL;
        char *path = NULL;
        Volume v;

        lvm_tools(
                fixture,
                "*lv_name*) [ -e \"${0%/*}/made\" ] || { echo 'Failed to find logical volume' >&2; "
                "exit 5; };;");
        program(fixture, "lvcreate", ": >\"${0%/*}/made\"");
        g_assert_cmpint(draft_make(fixture->scratch.fd, "ct1", &draft, NULL), ==, 0);
        v = volume(fixture, NULL);
        v.dir_fd = draft.dir_fd;
        g_assert_cmpint(backend_lvm.create(&v, &path, NULL), ==, 0);
        g_free(path);
        (void) close(draft.dir_fd);
        scratch_write(&fixture->scratch, "log", "", 0644);

        program(fixture, "lvremove", "echo 'in use' >&2; exit 5");
        g_assert_cmpint(trash_collect(fixture->scratch.fd, NULL), <, 0);
        g_assert_true(scratch_has(&fixture->scratch, TRASH_NAME));
        program(fixture, "lvremove", "");
        scratch_write(&fixture->scratch, "log", "", 0644);
        g_assert_cmpint(trash_collect(fixture->scratch.fd, NULL), ==, 0);
        assert_called(fixture, "lvs --noheadings -o lv_name lxc/ct1\n"
                               "lvremove -qq --yes --force lxc/ct1\n");
        g_assert_false(scratch_has(&fixture->scratch, TRASH_NAME));
}

/* Its name may be used again: the volume goes before the next job, and with it what speaks of it. */
static void test_settled(Fixture *fixture, gconstpointer data)
{
        Draft draft = DRAFT_NULL;
        char *path = NULL;
        Volume v;

        lvm_tools(
                fixture,
                "*lv_name*) [ -e \"${0%/*}/made\" ] || { echo 'Failed to find logical volume' >&2; "
                "exit 5; };;");
        program(fixture, "lvcreate", ": >\"${0%/*}/made\"");
        program(fixture, "lvremove", "echo 'in use' >&2; exit 5");
        g_assert_cmpint(draft_make(fixture->scratch.fd, "ct1", &draft, NULL), ==, 0);
        v = volume(fixture, NULL);
        v.dir_fd = draft.dir_fd;
        g_assert_cmpint(backend_lvm.create(&v, &path, NULL), ==, 0);
        g_free(path);
        /* Its maker lives. */
        scratch_write(&fixture->scratch, "log", "", 0644);
        g_assert_cmpint(trash_settle(fixture->scratch.fd, NULL), ==, 0);
        assert_called(fixture, "");
        (void) close(draft.dir_fd);
        g_assert_cmpint(trash_collect(fixture->scratch.fd, NULL), <, 0);
        scratch_write(&fixture->scratch, "log", "", 0644);

        program(fixture, "lvremove", "");
        g_assert_cmpint(trash_settle(fixture->scratch.fd, NULL), ==, 0);
        assert_called(fixture, "lvs --noheadings -o lv_name lxc/ct1\n"
                               "lvremove -qq --yes --force lxc/ct1\n");
        g_assert_cmpuint(scratch_count(&fixture->scratch, TRASH_NAME), ==, 1);
        /* That of the next container of the name. */
        g_assert_cmpint(trash_collect(fixture->scratch.fd, NULL), ==, 0);
        assert_called(fixture, "");
        g_assert_false(scratch_has(&fixture->scratch, TRASH_NAME));
}

static void test_lvm_snapshot(Fixture *fixture, gconstpointer data)
{
        Rootfs from = { .backend = &backend_lvm, .source = (char *) "/dev/vg0/base" };
        Rootfs made = { .backend = &backend_lvm, .source = (char *) "/dev/vg0/ct1" };
        BackendOptions options = { .size = 64 << 20 }, elsewhere = { .vg = (char *) "vg1" };
        Volume v = volume(fixture, NULL);
        Error error = ERROR_NULL;
        char *path = NULL;

        lvm_tools(fixture, NO_VOLUME "*pool_lv*) echo '  lxc';; *vg_name*) echo ' vg0';;");
        g_assert_cmpint(backend_lvm.snapshot(&from, &v, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, "lvm:/dev/vg0/ct1");
        g_free(path);
        assert_called(fixture,
                      "lvs --noheadings -o pool_lv vg0/base\n"
                      "lvs --noheadings -o vg_name vg0/base\n"
                      "lvs --noheadings -o lv_name vg0/ct1\n"
                      "lvs --noheadings -o pool_lv vg0/base\n"
                      "lvcreate -qq --yes --snapshot -n ct1 --setactivationskip n vg0/base\n");
        g_assert_false(backend_lvm.needs_dependency(&from, &made));

        lvm_tools(fixture, NO_VOLUME "*vg_name*) echo ' vg0';; *lv_size*) echo ' 4194304';;");
        scratch_write(&fixture->scratch, "log", "", 0644);
        g_assert_cmpint(backend_lvm.snapshot(&from, &v, &path, NULL), ==, 0);
        g_free(path);
        assert_called(fixture, "lvs --noheadings -o pool_lv vg0/base\n"
                               "lvs --noheadings -o origin vg0/base\n"
                               "lvs --noheadings -o vg_name vg0/base\n"
                               "lvs --noheadings -o lv_name vg0/ct1\n"
                               "lvs --noheadings -o pool_lv vg0/base\n"
                               "lvs --noheadings --nosuffix --units b -o lv_size vg0/base\n"
                               "lvcreate -qq --yes --snapshot -n ct1 -L 4194304b vg0/base\n");
        g_assert_true(backend_lvm.needs_dependency(&from, &made));
        v.options = &options;
        scratch_write(&fixture->scratch, "log", "", 0644);
        g_assert_cmpint(backend_lvm.snapshot(&from, &v, &path, NULL), ==, 0);
        g_free(path);
        path = scratch_read(&fixture->scratch, "log");
        g_assert_true(g_str_has_suffix(
                path, "lvcreate -qq --yes --snapshot -n ct1 -L 67108864b vg0/base\n"));
        g_free(path);
        path = NULL;
        v.options = &elsewhere;
        g_assert_cmpint(backend_lvm.snapshot(&from, &v, &path, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NOT_SUPPORTED);
        error_done(&error);
        from.backend = &backend_dir;
        g_assert_cmpint(backend_lvm.snapshot(&from, &v, &path, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NOT_SUPPORTED);
        error_done(&error);
}

/* What shares has to be in a thin pool or to be no snapshot itself; a container's snapshot is a copy then. */
static void test_lvm_snapshot_of_snapshot(Fixture *fixture, gconstpointer data)
{
        Rootfs from = { .backend = &backend_lvm, .source = (char *) "/dev/vg0/base" };
        Original original = ORIGINAL_NULL;
        Volume v = volume(fixture, NULL);
        Error error = ERROR_NULL;
        char *path = NULL;
        ClonePlan plan;

        original.rootfs = from;
        lvm_tools(fixture, "*pool_lv*) ;; *origin*) echo '  other';; *) exit 1;;");
        g_assert_cmpint(backend_lvm.snapshot(&from, &v, &path, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NOT_SUPPORTED);
        assert_message(&error, "'/dev/vg0/base' is a snapshot itself");
        error_done(&error);
        assert_called(fixture, "lvs --noheadings -o pool_lv vg0/base\n"
                               "lvs --noheadings -o origin vg0/base\n");
        g_assert_false(scratch_has(&fixture->scratch, "ct/.nagaya-storage"));
        g_assert_cmpint(original_plan(&original, &plan, NULL), ==, 0);
        g_assert_true(plan.backend == &backend_lvm && !plan.share);
        lvm_tools(fixture, "*pool_lv*) echo lxc;; *origin*) echo other;;");
        g_assert_cmpint(original_plan(&original, &plan, NULL), ==, 0);
        g_assert_true(plan.backend == &backend_lvm && plan.share);
        lvm_tools(fixture, "*pool_lv*) ;; *origin*) ;;");
        g_assert_cmpint(original_plan(&original, &plan, NULL), ==, 0);
        g_assert_true(plan.share);
}

static void test_lvm_beside(Fixture *fixture, gconstpointer data)
{
        Rootfs from = { .backend = &backend_lvm, .source = (char *) "/dev/vg1/base" };
        BackendOptions options = { 0 }, wanted = { .vg = (char *) "vg2" };
        g_autofree char *owned = NULL, *none = NULL;

        lvm_tools(fixture, "*vg_name*) echo '  vg1';;");
        g_assert_cmpint(backend_lvm.beside(&from, &options, &owned, NULL), ==, 0);
        g_assert_cmpstr(options.vg, ==, "vg1");
        assert_called(fixture, "lvs --noheadings -o vg_name vg1/base\n");
        g_assert_cmpint(backend_lvm.beside(&from, &wanted, &none, NULL), ==, 0);
        g_assert_cmpstr(wanted.vg, ==, "vg2");
        g_assert_null(none);
        assert_called(fixture, "");
}

static void test_lvm_destroy(Fixture *fixture, gconstpointer data)
{
        Error error = ERROR_NULL;

        lvm_tools(fixture, "*lv_name*) echo x;;");
        g_assert_cmpint(backend_lvm.destroy("/dev/vg0/ct1", NULL), ==, 0);
        assert_called(fixture, "lvs --noheadings -o lv_name vg0/ct1\n"
                               "lvremove -qq --yes --force vg0/ct1\n");
        lvm_tools(fixture, NO_VOLUME);
        g_assert_cmpint(backend_lvm.destroy("/dev/mapper/vg0-ct1", NULL), ==, 0);
        assert_called(fixture, "lvs --noheadings -o lv_name /dev/mapper/vg0-ct1\n");
        /* A tool that cannot tell is no proof that it is gone. */
        lvm_tools(fixture, "*) echo 'no locks' >&2; exit 5;;");
        g_assert_cmpint(backend_lvm.destroy("/dev/vg0/ct1", &error), <, 0);
        assert_message(&error, "no locks");
        error_done(&error);
}

static void test_lvm_rename(Fixture *fixture, gconstpointer data)
{
        g_autofree char *moved = NULL, *again = NULL, *other = NULL;

        lvm_tools(fixture, "*vg0/old) echo old;; " NO_VOLUME);
        moved = renamed(&backend_lvm, fixture, "/dev/vg0/old");
        g_assert_cmpstr(moved, ==, "lvm:/dev/vg0/ct1");
        assert_called(fixture, "lvs --noheadings -o lv_name vg0/old\nlvrename -qq vg0 old ct1\n");
        /* A second try after a kill. */
        lvm_tools(fixture, "*vg0/ct1) echo ct1;; " NO_VOLUME);
        again = renamed(&backend_lvm, fixture, "/dev/vg0/old");
        g_assert_cmpstr(again, ==, "lvm:/dev/vg0/ct1");
        assert_called(fixture, "lvs --noheadings -o lv_name vg0/old\n"
                               "lvs --noheadings -o lv_name vg0/ct1\n");
        other = renamed(&backend_lvm, fixture, "/dev/vg0/another");
        g_assert_cmpstr(other, ==, "lvm:/dev/vg0/another");
        assert_called(fixture, "");
}

static void test_lvm_open(Fixture *fixture, gconstpointer data)
{
        Error error = ERROR_NULL;

        lvm_tools(fixture, "");
        g_assert_cmpint(open_rootfs(&backend_lvm, "/dev/nagaya-vg/ct1", &error), ==, -ENOENT);
        assert_message(&error, "Cannot open '/dev/nagaya-vg/ct1'");
        error_done(&error);
        assert_called(fixture, "lvchange -qq -ay -K nagaya-vg/ct1\n");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/lvm/creates-a-volume-of-its-full-size", test_lvm_create_thick);
        ADD("/lvm/creates-a-thin-volume-where-there-is-the-pool", test_lvm_create_thin);
        ADD("/lvm/takes-back-what-it-made-and-nothing-else", test_lvm_create_fails);
        ADD("/lvm/volume-of-a-killed-maker-is-collected", test_collected);
        ADD("/lvm/volume-of-a-killed-maker-is-settled", test_settled);
        ADD("/lvm/snapshot-is-thin-or-has-room", test_lvm_snapshot);
        ADD("/lvm/snapshot-of-a-snapshot-is-thin-or-a-copy", test_lvm_snapshot_of_snapshot);
        ADD("/lvm/copy-is-made-in-the-same-group", test_lvm_beside);
        ADD("/lvm/destroys-what-is-there", test_lvm_destroy);
        ADD("/lvm/rename-follows-the-container", test_lvm_rename);
        ADD("/lvm/open-activates", test_lvm_open);
        return g_test_run();
}
