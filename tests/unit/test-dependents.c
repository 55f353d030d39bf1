/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/error.h"
#include "job-fixture.h"
#include "storage/dependents.h"

static void assert_kinship(const Kinship *kinship, const char *expected)
{
        g_autofree char *text = kinship_print(kinship);

        g_assert_cmpstr(text, ==, expected);
}

static void test_pairs(void)
{
        _cleanup_(kinship_done) Kinship kinship = { 0 };
        Kin a = { (char *) "/lxc", (char *) "a" }, b = { (char *) "/lxc", (char *) "b" };
        Kin c = { (char *) "/srv", (char *) "a" };

        g_assert_cmpint(kinship_parse("", &kinship), ==, 0);
        assert_kinship(&kinship, "");
        g_assert_cmpint(kinship_add(&kinship, &a), ==, 0);
        g_assert_cmpint(kinship_add(&kinship, &b), ==, 0);
        g_assert_cmpint(kinship_add(&kinship, &a), ==, 0);
        assert_kinship(&kinship, "/lxc\na\n/lxc\nb\n");
        g_assert_cmpint(kinship_rename(&kinship, &a, &c), ==, 0);
        assert_kinship(&kinship, "/srv\na\n/lxc\nb\n");
        g_assert_cmpint(kinship_rename(&kinship, &c, &b), ==, 0);
        assert_kinship(&kinship, "/lxc\nb\n");
        g_assert_cmpint(kinship_rename(&kinship, &a, &c), ==, 0);
        assert_kinship(&kinship, "/lxc\nb\n/srv\na\n");
        kinship_remove(&kinship, &a);
        kinship_remove(&kinship, &b);
        kinship_remove(&kinship, &c);
        assert_kinship(&kinship, "");
}

static void test_count(void)
{
        _cleanup_(kinship_done) Kinship kinship = { 0 };
        Kin a = { (char *) "/lxc", (char *) "a" }, b = { (char *) "/lxc", (char *) "b" };

        g_assert_cmpint(kinship_parse("1\n", &kinship), ==, 0);
        g_assert_cmpint(kinship_add(&kinship, &a), ==, 0);
        assert_kinship(&kinship, "2\n");
        g_assert_cmpint(kinship_rename(&kinship, &a, &b), ==, 0);
        assert_kinship(&kinship, "2\n");
        kinship_remove(&kinship, &b);
        kinship_remove(&kinship, &b);
        kinship_remove(&kinship, &b);
        assert_kinship(&kinship, "0\n");
}

static void test_damaged(void)
{
        Kinship kinship = { 0 };

        g_assert_cmpint(kinship_parse("garbage", &kinship), ==, -EBADMSG);
        g_assert_cmpint(kinship_parse("-3", &kinship), ==, -EBADMSG);
        g_assert_cmpint(kinship_parse("/lxc\na\n/lxc\n", &kinship), ==, -EBADMSG);
        kinship_done(&kinship);
}

typedef struct Base {
        Kin kin;
        Site site;
        int fd;
} Base;

static void base_init(Fixture *fixture, Base *ret)
{
        scratch_mkdir(&fixture->scratch, "lxc/base");
        *ret = (Base){
                .kin = { fixture->lxc, (char *) "base" },
                .fd = openat(fixture->scratch.fd, "lxc/base", O_RDONLY | O_DIRECTORY),
        };
        ret->site = (Site){ .path = fixture->lxc,
                            .name = (char *) "base",
                            .directory = directory_of(fixture, "base") };
}

static void base_done(Base *base)
{
        (void) close(base->fd);
        g_free(base->site.directory);
}

static Kin kin_of(Fixture *fixture, const char *name)
{
        return (Kin){ fixture->lxc, (char *) name };
}

/* A clone of `base` by its own record. */
static void make_clone(Fixture *fixture, const Base *base, const char *name)
{
        g_autofree char *directory = g_strdup_printf("lxc/%s", name);
        _cleanup_(kinship_done) Kinship bases = { 0 };
        _cleanup_(fd_close_p) int fd = -EBADF;

        scratch_mkdir(&fixture->scratch, directory);
        fd = openat(fixture->scratch.fd, directory, O_RDONLY | O_DIRECTORY);
        g_assert_cmpint(kinship_add(&bases, &base->kin), ==, 0);
        g_assert_cmpint(bases_write(fd, &bases, true, NULL), ==, 0);
}

#define ASSERT_REFUSED(base, text)                                                                 \
        do {                                                                                       \
                _cleanup_(error_done) Error _error = ERROR_NULL;                                   \
                g_assert_cmpint(dependents_check(&(base)->site, (base)->fd, true, &_error), <, 0); \
                if (!strstr(error_message(&_error), text))                                         \
                        g_error("'%s' has no '%s'", error_message(&_error), text);                 \
        } while (0)

#define ASSERT_FREE(base)                                                                          \
        g_assert_cmpint(dependents_check(&(base)->site, (base)->fd, true, NULL), ==, 0)

#define ASSERT_RECORD(fixture, expected)                                                           \
        do {                                                                                       \
                g_autofree char *_text =                                                           \
                        scratch_read(&(fixture)->scratch, "lxc/base/lxc_snapshots");               \
                g_assert_cmpstr(_text, ==, expected);                                              \
        } while (0)

