/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config-fixture.h"

#include "config/document.h"

static Document *document_of(const char *text)
{
        Document *document = NULL;

        g_assert_cmpint(document_new(text, &document), ==, 0);
        return document;
}

static void assert_document(const Document *document, const char *expected)
{
        _cleanup_(free_p) char *text = document_text(document);

        g_assert_cmpstr(text, ==, expected);
}

static void test_text_is_kept(void)
{
        static const char text[] = "# a comment\n\n  lxc.uts.name=\t'a'  \nwhatever\n"
                                   "lxc.include = /x\nlxc.unknown = 1\nlxc.broken\n";
        _cleanup_(document_free_p) Document *document = document_of(text);
        _cleanup_(document_free_p) Document *empty = document_of("");
        _cleanup_(document_free_p) Document *unended = document_of("a");

        assert_document(document, text);
        assert_document(empty, "");
        assert_document(unended, "a\n");
}

static void test_set_moves_to_the_end(void)
{
        _cleanup_(document_free_p) Document *document =
                document_of("lxc.uts.name = a\n# c\nlxc.utsname = b\nlxc.tty.max = 1\n");

        g_assert_cmpint(document_set(document, "lxc.uts.name", "c"), ==, 0);
        assert_document(document, "# c\nlxc.tty.max = 1\nlxc.uts.name = c\n");
        g_assert_cmpstr(document_get(document, "lxc.uts.name"), ==, "c");
        g_assert_cmpint(document_set(document, "lxc.uts.name", "a\nb"), ==, -EINVAL);
        g_assert_cmpint(document_set(document, "lxc.uts.name", " x "), ==, 0);
        g_assert_cmpstr(document_get(document, "lxc.uts.name"), ==, " x ");
}

static void test_unset(void)
{
        _cleanup_(document_free_p) Document *document = document_of("lxc.cgroup.dir = a\n"
                                                                    "lxc.cgroup.cpu.shares = 5\n"
                                                                    "lxc.cgroup.dir.monitor = m\n"
                                                                    "lxc.hook.start = /a\n"
                                                                    "lxc.hook.stop = /b\n"
                                                                    "lxc.hook.version = 1\n"
                                                                    "lxc.net.0.type = veth\n"
                                                                    "lxc.net.01.type = veth\n"
                                                                    "lxc.net.0.link = a\n"
                                                                    "lxc.net.1.type = empty\n");

        g_assert_cmpint(document_unset(document, "lxc.cgroup"), ==, 1);
        g_assert_cmpint(document_unset(document, "lxc.cgroup"), ==, 0);
        g_assert_cmpint(document_unset(document, "lxc.cgroup.dir"), ==, 1);
        g_assert_cmpint(document_unset(document, "lxc.net.0"), ==, 1);
        g_assert_cmpint(document_unset(document, "lxc.hook"), ==, 1);
        assert_document(
                document,
                "lxc.cgroup.dir.monitor = m\nlxc.net.01.type = veth\nlxc.net.1.type = empty\n");
}

static void test_type_keeps_its_place(void)
{
        _cleanup_(document_free_p) Document *document = document_of("lxc.net.0.type = veth\n"
                                                                    "lxc.net.0.veth.pair = a\n"
                                                                    "lxc.net.0.name = eth0\n");
        _cleanup_(free_p) char *text = NULL;
        _cleanup_(config_free_p) Config *config = NULL;

        g_assert_cmpint(document_set(document, "lxc.net.0.type", "veth"), ==, 0);
        assert_document(document,
                        "lxc.net.0.type = veth\nlxc.net.0.veth.pair = a\nlxc.net.0.name = eth0\n");
        g_assert_cmpint(document_set(document, "lxc.net.0.type", "macvlan"), ==, 0);
        assert_document(document, "lxc.net.0.type = macvlan\nlxc.net.0.name = eth0\n");
        text = document_text(document);
        config = parse_ok(text);
}

