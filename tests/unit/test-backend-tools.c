/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/nbd.h"
#include "storage/backend/layers.h"
#include "storage/backend/tool.h"
#include "tool-fixture.h"

static void test_tool(Fixture *fixture, gconstpointer data)
{
        g_autofree char *output = NULL, *reason = NULL;
        Error error = ERROR_NULL;

        program(fixture, "good", "echo \"[$1] [$2] $LC_ALL $HOME\"");
        program(fixture, "bad", "echo one >&2; echo '  two\tthree' >&2; exit 7");
        program(fixture, "dies", "kill -9 $$");
        program(fixture, "floods",
                "i=0; while [ $i -lt 4000 ]; do echo 01234567890123456789 >&2; i=$((i+1)); done; "
                "echo last >&2; exit 1");
        g_assert_cmpint(
                tool_run((const char *const[]){ "good", "a b", "; $(x)", NULL }, &output, NULL), ==,
                0);
        g_assert_cmpstr(output, ==, "[a b] [; $(x)] C \n");
        g_assert_cmpint(tool_run((const char *const[]){ "bad", NULL }, NULL, &error), <, 0);
        g_assert_cmpstr(error_message(&error), ==,
                        "'bad' failed with exit status 7: one; two three");
        error_done(&error);
        g_assert_cmpint(tool_run((const char *const[]){ "dies", NULL }, NULL, &error), <, 0);
        g_assert_cmpstr(error_message(&error), ==, "'dies' was killed by signal 9");
        error_done(&error);
        g_assert_cmpint(tool_run((const char *const[]){ "floods", NULL }, NULL, &error), <, 0);
        g_assert_true(g_str_has_suffix(error_message(&error), "; last"));
        g_assert_cmpuint(strlen(error_message(&error)), <, 2048);
        error_done(&error);
        g_assert_cmpint(tool_run((const char *const[]){ "absent", NULL }, NULL, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_NOT_SUPPORTED);
        error_done(&error);
        g_assert_cmpint(tool_need("good", "package", &reason), ==, 1);
        g_assert_cmpint(tool_need("absent", "package", &reason), ==, 0);
        g_assert_cmpstr(reason, ==,
                        "The program 'absent' is not installed (Debian package package)");
}

static void test_zfs_beside(Fixture *fixture, gconstpointer data)
{
        Rootfs from = { .backend = &backend_zfs, .source = (char *) "tank/lxc/base" };
        BackendOptions options = { 0 };
        g_autofree char *owned = NULL;

        g_assert_cmpint(backend_zfs.beside(&from, &options, &owned, NULL), ==, 0);
        g_assert_cmpstr(options.zfs_root, ==, "tank/lxc");
}

static void test_zfs(Fixture *fixture, gconstpointer data)
{
        Rootfs from = { .backend = &backend_zfs, .source = (char *) "tank/lxc/base" };
        BackendOptions options = { .zfs_root = (char *) "tank/ct" };
        Volume v = volume(fixture, &options), plain = volume(fixture, NULL);
        g_autofree char *path = NULL, *cloned = NULL, *moved = NULL, *kept = NULL;

        program(fixture, "zfs", "case \"$*\" in get*ct1) echo 'does not exist' >&2; exit 1;; esac");
        g_assert_cmpint(backend_zfs.create(&v, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, "zfs:tank/ct/ct1");
        assert_called(fixture, "zfs get -H -p -o value type tank/ct/ct1\n"
                               "zfs create -o mountpoint=/lxc/ct1/rootfs -o canmount=noauto -p "
                               "tank/ct/ct1\n");
        g_assert_true(scratch_has(&fixture->scratch, "ct/rootfs"));
        g_assert_cmpint(backend_zfs.snapshot(&from, &plain, &cloned, NULL), ==, 0);
        g_assert_cmpstr(cloned, ==, "zfs:tank/lxc/ct1");
        assert_called(fixture, "zfs get -H -p -o value type tank/lxc/ct1\n"
                               "zfs snapshot tank/lxc/base@ct1\n"
                               "zfs clone -o mountpoint=/lxc/ct1/rootfs -o canmount=noauto "
                               "tank/lxc/base@ct1 tank/lxc/ct1\n");

        program(fixture, "zfs", "case \"$*\" in get*origin*) echo tank/lxc/base@ct1;; esac");
        g_assert_cmpint(backend_zfs.destroy("tank/lxc/ct1", NULL), ==, 0);
        assert_called(fixture, "zfs get -H -p -o value origin tank/lxc/ct1\n"
                               "zfs destroy -r tank/lxc/ct1\n"
                               "zfs destroy tank/lxc/base@ct1\n");
        program(fixture, "zfs", "echo 'cannot open: dataset does not exist' >&2; exit 1");
        g_assert_cmpint(backend_zfs.destroy("tank/lxc/ct1", NULL), ==, 0);
        scratch_write(&fixture->scratch, "log", "", 0644);

        program(fixture, "zfs", "");
        moved = renamed(&backend_zfs, fixture, "tank/lxc/old");
        g_assert_cmpstr(moved, ==, "zfs:tank/lxc/ct1");
        assert_called(fixture, "zfs get -H -p -o value type tank/lxc/old\n"
                               "zfs rename tank/lxc/old tank/lxc/ct1\n"
                               "zfs set mountpoint=/lxc/ct1/rootfs tank/lxc/ct1\n");
        kept = renamed(&backend_zfs, fixture, "tank/lxc/another");
        g_assert_cmpstr(kept, ==, "zfs:tank/lxc/another");
        assert_called(fixture, "zfs set mountpoint=/lxc/ct1/rootfs tank/lxc/another\n");
}

/* The path that LXC 1.x wrote. */
static void test_zfs_by_path(Fixture *fixture, gconstpointer data)
{
        program(fixture, "zfs",
                "case \"$*\" in *name*) echo tank/lxc/ct1;; *origin*) echo -;; esac");
        g_assert_cmpint(backend_zfs.destroy("/tank/lxc/ct1/rootfs", NULL), ==, 0);
        assert_called(fixture, "zfs get -H -p -o value name /tank/lxc/ct1/rootfs\n"
                               "zfs get -H -p -o value origin tank/lxc/ct1\n"
                               "zfs destroy -r tank/lxc/ct1\n");
}

static void test_rbd(Fixture *fixture, gconstpointer data)
{
        BackendOptions options = {
                .rbd_pool = (char *) "pool",
                .rbd_name = (char *) "image",
                .rbd_user = (char *) "me",
                .size = (3 << 20) + 1,
        };
        Volume v = volume(fixture, &options);
        g_autofree char *path = NULL, *moved = NULL;
        Error error = ERROR_NULL;

        program(fixture, "mkfs.ext4", "");
        program(fixture, "rbd",
                "case \"$1\" in info) echo 'No such file or directory' >&2; exit 2;; esac");
        g_assert_cmpint(backend_rbd.create(&v, &path, NULL), ==, 0);
        g_assert_cmpstr(path, ==, "rbd:/dev/rbd/pool/image");
        assert_called(fixture, "rbd info pool/image --id me\n"
                               "rbd create pool/image --size 4 --id me\n"
                               "rbd map pool/image --id me\n"
                               "mkfs.ext4 -F /dev/rbd/pool/image\n");
        program(fixture, "rbd", "");
        g_assert_cmpint(open_rootfs(&backend_rbd, "/dev/rbd/pool/image", NULL), ==, -ENOENT);
        assert_called(fixture, "rbd map pool/image\n");
        g_assert_cmpint(backend_rbd.destroy("/dev/rbd/pool/image", NULL), ==, 0);
        assert_called(fixture, "rbd info pool/image\nrbd rm --no-progress pool/image\n");
        g_assert_cmpint(backend_rbd.destroy("/dev/sda", &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
        error_done(&error);
        assert_called(fixture, "");
        program(fixture, "rbd",
                "case \"$1\" in info) echo 'No such file or directory' >&2; exit 2;; esac");
        moved = renamed(&backend_rbd, fixture, "/dev/rbd/pool/old");
        g_assert_cmpstr(moved, ==, "rbd:/dev/rbd/pool/ct1");
        assert_called(fixture, "rbd info pool/ct1\nrbd mv pool/old pool/ct1\n");
}

static void test_nbd(Fixture *fixture, gconstpointer data)
{
        static const char *const images[][2] = {
                { "/srv/disk.qcow2", "qcow2" }, { "/srv/disk.img", "raw" }, { "/srv/qcow2", "raw" },
                { "/srv/disk.vmdk", "vmdk" },   { "-rf.vdi", "vdi" },
        };
        static const char *const refused[] = { "/srv/disk:0", "/srv/disk:x", "/srv/disk:129",
                                               "/srv/disk:" };
        g_autofree char *moved = NULL;

        program(fixture, "qemu-nbd", "");
        for (size_t i = 0; i < G_N_ELEMENTS(images); i++) {
                g_autofree char *expected =
                        g_strdup_printf("qemu-nbd --connect=/dev/nbd3 --format=%s -- %s\n",
                                        images[i][1], images[i][0]);

                g_assert_cmpint(nbd_attach(images[i][0], "/dev/nbd3", NULL), ==, 0);
                assert_called(fixture, expected);
        }
        g_assert_cmpint(nbd_detach("/dev/nbd3", NULL), ==, 0);
        assert_called(fixture, "qemu-nbd --disconnect=/dev/nbd3\n");
        moved = renamed(&backend_nbd, fixture, "/lxc/old/disk.img:2");
        g_assert_cmpstr(moved, ==, "nbd:/lxc/ct1/disk.img:2");
        /* Nothing is attached by who does not see to its end. */
        g_assert_cmpint(open_rootfs(&backend_nbd, "/srv/disk", NULL), <, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
                RootfsMount mount = { .attach = (int (*)(const char *, void *, Error *)) abort };
                Error error = ERROR_NULL;
                int fd;

                g_assert_cmpint(backend_nbd.open(refused[i], &mount, &fd, &error), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
                error_done(&error);
        }
        assert_called(fixture, "");
}

static void test_aufs(Fixture *fixture, gconstpointer data)
{
        static const struct {
                RootfsMount mount;
                const char *options;
        } cases[] = {
                { { .flags = 0 }, "source=/low br=/ct/delta0=rw:/low=ro:/lower=ro" },
                { { .user = true, .data = "sync" },
                  "source=/low br=/ct/delta0=rw:/low=ro:/lower=ro xino=/dev/shm/aufs.xino sync" },
        };
        Overlay overlay = OVERLAY_NULL;

        g_assert_cmpint(overlay_parse("/low:/lower:/ct/delta0", &overlay, NULL), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *joined = NULL;
                char **options = NULL;

                g_assert_cmpint(aufs_options(&overlay, &cases[i].mount, &options), ==, 0);
                joined = g_strjoinv(" ", options);
                g_assert_cmpstr(joined, ==, cases[i].options);
                (void) strv_free(options);
        }
        overlay_done(&overlay);
}

static void test_aufs_snapshot(Fixture *fixture, gconstpointer data)
{
        g_autofree char *base = scratch_path(&fixture->scratch, "bin"), *first = NULL,
                        *second = NULL, *expected = NULL;
        Rootfs from = { .backend = &backend_dir, .source = base };
        Volume v = volume(fixture, NULL);

        g_assert_cmpint(backend_aufs.snapshot(&from, &v, &first, NULL), ==, 0);
        expected = g_strdup_printf("aufs:%s:/lxc/ct1/delta0", base);
        g_assert_cmpstr(first, ==, expected);
        g_assert_true(scratch_has(&fixture->scratch, "ct/delta0"));
        g_assert_false(scratch_has(&fixture->scratch, "ct/olwork"));
        from = (Rootfs){ .backend = &backend_aufs, .source = first + strlen("aufs:") };
        g_assert_cmpint(backend_aufs.snapshot(&from, &v, &second, NULL), ==, 1);
        g_assert_cmpstr(second, ==, expected);
        from.backend = &backend_overlay;
        g_assert_cmpint(backend_aufs.snapshot(&from, &v, &second, NULL), <, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/tool/runs-with-its-words-and-brings-the-error-home", test_tool);
        ADD("/zfs/data-set", test_zfs);
        ADD("/zfs/copy-is-made-below-the-same-one", test_zfs_beside);
        ADD("/zfs/by-the-path-it-is-mounted-on", test_zfs_by_path);
        ADD("/rbd/image", test_rbd);
        ADD("/nbd/format-is-told-by-the-name", test_nbd);
        ADD("/aufs/options", test_aufs);
        ADD("/aufs/snapshot-shares-the-lower", test_aufs_snapshot);
        return g_test_run();
}
