/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/xattr.h>

#include "scratch.h"
#include "storage/owner.h"

static uid_t owner_of(const Scratch *scratch)
{
        uid_t owner = 12345;

        g_assert_cmpint(owner_read(scratch->fd, &owner, NULL), ==, 0);
        return owner;
}

static void test_nobody_said_means_root(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        g_assert_cmpuint(owner_of(&scratch), ==, 0);
        scratch_done(&scratch);
}

static void test_round_trip(void)
{
        Scratch scratch;

        if (skip_unless_root())
                return;
        scratch_init(&scratch);
        g_assert_cmpint(owner_write(scratch.fd, 1000, NULL), ==, 0);
        g_assert_cmpuint(owner_of(&scratch), ==, 1000);
        g_assert_cmpint(owner_write(scratch.fd, 4294967294U, NULL), ==, 0);
        g_assert_cmpuint(owner_of(&scratch), ==, 4294967294U);
        g_assert_cmpint(owner_write(scratch.fd, 0, NULL), ==, 0);
        g_assert_cmpuint(owner_of(&scratch), ==, 0);
        g_assert_cmpuint(scratch_count(&scratch, "."), ==, 0);
        scratch_done(&scratch);
}

/* What a file system without extended attributes leaves us. */
static void test_file(void)
{
        Scratch scratch;

        scratch_init(&scratch);
        scratch_write(&scratch, ".nagaya-owner", "1001\n", 0600);
        g_assert_cmpuint(owner_of(&scratch), ==, 1001);
        scratch_done(&scratch);
}

static void test_bad_records(void)
{
        static const char *const texts[] = {
                "", "-1", "4294967295", "1000x", "0x10", "99999999999999999999999999",
        };
        Scratch scratch;

        scratch_init(&scratch);
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                uid_t owner = 7;

                scratch_write(&scratch, ".nagaya-owner", texts[i], 0600);
                g_assert_cmpint(owner_read(scratch.fd, &owner, NULL), ==, -EBADMSG);
                g_assert_cmpuint(owner, ==, 7);
        }
        scratch_done(&scratch);
}

static void test_symlink_is_no_record(void)
{
        Scratch scratch;
        uid_t owner;

        scratch_init(&scratch);
        scratch_write(&scratch, "other", "1001", 0600);
        g_assert_cmpint(symlinkat("other", scratch.fd, ".nagaya-owner"), ==, 0);
        g_assert_cmpint(owner_read(scratch.fd, &owner, NULL), ==, -ELOOP);
        scratch_done(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/owner/is-root-when-nothing-is-recorded", test_nobody_said_means_root);
        g_test_add_func("/owner/is-read-as-it-was-written", test_round_trip);
        g_test_add_func("/owner/may-be-recorded-in-a-file", test_file);
        g_test_add_func("/owner/bad-records-are-errors", test_bad_records);
        g_test_add_func("/owner/a-symlink-is-no-record", test_symlink_is_no_record);
        return g_test_run();
}
