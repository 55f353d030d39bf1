/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "interfaces/errors.h"
#include "scratch.h"
#include "storage/backend/options.h"

static void test_sizes(void)
{
        static const struct {
                const char *text;
                uint64_t size;
        } sizes[] = {
                { "1", UINT64_C(1) << 20 },
                { "512", UINT64_C(512) << 20 },
                { "1048576b", 1 << 20 },
                { "1048577B", (1 << 20) + 1 },
                { "2048k", 2 << 20 },
                { "2048K", 2 << 20 },
                { "3m", 3 << 20 },
                { "3M", 3 << 20 },
                { "2G", UINT64_C(2) << 30 },
                { "2g", UINT64_C(2) << 30 },
                { "1T", UINT64_C(1) << 40 },
                { "8388607t", UINT64_C(8388607) << 40 },
                { "007", UINT64_C(7) << 20 },
        };
        static const char *const refused[] = {
                "",
                "0",
                "-1",
                "+1",
                "10X",
                "1MB",
                "1.5G",
                " 1",
                "1 ",
                "0x10",
                "1e3",
                "G",
                "b",
                "1048575b",
                "1023k",
                "8388608T",
                "99999999999999999999",
                "18446744073709551616",
                "000000000000000000000000001",
                "1\n",
                "1;rm",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                uint64_t size = 0;

                g_assert_cmpint(backend_size_parse(sizes[i].text, &size, NULL), ==, 0);
                g_assert_cmpuint(size, ==, sizes[i].size);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
                Error error = ERROR_NULL;
                uint64_t size = 7;

                g_assert_cmpint(backend_size_parse(refused[i], &size, &error), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
                g_assert_cmpuint(size, ==, 7);
                error_done(&error);
        }
}

static int read_one(const char *key, const char *value, BackendOptions *ret, Error *reterr)
{
        json_t *options = json_pack("{s:s}", key, value);
        int r = backend_options_read(options, ret, reterr);

        json_decref(options);
        return r;
}

static void test_taken(void)
{
        BackendOptions options = { NULL };
        json_t *all =
                json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "dir", "/srv/x y", "fssize",
                          "2G", "lvname", "ct_1", "vgname", "vg.0", "thinpool", "p+q", "zfsroot",
                          "tank/lxc:a/b", "rbdname", "i", "rbdpool", "p", "rbduser", "_u");

        g_assert_cmpint(backend_options_read(NULL, &options, NULL), ==, 0);
        g_assert_null(options.dir);
        g_assert_cmpint(backend_options_read(all, &options, NULL), ==, 0);
        json_decref(all);
        g_assert_cmpstr(options.dir, ==, "/srv/x y");
        g_assert_cmpuint(options.size, ==, UINT64_C(2) << 30);
        g_assert_cmpstr(options.lv, ==, "ct_1");
        g_assert_cmpstr(options.vg, ==, "vg.0");
        g_assert_cmpstr(options.thin_pool, ==, "p+q");
        g_assert_cmpstr(options.zfs_root, ==, "tank/lxc:a/b");
        g_assert_cmpstr(options.rbd_name, ==, "i");
        g_assert_cmpstr(options.rbd_pool, ==, "p");
        g_assert_cmpstr(options.rbd_user, ==, "_u");
        backend_options_done(&options);
}

static void test_refused(void)
{
        static const char *const words[] = {
                "",   "-x", "--foo", "; rm", "a b", "a;b", "$(x)", "a\nb", "a'b", "../a", ".",
                "..", ".a", "+a",    "a/b",  "a@b", "a=b", "ä",    "*",    "`x`", "a\\b", "a,b",
        };
        static const char *const names[] = { "lvname",  "vgname",  "thinpool", "rbdname",
                                             "rbdpool", "rbduser", "fstype" };
        static const char *const others[][2] = {
                { "zfsroot", "/tank" }, { "zfsroot", "tank/" },
                { "zfsroot", "a//b" },  { "zfsroot", "a@b" },
                { "zfsroot", "-o" },    { "dir", "rootfs" },
                { "dir", "/" },         { "dir", "/a/../b" },
                { "dir", "/a/" },       { "dir", "/a\nb" },
                { "dir", "" },          { "fssize", "10X" },
                { "colour", "red" },    { "", "x" },
        };
        g_autofree char *long_name = g_strnfill(200, 'a');

        for (size_t n = 0; n < G_N_ELEMENTS(names); n++)
                for (size_t i = 0; i <= G_N_ELEMENTS(words); i++) {
                        const char *word = i < G_N_ELEMENTS(words) ? words[i] : long_name;
                        BackendOptions options = { NULL };
                        Error error = ERROR_NULL;

                        g_assert_cmpint(read_one(names[n], word, &options, &error), <, 0);
                        g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
                        error_done(&error);
                }
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                BackendOptions options = { NULL };
                Error error = ERROR_NULL;

                g_assert_cmpint(read_one(others[i][0], others[i][1], &options, &error), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
                error_done(&error);
        }
}