/* Old lines of a nic depend on their order: they are converted before one of them is touched. */
static void test_old_nics_are_converted_first(void)
{
        _cleanup_(document_free_p) Document *document = document_of("lxc.utsname = a\n"
                                                                    "lxc.network.type = veth\n"
                                                                    "lxc.network.link = br0\n"
                                                                    "lxc.network.type = veth\n"
                                                                    "lxc.network.link = br1\n");

        g_assert_cmpint(document_set(document, "lxc.net.0.link", "br9"), ==, 0);
        assert_document(document, "lxc.utsname = a\n"
                                  "lxc.net.0.type = veth\n"
                                  "lxc.net.1.type = veth\n"
                                  "lxc.net.1.link = br1\n"
                                  "lxc.net.0.link = br9\n");
        g_assert_cmpint(document_unset(document, "lxc.network.0"), ==, 1);
        assert_document(document, "lxc.utsname = a\nlxc.net.1.type = veth\nlxc.net.1.link = br1\n");
}

static void test_convert(void)
{
        _cleanup_(document_free_p) Document *document = document_of("# old\n"
                                                                    "lxc.utsname = a\n"
                                                                    "lxc.rootfs = /x\n"
                                                                    "lxc.rootfs.backend = lvm\n"
                                                                    "lxc.kmsg = 0\n"
                                                                    "lxc.pivotdir = p\n"
                                                                    "lxc.cap.drop = chown\n"
                                                                    "lxc.limit.core = 0\n"
                                                                    "lxc.network.type = veth\n"
                                                                    "lxc.network.ipv4 = 10.0.0.1\n"
                                                                    "lxc.network.type = empty\n"
                                                                    "lxc.net.5.ipv6 = fe80::1\n");
        static const char converted[] = "# old\n"
                                        "lxc.uts.name = a\n"
                                        "lxc.rootfs.path = lvm:/x\n"
                                        "lxc.cap.drop = chown\n"
                                        "lxc.prlimit.core = 0\n"
                                        "lxc.net.0.type = veth\n"
                                        "lxc.net.0.ipv4.address = 10.0.0.1\n"
                                        "lxc.net.1.type = empty\n"
                                        "lxc.net.5.ipv6.address = fe80::1\n";

        g_assert_cmpint(document_convert(document), ==, 1);
        assert_document(document, converted);
        g_assert_cmpint(document_convert(document), ==, 0);
        assert_document(document, converted);
}

static void test_fill_hwaddr(void)
{
        _cleanup_(document_free_p) Document *document =
                document_of("lxc.net.0.type = veth\nlxc.net.0.hwaddr = 00:16:3e:xx:xx:xx\n");

        g_assert_cmpint(document_fill_hwaddr(document), ==, 1);
        g_assert_null(strchr(document_get(document, "lxc.net.0.hwaddr"), 'x'));
        g_assert_cmpint(document_fill_hwaddr(document), ==, 0);
}

static void test_next(void)
{
        _cleanup_(document_free_p) Document *document =
                document_of("# x\nlxc.utsname = 'a b'\nnothing\nlxc.mount.entry = x y z\n");
        const char *key, *value;
        size_t position = 0;

        g_assert_true(document_next(document, &position, &key, &value));
        g_assert_cmpstr(key, ==, "lxc.uts.name");
        g_assert_cmpstr(value, ==, "a b");
        g_assert_true(document_next(document, &position, &key, &value));
        g_assert_cmpstr(key, ==, "lxc.mount.entry");
        g_assert_false(document_next(document, &position, &key, &value));
}

