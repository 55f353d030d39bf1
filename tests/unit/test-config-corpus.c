/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Configurations as they were written for LXC 1.0 to 6.0 (tests/data/config/good-*), broken ones
 * (bad-*), and the ones we ship. What they include below /usr/share/lxc is ours, taken from the
 * source tree: a copy of it all is made with the paths changed. */

#include "config-fixture.h"

#include "config/document.h"

#define LXC_CONFIG_DIR "/usr/share/lxc/config"

static char *source_path(const char *below)
{
        const char *root = g_getenv("SOURCE_ROOT");

        g_assert_nonnull(root);
        return g_build_filename(root, below, NULL);
}

/* Copies every file of `from`, changing the directory that they include from. */
static void copy_changed(const Scratch *scratch, const char *from)
{
        g_autofree char *path = source_path(from);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *source = g_build_filename(path, name, NULL);
                g_autofree char *text = NULL;
                g_autoptr(GString) changed = NULL;

                if (g_file_test(source, G_FILE_TEST_IS_DIR))
                        continue;
                g_assert_true(g_file_get_contents(source, &text, NULL, NULL));
                changed = g_string_new(text);
                g_string_replace(changed, LXC_CONFIG_DIR, scratch->path, 0);
                scratch_write(scratch, name, changed->str);
        }
}

/* As the build makes it of the copy. */
static void instantiate(const Scratch *scratch, const char *id, const char *part)
{
        g_autofree char *from = g_strconcat("distribution.", part, NULL);
        g_autofree char *path = scratch_path(scratch, from);
        g_autofree char *to = g_strdup_printf("%s.%s.conf", id, part);
        g_autofree char *text = NULL;
        g_autoptr(GString) changed = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        changed = g_string_new(text);
        g_assert_cmpuint(g_string_replace(changed, "@NAME@", id, 0), ==, 1);
        g_string_replace(changed, "@ID@", id, 0);
        scratch_write(scratch, to, changed->str);
}

static Scratch corpus_new(void)
{
        Scratch scratch = scratch_new();

        copy_changed(&scratch, "service/config/share");
        instantiate(&scratch, "debian", "common");
        instantiate(&scratch, "debian", "userns");
        instantiate(&scratch, "ubuntu", "userns");
        copy_changed(&scratch, "tests/data/config");
        return scratch;
}

typedef void (*CorpusCheck)(const char *path);

static unsigned for_each(const Scratch *scratch, const char *pattern, CorpusCheck check)
{
        g_autoptr(GDir) dir = g_dir_open(scratch->path, 0, NULL);
        const char *name;
        unsigned n = 0;

        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = scratch_path(scratch, name);

                if (!g_pattern_match_simple(pattern, name))
                        continue;
                check(path);
                n++;
        }
        return n;
}

static Config *load_ok(const char *path)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Config *config = NULL;

        if (config_load(path, &config, NULL, &error) < 0)
                g_error("%s", error_message(&error));
        return config;
}

static void check_good(const char *path)
{
        _cleanup_(config_free_p) Config *config = load_ok(path);
        _cleanup_(free_p) char *text = config_print(config);
        _cleanup_(config_free_p) Config *again = parse_ok(text);
        _cleanup_(free_p) char *second = config_print(again);

        g_assert_cmpstr(text, ==, second);
}

static void check_bad(const char *path)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Config *config = NULL;

        if (config_load(path, &config, NULL, &error) == 0)
                g_error("'%s' was taken", path);
        g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
        g_assert_nonnull(strstr(error_message(&error), path));
        g_assert_cmpint(strlen(error_message(&error)), <, 1000);
        g_assert_true(g_utf8_validate(error_message(&error), -1, NULL));
}

/* Converted to current names, a file means the same and nothing is left to warn of. */
static void check_converted(const char *path)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(config_free_p) Config *before = NULL, *after = NULL;
        _cleanup_(free_p) char *text_before = NULL, *text_after = NULL, *text = NULL;
        _cleanup_(strv_free_p) char **warnings = NULL;

        g_assert_cmpint(document_load(path, &document, NULL), ==, 0);
        g_assert_cmpint(document_fill_hwaddr(document), >=, 0);
        text = document_text(document);
        before = parse_ok(text);
        text_before = config_print(before);
        free(text);
        g_assert_cmpint(document_convert(document), >=, 0);
        text = document_text(document);
        g_assert_cmpint(config_parse_text(text, "converted", &after, &warnings, NULL), ==, 0);
        text_after = config_print(after);
        g_assert_cmpstr(text_before, ==, text_after);
        g_assert_null(warnings);
}

static void test_good(void)
{
        Scratch scratch = corpus_new();

        g_assert_cmpint(for_each(&scratch, "good-*.conf", check_good), >=, 10);
        scratch_remove(&scratch);
}

static void test_bad(void)
{
        Scratch scratch = corpus_new();

        g_assert_cmpint(for_each(&scratch, "bad-*.conf", check_bad), >=, 20);
        scratch_remove(&scratch);
}

static void test_converted(void)
{
        Scratch scratch = corpus_new();

        g_assert_cmpint(for_each(&scratch, "good-*.conf", check_converted), >=, 10);
        scratch_remove(&scratch);
}

static void test_shipped(void)
{
        Scratch scratch = corpus_new();
        g_autofree char *path = scratch_path(&scratch, "debian.common.conf");
        g_autofree char *seccomp = scratch_path(&scratch, "common.seccomp");
        _cleanup_(config_free_p) Config *config = NULL;

        g_assert_cmpint(for_each(&scratch, "*.common.conf", check_good), >=, 8);
        g_assert_cmpint(for_each(&scratch, "*.userns.conf", check_good), ==, 2);
        g_assert_cmpint(for_each(&scratch, "nesting.conf", check_good), ==, 1);
        config = load_ok(path);
        assert_get(config, "lxc.tty.max", "4");
        assert_get(config, "lxc.cap.drop",
                   "sys_module\nsys_rawio\nsys_time\nmac_override\nmac_admin\n");
        assert_get(config, "lxc.seccomp.profile", seccomp);
        g_assert_true(g_file_test(seccomp, G_FILE_TEST_IS_REGULAR));
        scratch_remove(&scratch);
}

/* An idmapped container takes back what only a privileged one wants. */
static void test_shipped_userns(void)
{
        Scratch scratch = corpus_new();
        g_autofree char *text = g_strdup_printf("lxc.include = %s/ubuntu.common.conf\n"
                                                "lxc.include = %s/ubuntu.userns.conf\n",
                                                scratch.path, scratch.path);
        _cleanup_(config_free_p) Config *config = parse_ok(text);

        assert_get(config, "lxc.cap.drop", "");
        assert_get(config, "lxc.cgroup2", "");
        assert_get(config, "lxc.tty.dir", "");
        scratch_remove(&scratch);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-corpus/configurations-of-every-lxc-load", test_good);
        g_test_add_func("/config-corpus/broken-ones-are-refused-by-name", test_bad);
        g_test_add_func("/config-corpus/conversion-keeps-the-meaning", test_converted);
        g_test_add_func("/config-corpus/what-we-ship-loads", test_shipped);
        g_test_add_func("/config-corpus/userns-takes-back-what-it-must", test_shipped_userns);
        return g_test_run();
}
