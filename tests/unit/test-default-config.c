/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/parse.h"
#include "interfaces/errors.h"
#include "job-fixture.h"
#include "storage/default-config.h"
#include "storage/network.h"

static const Report nobody = { .fd = -EBADF };

/* Without a file of the host's, what is said depends on whether there is a bridge here. */
static void test_own(Fixture *fixture, gconstpointer data)
{
        gboolean bridge =
                g_file_test("/sys/class/net/" DEFAULT_BRIDGE "/bridge", G_FILE_TEST_EXISTS);
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(free_p) char *text = NULL;
        g_autofree char *path = scratch_path(&fixture->scratch, "no-such-file");

        g_assert_cmpint(default_config_read(path, &nobody, &text, NULL), ==, 0);
        g_assert_cmpint(config_parse_text(text, "default.conf", &config, NULL, NULL), ==, 0);
        g_assert_cmpuint(config->n_nets, ==, 1);
        g_assert_cmpstr(net_config_get(&config->nets[0], "type"), ==, bridge ? "veth" : "empty");
        g_assert_cmpstr(net_config_get(&config->nets[0], "link"), ==,
                        bridge ? DEFAULT_BRIDGE : NULL);
        g_assert_cmpint(network_default_keeper() != NETWORK_NONE, ==, bridge);
}

static void test_the_hosts(Fixture *fixture, gconstpointer data)
{
        const char *expected = "lxc.net.0.type = veth\nlxc.net.0.link = no-such-bridge\n";
        _cleanup_(free_p) char *text = NULL, *none = NULL;
        g_autofree char *path = scratch_path(&fixture->scratch, "default.conf");

        scratch_write(&fixture->scratch, "default.conf", expected, 0644);
        g_assert_cmpint(default_config_read(path, &nobody, &text, NULL), ==, 0);
        g_assert_cmpstr(text, ==, expected);
        g_assert_cmpint(default_config_read(NULL, &nobody, &none, NULL), ==, 0);
        g_assert_null(none);
}

static void test_others(Fixture *fixture, gconstpointer data)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(free_p) char *text = NULL;
        g_autofree char *path = scratch_path(&fixture->scratch, "default.conf");

        if (skip_unless_root())
                return;
        scratch_write(&fixture->scratch, "default.conf", "", 0666);
        g_assert_cmpint(default_config_read(path, &nobody, &text, &error), <, 0);
        g_assert_cmpint(error.code, ==, ERROR_ACCESS_DENIED);
}

/* What makes the bridge and what knows it by its address are two files. */
static void test_units(void)
{
        static const char *const names[] = { "80-lxcbr0.netdev", "80-lxcbr0.network" };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                g_autofree char *path =
                        g_build_filename(g_getenv("SOURCE_ROOT"), "units", names[i], NULL);
                g_autofree char *text = NULL;

                g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
                g_assert_nonnull(strstr(text, "\nName=" DEFAULT_BRIDGE "\n"));
                g_assert_nonnull(strstr(text, "\nMACAddress=" DEFAULT_BRIDGE_ADDRESS "\n"));
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/default-config/ours-has-the-bridge-where-there-is-one", test_own);
        ADD("/default-config/the-hosts-stands-as-it-is", test_the_hosts);
        ADD("/default-config/not-of-a-file-that-others-can-change", test_others);
        g_test_add_func("/default-config/the-bridge-is-that-of-the-units", test_units);
        return g_test_run();
}
