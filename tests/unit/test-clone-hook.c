/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hooks of a clone, run as a job runs them. */

#include <sys/socket.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "config/parse.h"
#include "kernel/mount.h"
#include "scratch.h"
#include "storage/clone-hook.h"

typedef struct Fixture {
        Scratch scratch; /* root/ is the new root file system, mnt/ is lxc.rootfs.mount */
        char *root, *mount_point, *log;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
        scratch_init(&fixture->scratch);
        /* The root of a user namespace comes by here. */
        g_assert_cmpint(fchmod(fixture->scratch.fd, 0755), ==, 0);
        scratch_mkdir(&fixture->scratch, "root");
        scratch_write(&fixture->scratch, "root/motd", "welcome\n", 0644);
        scratch_mkdir(&fixture->scratch, "mnt");
        fixture->root = scratch_path(&fixture->scratch, "root");
        fixture->mount_point = scratch_path(&fixture->scratch, "mnt");
        fixture->log = scratch_path(&fixture->scratch, "log");
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
        g_free(fixture->root);
        g_free(fixture->mount_point);
        g_free(fixture->log);
        scratch_done(&fixture->scratch);
}

/* Runs the clone hooks of `text` with the argument "test". Return: the error's sentence, "" when there
 * is none. */
static char *run(const Fixture *fixture, const char *text, const char *rootfs_path, int tree_fd)
{
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        g_autofree char *whole =
                g_strdup_printf("lxc.rootfs.mount = %s\n%s", fixture->mount_point, text);
        char *const arguments[] = { (char[]){ "test" }, NULL };
        CloneHook hook = {
                .container = "clone01",
                .name = "clone01",
                .config_file = "/var/lib/lxc/clone01/config",
                .rootfs_path = rootfs_path,
                .tree_fd = tree_fd,
                .source_name = "ct01",
                .arguments = arguments,
                .report = &(Report){ .fd = -EBADF },
        };
        int r;

        g_assert_cmpint(config_parse_text(whole, "test.conf", &config, NULL, NULL), ==, 0);
        hook.config = config;
        r = clone_hook_run(&hook, &error);
        g_assert_true((r < 0) == error_is_set(&error));
        return g_strdup(r < 0 ? error_message(&error) : "");
}

static void
assert_run(const Fixture *fixture, const char *text, const char *rootfs_path, int tree_fd)
{
        g_autofree char *error = run(fixture, text, rootfs_path, tree_fd);

        g_assert_cmpstr(error, ==, "");
}

static void script(const Fixture *fixture, const char *text)
{
        g_autofree char *whole = g_strdup_printf("#!/bin/sh\nexec > %s\n%s", fixture->log, text);

        scratch_write(&fixture->scratch, "hook", whole, 0755);
}

static char *line(const Fixture *fixture, const char *more)
{
        return g_strdup_printf("lxc.hook.clone = %s/hook\n%s", fixture->scratch.path, more);
}

static void test_arguments(Fixture *fixture, gconstpointer data)
{
        g_autofree char *text = line(fixture, ""), *log = NULL;

        if (skip_unless_root())
                return;
        script(fixture, "echo $# $1 $2 $3 $4\necho $LXC_NAME $LXC_SRC_NAME $LXC_CONFIG_FILE\n"
                        "echo $LXC_ROOTFS_PATH\necho x${LXC_HOOK_VERSION}x${LXC_CGNS_AWARE}x\n");
        assert_run(fixture, text, "overlayfs:/var/lib/lxc/ct01/rootfs:/var/lib/lxc/clone01/delta0",
                   -EBADF);
        log = scratch_read(&fixture->scratch, "log");
        g_assert_cmpstr(log, ==,
                        "4 clone01 lxc clone test\n"
                        "clone01 ct01 /var/lib/lxc/clone01/config\n"
                        "overlayfs:/var/lib/lxc/ct01/rootfs:/var/lib/lxc/clone01/delta0\n"
                        "xxx\n");
}

static void test_version_1(Fixture *fixture, gconstpointer data)
{
        g_autofree char *text = line(fixture, "lxc.hook.version = 1\n"), *log = NULL;

        if (skip_unless_root())
                return;
        script(fixture, "echo $# $1 $LXC_HOOK_TYPE $LXC_HOOK_SECTION\n");
        assert_run(fixture, text, "dir:/nowhere", -EBADF);
        log = scratch_read(&fixture->scratch, "log");
        g_assert_cmpstr(log, ==, "1 test clone lxc\n");
}