static void test_file_system(void)
{
        Scratch scratch;
        g_autofree char *before = g_strdup(g_getenv("PATH")), *bin = NULL;
        BackendOptions options = { NULL };
        Error error = ERROR_NULL;

        scratch_init(&scratch);
        bin = scratch_path(&scratch, ".");
        scratch_write(&scratch, "mkfs.known", "", 0755);
        scratch_write(&scratch, "mkfs.data", "", 0644);
        (void) g_setenv("PATH", bin, true);
        g_assert_cmpint(read_one("fstype", "known", &options, NULL), ==, 0);
        g_assert_cmpstr(options.fstype, ==, "known");
        backend_options_done(&options);
        g_assert_cmpint(read_one("fstype", "data", &options, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NOT_SUPPORTED);
        error_done(&error);
        (void) g_setenv("PATH", before, true);
        scratch_done(&scratch);
}

static void test_shapes(void)
{
        static const char *const refused[] = { "[]", "\"x\"", "{\"dir\":1}", "{\"dir\":null}",
                                               "{\"dir\":{}}" };

        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
                json_t *value = json_loads(refused[i], JSON_DECODE_ANY, NULL);
                BackendOptions options = { NULL };

                g_assert_nonnull(value);
                g_assert_cmpint(backend_options_read(value, &options, NULL), <, 0);
                json_decref(value);
        }
}

/* As lxc-create has it; of a list or "best", one that takes it is enough. */
static void test_backends(void)
{
        static const struct {
                const char *key, *backend, *error; /* NULL: taken */
        } cases[] = {
                { "dir", "dir", NULL },
                { "dir", "none", NULL },
                { "fssize", "loop", NULL },
                { "fstype", "rbd", NULL },
                { "vgname", "lvm", NULL },
                { "zfsroot", "zfs", NULL },
                { "rbdpool", "rbd", NULL },
                { "fssize", "best", NULL },
                { "dir", "best", NULL },
                { "vgname", "btrfs,lvm,dir", NULL },
                { "vgname", NULL,
                  "Storage option 'vgname' is not for backend 'dir', but for 'lvm'" },
                { "fssize", "btrfs",
                  "Storage option 'fssize' is not for backend 'btrfs', but for 'lvm', 'loop', "
                  "'rbd'" },
                { "zfsroot", "dir,loop",
                  "Storage option 'zfsroot' is not for backends 'dir', 'loop', but for 'zfs'" },
                { "dir", "overlay",
                  "Storage option 'dir' is not for backend 'overlay', but for 'dir', 'none'" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                BackendList list;
                Error error = ERROR_NULL;
                int r;

                g_assert_cmpint(backend_candidates(cases[i].backend, BACKEND_CREATE, &list, NULL),
                                ==, 0);
                r = backend_option_check(cases[i].key, &list, &error);
                g_assert_true((r < 0) == (cases[i].error != NULL));
                g_assert_cmpstr(error.message, ==, cases[i].error);
                g_assert_true(r == 0 || error.code == ERROR_INVALID_ARGS);
                error_done(&error);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/options/sizes-have-a-unit-and-bounds", test_sizes);
        g_test_add_func("/options/of-lxc-create-are-taken", test_taken);
        g_test_add_func("/options/what-could-be-more-than-a-name-is-refused", test_refused);
        g_test_add_func("/options/file-system-is-one-that-can-be-made", test_file_system);
        g_test_add_func("/options/are-an-object-of-texts", test_shapes);
        g_test_add_func("/options/go-with-a-backend-that-takes-them", test_backends);
        return g_test_run();
}
