/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "job-fixture.h"

#define TEXT "# a comment\nlxc.uts.name = one\nnobody knows this\nlxc.utsname = two\n"

static void make(Fixture *fixture, const char *text)
{
        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        scratch_write(&fixture->scratch, "lxc/ct1/config", text, 0640);
}

static void assert_file(Fixture *fixture, const char *name, const char *expected)
{
        g_autofree char *path = g_build_filename(fixture->lxc, "ct1", name, NULL);
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, expected);
}

static void assert_set(Fixture *fixture, const char *key, const char *value, const char *expected)
{
        ASSERT_JOB(fixture, "configure", "ct1",
                   json_pack("{s:s,s:s,s:s}", "change", "set", "key", key, "value", value),
                   expected);
}

static void assert_unset(Fixture *fixture, const char *key, const char *expected)
{
        ASSERT_JOB(fixture, "configure", "ct1",
                   json_pack("{s:s,s:s}", "change", "unset", "key", key), expected);
}

static void assert_write(Fixture *fixture, const char *text, const char *expected)
{
        ASSERT_JOB(fixture, "configure", "ct1",
                   json_pack("{s:s,s:s}", "change", "write", "text", text), expected);
}

static void test_set(Fixture *fixture, gconstpointer data)
{
        g_autofree char *path = g_build_filename(fixture->lxc, "ct1", "config", NULL);
        struct stat st;

        make(fixture, TEXT);
        assert_set(fixture, "lxc.uts.name", "three", "");
        assert_file(fixture, "config", "# a comment\nnobody knows this\nlxc.uts.name = three\n");
        g_assert_cmpint(stat(path, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        assert_unset(fixture, "lxc.utsname", "");
        assert_unset(fixture, "lxc.tty.max", "");
        assert_file(fixture, "config", "# a comment\nnobody knows this\n");
}

static void test_bad(Fixture *fixture, gconstpointer data)
{
        make(fixture, TEXT);
        assert_set(fixture, "lxc.nosuch", "1", "InvalidConfig");
        assert_set(fixture, "lxc.cap.drop", "SYS_ADMIN", "InvalidConfig");
        assert_set(fixture, "lxc.hook.start", "bin/hook", "InvalidConfig");
        assert_set(fixture, "lxc.hook.mount", "/bin/hook 'a b", "InvalidConfig");
        assert_write(fixture, "lxc.hook.start = hook\n", "InvalidConfig");
        assert_set(fixture, "lxc.tty.max", "-1", "InvalidConfig");
        assert_set(fixture, "lxc.uts.name", "a\nlxc.tty.max = 1", "InvalidArgs");
        assert_unset(fixture, "lxc.nosuch", "NoSuchKey");
        assert_write(fixture, "lxc.tty.max\n", "InvalidConfig");
        assert_write(fixture, "lxc.cap.drop = mknod\nlxc.cap.keep = mknod\n", "InvalidConfig");
        ASSERT_JOB(fixture, "configure", "ct1", json_pack("{s:s}", "change", "nothing"),
                   "InvalidArgs");
        ASSERT_JOB(fixture, "configure", "ct2", json_pack("{s:s}", "change", "convert"),
                   "NoSuchContainer");
        assert_file(fixture, "config", TEXT);
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc/ct1"), ==, 1);
}

static void test_killed_writer(Fixture *fixture, gconstpointer data)
{
        make(fixture, TEXT);
        scratch_write(&fixture->scratch, "lxc/ct1/.#config.0123456789abcdef", "half", 0600);
        assert_set(fixture, "lxc.uts.name", "three", "");
        g_assert_cmpuint(scratch_count(&fixture->scratch, "lxc/ct1"), ==, 1);
}

/* What an old file may hold does not keep it from being changed elsewhere. */
static void test_old_hooks(Fixture *fixture, gconstpointer data)
{
        make(fixture, "lxc.hook.start = hook\n");
        assert_set(fixture, "lxc.uts.name", "one", "");
        assert_set(fixture, "lxc.hook.start", "/bin/hook a 'b c'", "");
        assert_file(fixture, "config", "lxc.uts.name = one\nlxc.hook.start = /bin/hook a 'b c'\n");
}

static void test_mend(Fixture *fixture, gconstpointer data)
{
        make(fixture, "lxc.uts.name = one\nlxc.nosuch = 1\n");
        assert_set(fixture, "lxc.tty.max", "1", "InvalidConfig");
        assert_unset(fixture, "lxc.nosuch", "");
        assert_file(fixture, "config", "lxc.uts.name = one\n");
}

static void test_version(Fixture *fixture, gconstpointer data)
{
        make(fixture, TEXT);
        ASSERT_JOB(fixture, "configure", "ct1",
                   json_pack("{s:s,s:s,s:s}", "change", "write", "text", "", "version", "1-2-3"),
                   "Busy");
        assert_file(fixture, "config", TEXT);
}

static void test_convert(Fixture *fixture, gconstpointer data)
{
        make(fixture, TEXT);
        ASSERT_JOB(fixture, "configure", "ct1", json_pack("{s:s}", "change", "convert"), "");
        assert_file(fixture, "config.backup", TEXT);
        assert_file(fixture, "config",
                    "# a comment\nlxc.uts.name = one\nnobody knows this\nlxc.uts.name = two\n");
        scratch_write(&fixture->scratch, "lxc/ct1/config.backup", "mine", 0640);
        ASSERT_JOB(fixture, "configure", "ct1", json_pack("{s:s}", "change", "convert"), "");
        assert_file(fixture, "config.backup", "mine");
}

static void test_symlink(Fixture *fixture, gconstpointer data)
{
        scratch_mkdir(&fixture->scratch, "lxc/ct1");
        scratch_write(&fixture->scratch, "elsewhere", TEXT, 0644);
        g_assert_cmpint(symlinkat("../../elsewhere", fixture->scratch.fd, "lxc/ct1/config"), ==, 0);
        assert_set(fixture, "lxc.uts.name", "three", "InvalidConfig");
        assert_write(fixture, "", "InvalidConfig");
        assert_file(fixture, "config", TEXT);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/configure/set-keeps-comments-unknown-lines-and-mode", test_set);
        ADD("/configure/what-is-wrong-leaves-the-file-as-it-was", test_bad);
        ADD("/configure/what-a-killed-writer-left-is-swept", test_killed_writer);
        ADD("/configure/a-broken-file-is-mended", test_mend);
        ADD("/configure/hooks-are-held-to-their-rules-when-they-are-set", test_old_hooks);
        ADD("/configure/another-version-is-busy", test_version);
        ADD("/configure/convert-once-and-keep-a-backup", test_convert);
        ADD("/configure/a-symlink-is-not-followed", test_symlink);
        return g_test_run();
}