/* A tree is on lxc.rootfs.mount, for the hook alone; a directory is where it is. */
static void test_root(Fixture *fixture, gconstpointer data)
{
        g_autofree char *text = line(fixture, ""), *path = NULL, *log = NULL, *expected = NULL;
        char ours[64] = "";
        int tree_fd;

        if (skip_unless_root())
                return;
        g_assert_cmpint(readlink("/proc/self/ns/mnt", ours, sizeof(ours) - 1), >, 0);
        script(fixture, "readlink /proc/self/ns/mnt\necho $LXC_ROOTFS_MOUNT\n"
                        "cat $LXC_ROOTFS_MOUNT/motd\necho made > $LXC_ROOTFS_MOUNT/made\n");
        tree_fd = mount_clone(AT_FDCWD, fixture->root, true);
        g_assert_cmpint(tree_fd, >=, 0);
        assert_run(fixture, text, "overlay:/a:/b", tree_fd);
        (void) close(tree_fd);
        log = scratch_read(&fixture->scratch, "log");
        g_assert_false(g_str_has_prefix(log, ours));
        expected = g_strdup_printf("\n%s\nwelcome\n", fixture->mount_point);
        g_assert_nonnull(strstr(log, expected));
        g_assert_cmpuint(scratch_count(&fixture->scratch, "mnt"), ==, 0);
        g_assert_true(scratch_has(&fixture->scratch, "root/made"));

        path = g_strdup_printf("dir:%s", fixture->root);
        g_free(g_steal_pointer(&log));
        g_free(g_steal_pointer(&expected));
        assert_run(fixture, text, path, -EBADF);
        log = scratch_read(&fixture->scratch, "log");
        expected = g_strdup_printf("\n%s\nwelcome\n", fixture->root);
        g_assert_nonnull(strstr(log, expected));
}

/* With lxc.idmap a hook has the rights of the container's root, and owns what it would own. */
static void test_unprivileged(Fixture *fixture, gconstpointer data)
{
        g_autofree char *text = line(fixture, "lxc.idmap = u 0 100000 65536\n"
                                              "lxc.idmap = g 0 100000 65536\n");
        g_autofree char *path = g_strdup_printf("dir:%s", fixture->root), *log = NULL;
        g_autofree char *secret = NULL;
        struct stat st;

        if (skip_unless_root())
                return;
        scratch_write(&fixture->scratch, "log", "", 0666);
        scratch_write(&fixture->scratch, "secret", "the host's\n", 0600);
        secret = scratch_path(&fixture->scratch, "secret");
        g_assert_cmpint(chown(fixture->root, 100000, 100000), ==, 0);
        script(fixture, "id -u\nawk '{ print $1, $2, $3 }' /proc/self/uid_map\n"
                        "echo made > $LXC_ROOTFS_MOUNT/made\n"
                        "cat $LXC_ROOTFS_MOUNT/../secret 2>/dev/null || echo refused\n");
        assert_run(fixture, text, path, -EBADF);
        log = scratch_read(&fixture->scratch, "log");
        g_assert_cmpstr(log, ==, "0\n0 100000 65536\nrefused\n");
        g_assert_cmpint(fstatat(fixture->scratch.fd, "root/made", &st, 0), ==, 0);
        g_assert_cmpuint(st.st_uid, ==, 100000);
}

static void test_failures(Fixture *fixture, gconstpointer data)
{
        g_autofree char *none = NULL, *failed = NULL, *missing = NULL;

        if (skip_unless_root())
                return;
        none = run(fixture, "", "dir:/nowhere", -EBADF);
        g_assert_cmpstr(none, ==, "");
        failed = run(fixture,
                     "lxc.hook.clone = /bin/sh -c 'echo no room; exit 3'\n"
                     "lxc.hook.clone = /bin/false\n",
                     "dir:/nowhere", -EBADF);
        g_assert_cmpstr(failed, ==, "Hook clone, '/bin/sh', ended with exit status 3: no room");
        missing = run(fixture, "lxc.hook.clone = /no/such\n", "dir:/nowhere", -EBADF);
        g_assert_cmpstr(missing, ==, "Cannot run clone hook '/no/such': No such file or directory");
}

#define ADD(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        ADD("/clone-hook/learns-names-paths-and-the-callers-arguments", test_arguments);
        ADD("/clone-hook/version-1-tells-by-variables", test_version_1);
        ADD("/clone-hook/finds-the-root-mounted-where-nobody-else-sees-it", test_root);
        ADD("/clone-hook/is-the-containers-root-in-an-unprivileged-one", test_unprivileged);
        ADD("/clone-hook/a-failure-is-told-whole", test_failures);
        return g_test_run();
}