/* What a kill at any step leaves: told of but not there; and the other way round never. */
static void test_who_is_not_there_does_not_count(Fixture *fixture, gconstpointer data)
{
        Kin clone = kin_of(fixture, "clone"), other = kin_of(fixture, "other");
        Base base;

        base_init(fixture, &base);
        ASSERT_FREE(&base);
        g_assert_cmpint(dependents_enter(&base.kin, &clone, -EBADF, NULL), ==, 0);
        ASSERT_FREE(&base);
        make_clone(fixture, &base, "clone");
        ASSERT_REFUSED(&base, "1 clone that needs its files: clone");
        /* A container of that name, but made of nothing. */
        g_assert_cmpint(dependents_enter(&base.kin, &other, -EBADF, NULL), ==, 0);
        ASSERT_REFUSED(&base, "1 clone that needs its files: clone");
        g_assert_cmpint(dependents_leave(&base.kin, &clone, NULL), ==, 0);
        ASSERT_FREE(&base);
        g_assert_cmpint(dependents_leave(&base.kin, &other, NULL), ==, 0);
        g_assert_false(scratch_has(&fixture->scratch, "lxc/base/lxc_snapshots"));
        base_done(&base);
}

/* Whoever lost its record still names the base's files in its config. */
static void test_a_config_tells_as_well(Fixture *fixture, gconstpointer data)
{
        g_autofree char *config = NULL;
        Kin clone = kin_of(fixture, "clone");
        Base base;

        base_init(fixture, &base);
        g_assert_cmpint(dependents_enter(&base.kin, &clone, -EBADF, NULL), ==, 0);
        scratch_mkdir(&fixture->scratch, "lxc/clone");
        scratch_write(&fixture->scratch, "lxc/clone/config", "lxc.uts.name = a\n", 0640);
        ASSERT_FREE(&base);
        config = g_strdup_printf("lxc.rootfs.path = overlay:%s/base/rootfs:/x\n", fixture->lxc);
        scratch_write(&fixture->scratch, "lxc/clone/config", config, 0640);
        ASSERT_REFUSED(&base, ": clone");
        base_done(&base);
}

static void test_a_count_stays_one(Fixture *fixture, gconstpointer data)
{
        Kin a = kin_of(fixture, "a"), b = kin_of(fixture, "b");
        Base base;

        base_init(fixture, &base);
        scratch_write(&fixture->scratch, "lxc/base/lxc_snapshots", "0\n", 0644);
        ASSERT_FREE(&base);
        g_assert_cmpint(dependents_enter(&base.kin, &a, -EBADF, NULL), ==, 0);
        g_assert_cmpint(dependents_enter(&base.kin, &b, -EBADF, NULL), ==, 0);
        make_clone(fixture, &base, "a");
        ASSERT_REFUSED(&base, "a, and 1 that");
        scratch_mkdir(&fixture->scratch, "lxc/a/snaps");
        make_clone(fixture, &base, "a/snaps/snap0");
        ASSERT_REFUSED(&base, "2 clones that need its files: a");
        g_assert_cmpint(dependents_leave(&base.kin, &a, NULL), ==, 0);
        g_assert_cmpint(dependents_leave(&base.kin, &b, NULL), ==, 0);
        ASSERT_FREE(&base);
        ASSERT_RECORD(fixture, "0\n");
        base_done(&base);
}

/* Of a volume, say. They go with it, but it cannot be exchanged under them. */
static void test_own_snapshots(Fixture *fixture, gconstpointer data)
{
        g_autofree char *snaps = NULL;
        Base base;
        Kin own;

        base_init(fixture, &base);
        snaps = g_strdup_printf("%s/base/snaps", fixture->lxc);
        own = (Kin){ snaps, (char *) "snap0" };
        scratch_mkdir(&fixture->scratch, "lxc/base/snaps");
        make_clone(fixture, &base, "base/snaps/snap0");
        g_assert_cmpint(dependents_enter(&base.kin, &own, -EBADF, NULL), ==, 0);
        ASSERT_REFUSED(&base, ": base/snaps/snap0");
        g_assert_cmpint(dependents_check(&base.site, base.fd, false, NULL), ==, 0);
        base_done(&base);
}

static void test_a_damaged_record(Fixture *fixture, gconstpointer data)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Kin a = kin_of(fixture, "a"), absent = kin_of(fixture, "absent");
        Base base;

        base_init(fixture, &base);
        scratch_write(&fixture->scratch, "lxc/base/lxc_snapshots", "?\n", 0644);
        ASSERT_REFUSED(&base, "1 that");
        g_assert_cmpint(dependents_enter(&base.kin, &a, -EBADF, &error), <, 0);
        ASSERT_RECORD(fixture, "?\n");
        g_assert_cmpint(dependents_enter(&absent, &a, -EBADF, NULL), <, 0);
        g_assert_cmpint(dependents_leave(&absent, &a, NULL), ==, 0);
        g_assert_cmpint(dependents_rename(&absent, &a, &a, NULL), ==, 0);
        base_done(&base);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/dependents/pairs", test_pairs);
        g_test_add_func("/dependents/a-count", test_count);
        g_test_add_func("/dependents/damaged-texts", test_damaged);
        ADD("/dependents/who-is-not-there-does-not-count", test_who_is_not_there_does_not_count);
        ADD("/dependents/a-config-tells-as-well", test_a_config_tells_as_well);
        ADD("/dependents/a-count-stays-one", test_a_count_stays_one);
        ADD("/dependents/snapshots-of-its-own", test_own_snapshots);
        ADD("/dependents/a-damaged-record-keeps-the-base", test_a_damaged_record);
        return g_test_run();
}
