/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "interfaces/container-id.h"
#include "interfaces/errors.h"

static const char name_63[] = "a23456789012345678901234567890123456789012345678901234567890123";

static void test_good_names(void)
{
        static const char *const names[] = { "ct01", "a", "0", "A.b_c-d", "web..x", name_63 };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_assert_true(container_name_is_valid(names[i]));
                g_assert_cmpint(container_id_check(names[i], NULL), ==, 0);
        }
}

static void test_bad_names(void)
{
        g_autofree char *long_name = g_strnfill(200, 'a');
        g_autofree char *name_64 = g_strconcat(name_63, "x", NULL);
        const char *names[] = { "",    ".",    "..",       ".hidden", "_x",      "a/b",   "a\nb",
                                "a b", "a;rm", "\303\244", "a%i",     long_name, name_64, "a\x01" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                Error error = ERROR_NULL;

                g_assert_cmpint(container_name_check(names[i], &error), <, 0);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_NAME);
                g_assert_null(strchr(error_message(&error), '\n'));
                g_assert_cmpuint(strlen(error_message(&error)), <, 250);
                error_done(&error);
                g_assert_cmpint(container_id_check(names[i], NULL), <, 0);
        }
        g_assert_cmpint(container_name_check("-x", NULL), <, 0);
}

/* For those who remove or rename what somebody has put there. */
static void test_any(void)
{
        g_autofree char *longest = g_strnfill(CONTAINER_ID_MAX, 'a');
        g_autofree char *long_name = g_strnfill(CONTAINER_ID_MAX + 1, 'a');
        const char *taken[] = { "ct01", "-srv-lxc-web", "two words", "\303\244", "_x",
                                "a;rm", "a%i",          "a..",       longest };
        const char *refused[] = { "",     ".",     "..",       ".hidden", "a/b",   "../x",   "/x",
                                  "a\nb", "a\x7f", "\xff\xfe", "-x",      "-..-x", long_name };

        for (size_t i = 0; i < G_N_ELEMENTS(taken); i++)
                g_assert_cmpint(container_id_check_any(taken[i], NULL), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
                g_assert_cmpint(container_id_check_any(refused[i], NULL), <, 0);
}

static void test_path_ids(void)
{
        g_autofree char *directory = NULL, *name = NULL;

        g_assert_cmpint(
                container_id_locate("-srv-lxc-web\\x2d1", "/var/lib/lxc", &directory, &name, NULL),
                ==, 0);
        g_assert_cmpstr(directory, ==, "/srv/lxc/web-1");
        g_assert_cmpstr(name, ==, "web-1");
}

static void test_name_is_below_container_path(void)
{
        g_autofree char *directory = NULL, *name = NULL;

        g_assert_cmpint(container_id_locate("ct01", "/var/lib/lxc", &directory, &name, NULL), ==,
                        0);
        g_assert_cmpstr(directory, ==, "/var/lib/lxc/ct01");
        g_assert_cmpstr(name, ==, "ct01");
}

static void test_bad_path_ids(void)
{
        static const char *const ids[] = {
                "-",      "-x",       "--a",   "-a-",        "-..-etc", "-a-..-b",       "-a-.",
                "-a\\x2", "-a\\x00b", "-a\\q", "-srv-\\x20", "-a\\",    "-srv-a\\x2fb-",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
                g_test_message("%s", ids[i]);
                g_assert_cmpint(container_id_check(ids[i], NULL), <, 0);
        }
}

static void test_too_long_path_id_is_a_limit(void)
{
        g_autofree char *tail = g_strnfill(CONTAINER_ID_MAX, 'a');
        g_autofree char *id = g_strconcat("-", tail, NULL);
        Error error = ERROR_NULL;

        g_assert_cmpint(container_id_check(id, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_LIMITS_EXCEEDED);
        error_done(&error);
}

static void test_units(void)
{
        g_autofree char *unit = container_id_unit("ct-01"), *id = container_id_from_unit(unit);

        g_assert_cmpstr(unit, ==, "nagaya@ct-01.service");
        g_assert_cmpstr(id, ==, "ct-01");
        g_assert_null(container_id_from_unit("nagaya@.service"));
        g_assert_null(container_id_from_unit("nagaya.service"));
        g_assert_null(container_id_from_unit("xnagaya@a.service"));
}

static void test_of_directory(void)
{
        static const char *const paths[] = { "/srv/lxc", "/srv/a-b c", "/home/u/.local/share/lxc" };

        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                g_autofree char *id = container_id_of(paths[i], "ct-1", "/var/lib/lxc");
                g_autofree char *expected = g_build_filename(paths[i], "ct-1", NULL);
                _cleanup_(free_p) char *directory = NULL, *name = NULL;

                g_assert_cmpint(container_id_locate(id, "/var/lib/lxc", &directory, &name, NULL),
                                ==, 0);
                g_assert_cmpstr(directory, ==, expected);
                g_assert_cmpstr(name, ==, "ct-1");
        }
        {
                g_autofree char *id = container_id_of("/var/lib/lxc", "ct-1", "/var/lib/lxc");

                g_assert_cmpstr(id, ==, "ct-1");
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/container-id/good-names-pass", test_good_names);
        g_test_add_func("/container-id/bad-names-are-refused-in-one-short-line", test_bad_names);
        g_test_add_func("/id/of-what-is-no-container-is-one-component", test_any);
        g_test_add_func("/container-id/escaped-path-is-a-directory", test_path_ids);
        g_test_add_func("/container-id/name-is-below-the-container-path",
                        test_name_is_below_container_path);
        g_test_add_func("/container-id/bad-paths-are-refused", test_bad_path_ids);
        g_test_add_func("/container-id/too-long-path-is-a-limit", test_too_long_path_id_is_a_limit);
        g_test_add_func("/container-id/unit-names-round-trip", test_units);
        g_test_add_func("/container-id/is-made-of-a-directory", test_of_directory);
        return g_test_run();
}
