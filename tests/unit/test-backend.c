/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "scratch.h"
#include "storage/backend/backend.h"
#include "storage/mounts.h"

static void test_rows(void)
{
        for (const Backend *const *row = backends; *row; row++) {
                g_autofree char *reason = NULL;
                int usable = backend_is_usable(*row, &reason);

                g_assert_nonnull((*row)->summary);
                g_assert_cmpint(usable, >=, 0);
                g_assert_true(usable || reason);
                g_assert_true(!usable || (*row)->open);
                g_assert_true(!usable || !(*row)->can_create || (*row)->create);
                g_assert_true(backend_by_name((*row)->name, strlen((*row)->name)) == *row);
        }
        g_assert_null(backend_by_name("device", 6));
}

/* Table 1 of seed 003, and what later versions of LXC have added. */
static void test_uses(void)
{
        static const struct {
                const char *name;
                bool create, clone;
        } table[] = {
                { "aufs", false, true },      { "best", true, false }, { "btrfs", true, true },
                { "dir", true, true },        { "lvm", true, true },   { "loop", true, true },
                { "none", true, false },      { "zfs", true, true },   { "nbd", false, false },
                { "overlayfs", false, true }, { "rbd", true, false },  { "overlay", true, true },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                for (BackendUse use = BACKEND_CREATE; use <= BACKEND_CLONE; use++) {
                        bool expected = use == BACKEND_CREATE ? table[i].create : table[i].clone;
                        BackendList list = { .n = 0 };
                        Error error = ERROR_NULL;
                        int r = backend_find(table[i].name, use, &list, &error);

                        g_test_message("%s %u: %s", table[i].name, use, error_message(&error));
                        if (expected)
                                g_assert_true(r == 0 || error.code == ERROR_NOT_SUPPORTED);
                        else
                                g_assert_true(r < 0 && error.code == ERROR_INVALID_ARGS);
                        error_done(&error);
                }
}

static void assert_found(const char *name, const char *expected)
{
        BackendList list = { .n = 0 };

        g_assert_cmpint(backend_find(name, BACKEND_CREATE, &list, NULL), ==, 0);
        g_assert_cmpuint(list.n, >=, 1);
        g_assert_cmpstr(list.items[0]->name, ==, expected);
}

static void assert_error(const char *name, ErrorCode code)
{
        BackendList list;
        Error error = ERROR_NULL;

        g_assert_cmpint(backend_find(name, BACKEND_CREATE, &list, &error), <, 0);
        g_assert_cmpint(error.code, ==, (int) code);
        error_done(&error);
}

static void test_find(void)
{
        BackendList list = { .n = 0 };

        assert_found(NULL, "dir");
        assert_found("", "dir");
        assert_found("dir", "dir");
        assert_found("none", "none");
        assert_found("dir,btrfs", "dir");
        g_assert_cmpint(backend_find("best", BACKEND_CREATE, &list, NULL), ==, 0);
        g_assert_cmpuint(list.n, >=, 1);
        assert_error("dirr", ERROR_INVALID_ARGS);
        assert_error("dir,dirr", ERROR_INVALID_ARGS);
        assert_error(",", ERROR_INVALID_ARGS);
}

static void test_path(void)
{
        g_assert_cmpstr(backend_path("dir:/x/rootfs"), ==, "/x/rootfs");
        g_assert_cmpstr(backend_path("overlay:/a:/b"), ==, "/a:/b");
        g_assert_cmpstr(backend_path("overlayfs:/a:/b"), ==, "/a:/b");
        g_assert_cmpstr(backend_path("/x:y"), ==, "/x:y");
}

static void test_create(gconstpointer data)
{
        g_autofree char *path = NULL;
        BackendList list = { .n = 0 };
        Scratch scratch;
        Volume volume;

        scratch_init(&scratch);
        volume = (Volume){ .dir_fd = scratch.fd, .directory = "/var/lib/lxc/ct1" };
        g_assert_cmpint(backend_find(data, BACKEND_CREATE, &list, NULL), ==, 0);
        g_assert_cmpint(list.items[0]->create(&volume, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, "dir:/var/lib/lxc/ct1/rootfs");
        g_assert_cmpint(scratch_has(&scratch, "rootfs"), ==, streq(data, "dir"));
        scratch_done(&scratch);
}

static void test_mounts(void)
{
        static const char info[] =
                "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
                "22 21 0:5 / /var/lib/lxc/ct10 rw - tmpfs none rw\n"
                "23 21 0:5 / /var/lib/lxc/a\\040b/x rw shared:3 - tmpfs none rw\n";
        g_autofree char *where = NULL;
        char *none = NULL;

        g_assert_cmpint(mounts_find_below(info, "/var/lib/lxc/ct1", &none), ==, 0);
        g_assert_cmpint(mounts_find_below("", "/var/lib/lxc/ct1", &none), ==, 0);
        g_assert_cmpint(mounts_find_below("bad\nlines", "/var", &none), ==, 0);
        g_assert_cmpint(mounts_find_below(info, "/var/lib/lxc/a b", &where), ==, 1);
        g_assert_cmpstr(where, ==, "/var/lib/lxc/a b/x");
        g_assert_cmpint(mounts_find_below(info, "/var/lib/lxc/ct10", &none), ==, 1);
        g_free(none);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/backend/every-row-is-usable-or-says-why-not", test_rows);
        g_test_add_func("/backend/uses-are-those-of-lxc", test_uses);
        g_test_add_func("/backend/is-found-by-name-best-and-list", test_find);
        g_test_add_func("/backend/path-is-without-prefix", test_path);
        g_test_add_data_func("/backend/dir-makes-a-directory", "dir", test_create);
        g_test_add_data_func("/backend/none-makes-nothing", "none", test_create);
        g_test_add_func("/mounts/are-found-below-a-path", test_mounts);
        return g_test_run();
}
