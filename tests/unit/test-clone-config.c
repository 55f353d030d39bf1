/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "config/mount-option.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "storage/clone-config.h"

/* The clone's configuration, and after it what is copied along. */
static char *clone_of(const char *text, const CloneConfig *spec)
{
        static const char *const kinds[] = { "file", "text", "tree", "directory" };
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(clone_items_done) CloneItems items = { 0 };
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(free_p) char *result = NULL;
        GString *out;

        g_assert_cmpint(document_new(text, &document), ==, 0);
        if (clone_config(document, spec, &items, &error) < 0)
                g_error("%s", error_message(&error));
        result = document_text(document);
        out = g_string_new(result);
        for (size_t i = 0; i < items.n; i++)
                g_string_append_printf(out, "+ %s %s -> %s\n", kinds[items.items[i].kind],
                                       items.items[i].from, items.items[i].to);
        return g_string_free(out, FALSE);
}

#define ASSERT_CLONE(spec, text, expected)                                                         \
        do {                                                                                       \
                g_autofree char *_result = clone_of(text, spec);                                   \
                g_assert_cmpstr(_result, ==, expected);                                            \
        } while (0)

static const CloneConfig plain = {
        .from = "/var/lib/lxc/ct01",
        .to = "/var/lib/lxc/clone01",
        .name = "clone01",
        .rootfs = "dir:/var/lib/lxc/clone01/rootfs",
        .keep_mac = true,
};

