/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "storage/clone-plan.h"

/* What lxc-copy does, a row a kind of storage: without -B a copy and a snapshot; then a copy, and a
 * snapshot, with -B. "-": refused; a word: it becomes that. */
typedef struct Row {
        const char *from;
        const char *copy, *share;
        const char *copy_to[6];  /* dir overlay loop btrfs lvm zfs */
        const char *share_to[6]; /* the same */
        const char *either;
} Row;

static const char *const targets[] = { "dir", "overlay", "loop", "btrfs", "lvm", "zfs" };

/* clang-format off */
static const Row rows[] = {
        { "dir",     "dir",   "overlay", { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "overlay", "-", "-", "-", "-" }, "dir" },
        { "none",    "dir",   "overlay", { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "overlay", "-", "-", "-", "-" }, "dir" },
        { "overlay", "-",     "overlay", { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "overlay", "-", "-", "-", "-" }, "overlay share" },
        { "overlayfs", "-",   "overlay", { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "overlay", "-", "-", "-", "-" }, "overlay share" },
        { "aufs",    "-",     "aufs",    { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "-", "-", "-", "-", "-" }, "aufs share" },
        { "btrfs",   "btrfs", "btrfs",   { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "-", "-", "btrfs", "-", "-" }, "btrfs share" },
        { "lvm",     "lvm",   "lvm",     { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "-", "-", "-", "lvm", "-" }, "lvm share" },
        { "zfs",     "zfs",   "zfs",     { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "-", "-", "-", "-", "zfs" }, "zfs share" },
        { "loop",    "loop",  "-",       { "dir", "-", "loop", "btrfs", "lvm", "zfs" }, { "-", "-", "-", "-", "-", "-" }, "loop" },
        { "nbd",     "-",     "-",       { "-", "-", "-", "-", "-", "-" }, { "-", "-", "-", "-", "-", "-" }, "-" },
        { "rbd",     "-",     "-",       { "-", "-", "-", "-", "-", "-" }, { "-", "-", "-", "-", "-", "-" }, "-" },
};
/* clang-format on */

static const Backend *backend_of(const char *name)
{
        return name ? backend_by_name(name, strlen(name)) : NULL;
}

static void assert_plan(const char *from, const char *to, CloneWish wish, const char *expected)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        bool share = wish == CLONE_WISH_SHARE;
        g_auto(GStrv) words = g_strsplit(expected, " ", 2);
        ClonePlan plan;
        int r = clone_plan(backend_of(from), backend_of(to), wish, &plan, &error);

        g_test_message("%s to %s", from, to ? to : "what suits it");
        if (streq(expected, "-")) {
                g_assert_cmpint(r, <, 0);
                g_assert_cmpint(error.code, ==, ERROR_NOT_SUPPORTED);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        g_assert_cmpstr(plan.backend->name, ==, words[0]);
        g_assert_cmpint(plan.share, ==, wish == CLONE_WISH_EITHER ? words[1] != NULL : share);
}

static void test_matrix(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
                const Row *row = &rows[i];

                assert_plan(row->from, NULL, CLONE_WISH_COPY, row->copy);
                assert_plan(row->from, NULL, CLONE_WISH_SHARE, row->share);
                assert_plan(row->from, NULL, CLONE_WISH_EITHER, row->either);
                for (size_t k = 0; k < G_N_ELEMENTS(targets); k++) {
                        assert_plan(row->from, targets[k], CLONE_WISH_COPY, row->copy_to[k]);
                        assert_plan(row->from, targets[k], CLONE_WISH_SHARE, row->share_to[k]);
                }
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/clone-plan/every-kind-into-every-kind", test_matrix);
        return g_test_run();
}