static void test_replace_in_place(void)
{
        _cleanup_(document_free_p) Document *document =
                document_of("lxc.network.type = veth\nlxc.network.hwaddr = 00:16:3e:00:00:01\n"
                            "lxc.network.type = veth\nlxc.network.hwaddr = 00:16:3e:00:00:02\n");
        const char *key, *value;
        size_t position = 0;

        while (document_next(document, &position, &key, &value))
                if (g_str_has_suffix(key, ".hwaddr"))
                        g_assert_cmpint(document_replace(document, position, "00:16:3e:00:00:0f"),
                                        ==, 0);
        assert_document(document,
                        "lxc.network.type = veth\nlxc.network.hwaddr = 00:16:3e:00:00:0f\n"
                        "lxc.network.type = veth\nlxc.network.hwaddr = 00:16:3e:00:00:0f\n");
        g_assert_cmpint(document_unset(document, "lxc.net.0"), >, 0);
        assert_document(document, "lxc.net.1.type = veth\nlxc.net.1.hwaddr = 00:16:3e:00:00:0f\n");
        position = 0;
        g_assert_true(document_next(document, &position, &key, &value));
        g_assert_cmpint(document_replace(document, position, "a\nb"), ==, -EINVAL);
}

static void test_set_alike(void)
{
        _cleanup_(document_free_p) Document *old =
                document_of("lxc.utsname = a\nlxc.rootfs = /x\n");
        _cleanup_(document_free_p) Document *new =
                document_of("lxc.uts.name = a\nlxc.rootfs.path = dir:/x\n");

        g_assert_true(document_is_legacy(old));
        g_assert_false(document_is_legacy(new));
        g_assert_cmpint(document_set_alike(old, "lxc.rootfs.path", "overlayfs:/x:/y"), ==, 0);
        g_assert_cmpint(document_set_alike(old, "lxc.ephemeral", "1"), ==, 0);
        assert_document(old, "lxc.utsname = a\nlxc.rootfs = overlayfs:/x:/y\nlxc.ephemeral = 1\n");
        g_assert_cmpint(document_set_alike(new, "lxc.rootfs.path", "overlay:/x:/y"), ==, 0);
        assert_document(new, "lxc.uts.name = a\nlxc.rootfs.path = overlay:/x:/y\n");
        g_assert_cmpint(document_set_alike(old, "lxc.rootfs.path", "a\nb"), ==, -EINVAL);
}

static void test_save_and_load(void)
{
        Scratch scratch = scratch_new();
        g_autofree char *path = scratch_path(&scratch, "config");
        g_autofree char *absent = scratch_path(&scratch, "no/config");
        _cleanup_(document_free_p) Document *document = document_of("lxc.uts.name = a\n");
        _cleanup_(document_free_p) Document *again = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;

        g_assert_cmpint(document_save(document, path, 0640, NULL), ==, 0);
        g_assert_cmpint(document_load(path, &again, NULL), ==, 0);
        assert_document(again, "lxc.uts.name = a\n");
        g_assert_cmpint(document_save(document, absent, 0640, &error), ==, -ENOENT);
        g_assert_true(g_str_has_prefix(error_message(&error), "Cannot write the configuration"));
        scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-document/the-text-is-kept", test_text_is_kept);
        g_test_add_func("/config-document/a-set-key-moves-to-the-end", test_set_moves_to_the_end);
        g_test_add_func("/config-document/unset-takes-what-the-key-means", test_unset);
        g_test_add_func("/config-document/a-nics-type-keeps-its-place", test_type_keeps_its_place);
        g_test_add_func("/config-document/old-nics-are-converted-first",
                        test_old_nics_are_converted_first);
        g_test_add_func("/config-document/conversion-is-idempotent", test_convert);
        g_test_add_func("/config-document/hardware-addresses-are-filled-in", test_fill_hwaddr);
        g_test_add_func("/config-document/settings-are-walked", test_next);
        g_test_add_func("/config-document/a-value-is-replaced-in-its-place", test_replace_in_place);
        g_test_add_func("/config-document/old-documents-get-old-names", test_set_alike);
        g_test_add_func("/config-document/what-is-saved-is-loaded", test_save_and_load);
        return g_test_run();
}