static void test_plain(void)
{
        ASSERT_CLONE(&plain,
                     "# by hand\nfree text\nlxc.include = /usr/share/lxc/config/common.conf\n"
                     "lxc.uts.name = ct01\nlxc.rootfs.path = dir:/var/lib/lxc/ct01/rootfs\n"
                     "lxc.rootfs.managed = 0\nlxc.hook.clone =\nlxc.tty.max = 4\n",
                     "# by hand\nfree text\nlxc.include = /usr/share/lxc/config/common.conf\n"
                     "lxc.hook.clone =\nlxc.tty.max = 4\n"
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.uts.name = clone01\n");
}

/* As in the session that everybody knows from LXC 1.x. */
static void test_legacy(void)
{
        CloneConfig spec = plain;

        spec.rootfs = "overlayfs:/var/lib/lxc/ct01/rootfs:/var/lib/lxc/clone01/delta0";
        ASSERT_CLONE(&spec,
                     "lxc.rootfs = /var/lib/lxc/ct01/rootfs\nlxc.rootfs.backend = dir\n"
                     "lxc.utsname = ct01\nlxc.network.type = veth\n",
                     "lxc.network.type = veth\n"
                     "lxc.rootfs = "
                     "overlayfs:/var/lib/lxc/ct01/rootfs:/var/lib/lxc/clone01/delta0\n"
                     "lxc.utsname = clone01\n");
        ASSERT_CLONE(&plain, "lxc.rootfs = /var/lib/lxc/ct01/rootfs\nlxc.utsname = ct01\n",
                     "lxc.rootfs = /var/lib/lxc/clone01/rootfs\nlxc.utsname = clone01\n");
}

static void test_options(void)
{
        static const char text[] = "lxc.rootfs.options = ro,commit=5\nlxc.uts.name = ct01\n";
        CloneConfig spec = plain;

        spec.name = NULL;
        ASSERT_CLONE(&spec, text,
                     "lxc.rootfs.options = ro,commit=5\nlxc.uts.name = ct01\n"
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n");
        spec.rootfs_options = "ro";
        ASSERT_CLONE(&spec, text,
                     "lxc.uts.name = ct01\n"
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.rootfs.options = ro\n");
        /* An include may have them, too. */
        spec.rootfs_options = "";
        ASSERT_CLONE(&spec, text,
                     "lxc.uts.name = ct01\n"
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.rootfs.options = \n");
}

static void test_divided_options(void)
{
        static const struct {
                const char *text, *generic, *own;
        } cases[] = {
                { "", "", "" },
                { "ro", "ro", "" },
                { "commit=5", "", "commit=5" },
                { "idmap=container,data=journal,nosuid,x-mount.y=1,discard,relative",
                  "idmap=container,nosuid,x-mount.y=1,relative", "data=journal,discard" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *generic = NULL, *own = NULL;

                g_assert_cmpint(mount_options_divide(cases[i].text, &generic, &own), ==, 0);
                g_assert_cmpstr(generic, ==, cases[i].generic);
                g_assert_cmpstr(own, ==, cases[i].own);
        }
}

static void test_keep_name(void)
{
        CloneConfig spec = plain;

        spec.name = NULL;
        spec.ephemeral = true;
        spec.tmpfs = true;
        ASSERT_CLONE(&spec, "lxc.uts.name = ct01\n",
                     "lxc.uts.name = ct01\nlxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.ephemeral = 1\n"
                     "lxc.hook.pre-mount = /var/lib/lxc/clone01/pre-mount-tmpfs\n");
}

static void test_hwaddr(void)
{
        static const char text[] = "lxc.net.0.type = veth\nlxc.net.0.hwaddr = 00:16:3e:00:00:01\n"
                                   "lxc.net.1.type = veth\nlxc.net.1.link = br0\n"
                                   "lxc.net.2.type = veth\nlxc.net.2.hwaddr = 4a:49:43:49:79:bf\n";
        CloneConfig spec = plain;
        _cleanup_(config_free_p) Config *config = NULL;
        g_autofree char *kept = clone_of(text, &spec), *fresh = NULL;
        const char *first, *last;

        g_assert_nonnull(strstr(kept, "00:16:3e:00:00:01"));
        g_assert_nonnull(strstr(kept, "4a:49:43:49:79:bf"));
        spec.keep_mac = false;
        fresh = clone_of(text, &spec);
        g_assert_cmpint(config_parse_text(fresh, "clone", &config, NULL, NULL), ==, 0);
        first = net_config_get(config_net(config, 0), "hwaddr");
        last = net_config_get(config_net(config, 2), "hwaddr");
        g_assert_true(g_str_has_prefix(first, "00:16:3e:"));
        g_assert_true(g_str_has_prefix(last, "00:16:3e:"));
        g_assert_cmpstr(first, !=, "00:16:3e:00:00:01");
        g_assert_cmpstr(first, !=, last);
        g_assert_null(net_config_get(config_net(config, 1), "hwaddr"));
}

static void test_files(void)
{
        ASSERT_CLONE(&plain,
                     "lxc.hook.pre-start = /var/lib/lxc/ct01/hook a /var/lib/lxc/ct01/b\n"
                     "lxc.hook.start = /usr/bin/true\n"
                     "lxc.hook.pre-start = /var/lib/lxc/ct01/hooks/other\n"
                     "lxc.hook.stop = /var/lib/lxc/ct01/rootfs/root/hook\n"
                     "lxc.hook.post-stop = /var/lib/lxc/ct010/hook\n"
                     "lxc.mount.fstab = /var/lib/lxc/ct01/fstab\n"
                     "lxc.log.file = /var/lib/lxc/ct01/ct01.log\n"
                     "lxc.seccomp.profile = /var/lib/lxc/ct01/seccomp\n"
                     "lxc.net.0.type = veth\n"
                     "lxc.net.0.script.up = /var/lib/lxc/ct01/up\n",
                     "lxc.hook.pre-start = /var/lib/lxc/clone01/hook a /var/lib/lxc/clone01/b\n"
                     "lxc.hook.start = /usr/bin/true\n"
                     "lxc.hook.pre-start = /var/lib/lxc/clone01/hooks/other\n"
                     "lxc.hook.stop = /var/lib/lxc/clone01/hook\n"
                     "lxc.hook.post-stop = /var/lib/lxc/ct010/hook\n"
                     "lxc.mount.fstab = /var/lib/lxc/clone01/fstab\n"
                     "lxc.log.file = /var/lib/lxc/clone01/ct01.log\n"
                     "lxc.seccomp.profile = /var/lib/lxc/clone01/seccomp\n"
                     "lxc.net.0.type = veth\n"
                     "lxc.net.0.script.up = /var/lib/lxc/clone01/up\n"
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.uts.name = clone01\n"
                     "+ file hook -> hook\n"
                     "+ file hooks/other -> hooks/other\n"
                     "+ text fstab -> fstab\n"
                     "+ file seccomp -> seccomp\n"
                     "+ file up -> up\n");
}

static void test_mounts(void)
{
        ASSERT_CLONE(&plain,
                     "lxc.mount.entry = /srv srv none bind 0 0\n"
                     "lxc.mount.entry = /var/lib/lxc/ct01/data data none bind 0 0\n"
                     "lxc.mount.entry = /srv c overlay lowerdir=/srv,upperdir=/var/lib/lxc/ct01/"
                     "delta#a,workdir=/var/lib/lxc/ct01/work#a 0 0\n"
                     "lxc.mount.entry = /var/lib/lxc/ct01/rootfs/a b none bind 0 0\n",
                     "lxc.mount.entry = /srv srv none bind 0 0\n"
                     "lxc.mount.entry = /var/lib/lxc/clone01/data data none bind 0 0\n"
                     "lxc.mount.entry = /srv c overlay lowerdir=/srv,upperdir=/var/lib/lxc/clone01/"
                     "delta#a,workdir=/var/lib/lxc/clone01/work#a 0 0\n"
                     "lxc.mount.entry = /var/lib/lxc/clone01/rootfs/a b none bind 0 0\n"
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.uts.name = clone01\n"
                     "+ tree data -> data\n"
                     "+ tree delta#a -> delta#a\n"
                     "+ directory work#a -> work#a\n");
}

static void test_more_mounts(void)
{
        char *mounts[] = { (char *) "bind=/srv", (char *) "bind=/srv/a:/mnt:ro",
                           (char *) "overlay=/etc:/config", NULL };
        CloneConfig spec = plain;

        spec.mounts = mounts;
        ASSERT_CLONE(&spec, "",
                     "lxc.rootfs.path = dir:/var/lib/lxc/clone01/rootfs\n"
                     "lxc.uts.name = clone01\n"
                     "lxc.mount.entry = /srv srv none bind,optional,rw,create=dir 0 0\n"
                     "lxc.mount.entry = /srv/a mnt none bind,optional,ro,create=dir 0 0\n"
                     "lxc.mount.entry = /etc config overlay lowerdir=/etc,"
                     "upperdir=/var/lib/lxc/clone01/delta#2,workdir=/var/lib/lxc/clone01/work#2,"
                     "create=dir\n"
                     "+ directory delta#2 -> delta#2\n"
                     "+ directory work#2 -> work#2\n");
}

static void test_bad_mounts(void)
{
        static const char *const bad[] = {
                "",
                "bind",
                "bind=",
                "bind=srv",
                "bind=/a b",
                "bind=/a,b",
                "bind=/../a",
                "bind=/a:b",
                "bind=/a:/",
                "bind=/a:/b:rx",
                "bind=/a::",
                "overlay=/a:ro",
                "tmpfs=/a",
                "bind=/a\n/b",
                "bind=/a:/b:/c:ro",
                "bind=/a:/b'",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                _cleanup_(document_free_p) Document *document = NULL;
                _cleanup_(error_done) Error error = ERROR_NULL;
                char *mounts[] = { (char *) bad[i], NULL };
                CloneConfig spec = plain;
                CloneItems items;

                spec.mounts = mounts;
                g_assert_cmpint(document_new("", &document), ==, 0);
                if (clone_config(document, &spec, &items, &error) == 0)
                        g_error("'%s' was taken", bad[i]);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
        }
}

/* A rename: the directory itself is the other one's, so nothing is copied, and all stays what it was. */
static void test_moved(void)
{
        const CloneConfig spec = {
                .from = "/var/lib/lxc/ct01",
                .to = "/var/lib/lxc/ct02",
                .moved = true,
                .keep_mac = true,
        };

        ASSERT_CLONE(&spec,
                     "lxc.rootfs.path = overlay:/var/lib/lxc/ct01/rootfs:/var/lib/lxc/ct01/overlay/"
                     "delta\nlxc.rootfs.managed = 0\nlxc.uts.name = ct01\n"
                     "lxc.hook.start-host = /var/lib/lxc/ct01/rootfs/root/hook x\n"
                     "lxc.mount.fstab = /var/lib/lxc/ct01/fstab\n",
                     "lxc.rootfs.path = overlay:/var/lib/lxc/ct02/rootfs:/var/lib/lxc/ct02/overlay/"
                     "delta\nlxc.rootfs.managed = 0\nlxc.uts.name = ct01\n"
                     "lxc.hook.start-host = /var/lib/lxc/ct02/rootfs/root/hook x\n"
                     "lxc.mount.fstab = /var/lib/lxc/ct02/fstab\n"
                     "+ file rootfs/root/hook -> rootfs/root/hook\n"
                     "+ text fstab -> fstab\n");
}

static void test_text(void)
{
        g_autofree char *text =
                clone_config_text("/x/a /x/a/b /x/ab y=/x/a z/x/a\n/x/a", "/x/a", "/q");

        g_assert_cmpstr(text, ==, "/q /q/b /x/ab y=/q z/x/a\n/q");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/clone-config/own-values-go-to-the-end", test_plain);
        g_test_add_func("/clone-config/old-names-stay-old", test_legacy);
        g_test_add_func("/clone-config/the-name-may-stay", test_keep_name);
        g_test_add_func("/clone-config/options-of-another-file-system-are-left-out", test_options);
        g_test_add_func("/clone-config/options-are-of-the-mount-or-of-the-file-system",
                        test_divided_options);
        g_test_add_func("/clone-config/addresses-are-fresh", test_hwaddr);
        g_test_add_func("/clone-config/files-go-along", test_files);
        g_test_add_func("/clone-config/mounted-directories-go-along", test_mounts);
        g_test_add_func("/clone-config/mounts-are-added", test_more_mounts);
        g_test_add_func("/clone-config/bad-mounts-are-refused", test_bad_mounts);
        g_test_add_func("/clone-config/a-moved-one-stays-what-it-was", test_moved);
        g_test_add_func("/clone-config/paths-in-texts", test_text);
        return g_test_run();
}
