/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <glib.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "bus/object-path.h"

static void test_container(void)
{
        static const char *const ids[] = { "ct01", "web-1.x", "1", "-srv-my\\x20box", "_", "a_b" };

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
                g_autofree char *path = object_path_of_container(ids[i]), *id = NULL;

                g_assert_cmpint(object_path_to_container(path, &id), ==, 0);
                g_assert_cmpstr(id, ==, ids[i]);
        }
}

static void test_container_refused(void)
{
        static const char *const paths[] = {
                "/",
                "/org/nagaya1",
                "/org/nagaya1/container",
                "/org/nagaya1/container/a/b",
                "/org/nagaya1/container/_61",
                "/org/nagaya1/job/1",
                "/org/nagaya1/containers/a",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
                g_autofree char *id = NULL;

                g_assert_cmpint(object_path_to_container(paths[i], &id), ==, -EINVAL);
        }
}

static void test_job(void)
{
        g_autofree char *path = object_path_of_job(INT64_MAX);
        int64_t number = 0;

        g_assert_cmpint(object_path_to_job(path, &number), ==, 0);
        g_assert_cmpint(number, ==, INT64_MAX);
}

static void test_job_refused(void)
{
        static const char *const paths[] = {
                "/org/nagaya1/job",     "/org/nagaya1/job/0",
                "/org/nagaya1/job/07",  "/org/nagaya1/job/1_2",
                "/org/nagaya1/job/1/2", "/org/nagaya1/job/9223372036854775808",
                "/org/nagaya1/job/x",
        };
        int64_t number;

        for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
                g_assert_cmpint(object_path_to_job(paths[i], &number), ==, -EINVAL);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/object-path/container-ids-survive-the-round-trip", test_container);
        g_test_add_func("/object-path/a-container-has-one-path", test_container_refused);
        g_test_add_func("/object-path/job-numbers-survive-the-round-trip", test_job);
        g_test_add_func("/object-path/a-job-has-one-path", test_job_refused);
        return g_test_run();
}
