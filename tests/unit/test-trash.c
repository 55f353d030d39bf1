/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/errors.h"
#include "scratch.h"
#include "storage/draft.h"
#include "storage/trash.h"

static void test_put_and_collect(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "ct1");
        scratch_write(&scratch, "ct1/file", "x", 0644);
        g_assert_cmpint(trash_put(scratch.fd, "ct1", NULL), ==, 0);
        g_assert_false(scratch_has(&scratch, "ct1"));
        g_assert_cmpuint(scratch_count(&scratch, TRASH_NAME), ==, 1);
        g_assert_cmpint(trash_put(scratch.fd, "ct1", NULL), ==, -ENOENT);
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 0);
        scratch_done(&scratch);
}

static void test_collect_spares(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "ct1");
        scratch_mkdir(&scratch, ".hidden");
        scratch_mkdir(&scratch, "ct2.new");
        scratch_write(&scratch, ".#file", "x", 0644);
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 4);
        scratch_done(&scratch);
}

static void test_draft_is_locked(void)
{
        Scratch scratch;
        Draft draft;

        scratch_init(&scratch);
        g_assert_cmpint(draft_make(scratch.fd, "ct1", &draft, NULL), ==, 0);
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_true(scratch_has(&scratch, draft.name));
        g_assert_cmpint(draft_publish(&draft, "ct1", NULL), ==, 0);
        draft_done(&draft);
        g_assert_true(scratch_has(&scratch, "ct1"));
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 1);
        scratch_done(&scratch);
}

static void test_abandoned_draft(void)
{
        Scratch scratch;
        Draft draft;

        scratch_init(&scratch);
        g_assert_cmpint(draft_make(scratch.fd, "ct1", &draft, NULL), ==, 0);
        /* As when its maker was killed. */
        (void) close(draft.dir_fd);
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 0);
        scratch_done(&scratch);
}

static void test_draft_does_not_replace(void)
{
        Error error = ERROR_NULL;
        Scratch scratch;
        Draft draft;

        scratch_init(&scratch);
        g_assert_cmpint(draft_make(scratch.fd, "ct1", &draft, NULL), ==, 0);
        scratch_mkdir(&scratch, "ct1");
        g_assert_cmpint(draft_publish(&draft, "ct1", &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_CONTAINER_EXISTS);
        draft_done(&draft);
        g_assert_false(scratch_has(&scratch, draft.name));
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 1);
        error_done(&error);
        scratch_done(&scratch);
}

static void test_parts(void)
{
        Scratch scratch;
        int fd;

        scratch_init(&scratch);
        fd = trash_make(scratch.fd, NULL);
        g_assert_cmpint(fd, >=, 0);
        /* Another job's collector comes by. */
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        scratch_write(&scratch, "part", "x", 0644);
        g_assert_cmpint(renameat(scratch.fd, "part", fd, "part"), ==, 0);
        (void) close(fd);
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 0);
        scratch_done(&scratch);
}

/* In the old half of a restore that was killed; somebody might ask for another name of the container. */
static void test_settle_gives_snapshots_back(void)
{
        static const char draft[] = TRASH_PREFIX "ct1.0123456789abcdef" DRAFT_SUFFIX;
        Scratch scratch;
        g_autofree char *snaps = g_build_filename(draft, "snaps", NULL);

        scratch_init(&scratch);
        scratch_mkdir(&scratch, "ct1");
        scratch_mkdir(&scratch, draft);
        scratch_mkdir(&scratch, snaps);
        scratch_write(&scratch, "kept", "x", 0644);
        g_assert_cmpint(trash_settle(scratch.fd, NULL), ==, 0);
        g_assert_true(scratch_has(&scratch, "ct1/snaps"));
        g_assert_true(scratch_has(&scratch, draft));
        g_assert_false(scratch_has(&scratch, snaps));
        g_assert_cmpint(trash_settle(scratch.fd, NULL), ==, 0);
        g_assert_cmpint(trash_collect(scratch.fd, NULL), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 2);
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/trash/takes-by-a-rename-and-is-collected", test_put_and_collect);
        g_test_add_func("/trash/collector-spares-what-is-not-ours", test_collect_spares);
        g_test_add_func("/trash/takes-parts", test_parts);
        g_test_add_func("/trash/settles-snapshots", test_settle_gives_snapshots_back);
        g_test_add_func("/draft/is-not-collected-while-its-maker-lives", test_draft_is_locked);
        g_test_add_func("/draft/is-collected-when-abandoned", test_abandoned_draft);
        g_test_add_func("/draft/does-not-replace-a-container", test_draft_does_not_replace);
        return g_test_run();
}
