/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/subid.h"
#include "job-fixture.h"
#include "storage/check/check.h"

/* The job as nagaya-work runs it, for this machine, whatever that offers. */
static void test_job(Fixture *fixture, gconstpointer data)
{
        static const char *const expected[] = {
                "kernel",      "namespace net",   "cgroup v2", "idmapped mounts",
                "veth",        "default network", "systemd",   "subordinate ids",
                "backend dir", "template test",
        };
        g_autoptr(GHashTable) found = g_hash_table_new(g_str_hash, g_str_equal);
        Outcome outcome;
        json_t *row;
        size_t i;
        int fd;
        pid_t pid =
                start_job(fixture, "check-host", "", json_pack("{s:s}", "path", fixture->lxc), &fd);

        finish_job(pid, fd, &outcome);
        g_assert_cmpstr(json_string_value(json_object_get(outcome.last, "event")), ==, "end");
        json_array_foreach(json_object_get(json_object_get(outcome.last, "result"), "checks"), i,
                           row) {
                const char *feature = json_string_value(json_object_get(row, "feature"));
                const char *status = json_string_value(json_object_get(row, "status"));
                const char *detail = json_string_value(json_object_get(row, "detail"));

                g_assert_true(g_hash_table_add(found, (void *) feature));
                g_assert_nonnull(detail);
                g_test_message("%s: %s: %s", feature, status, detail);
                if (!g_str_equal(status, "enabled")) {
                        g_assert_true(g_str_equal(status, "missing") ||
                                      g_str_equal(status, "warning") ||
                                      g_str_equal(status, "required"));
                        /* What is not there is explained. */
                        g_assert_cmpstr(detail, !=, "");
                }
        }
        for (i = 0; i < ELEMENTS(expected); i++)
                g_assert_true(g_hash_table_contains(found, expected[i]));
        outcome_done(&outcome);
}

static void test_largest_range(void)
{
        const char *text = "other:1:1000000\nroot:100000:65536\n0:300000:100000\nroot:x:1\n";
        uint32_t first = 0, count = 0;

        g_assert_true(subid_text_largest(text, "root", 0, &first, &count));
        g_assert_cmpuint(first, ==, 300000);
        g_assert_cmpuint(count, ==, 100000);
        g_assert_false(subid_text_largest(text, "nobody", 65534, &first, &count));
        g_assert_false(subid_text_largest("", "root", 0, &first, &count));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        ADD("/host-check/every-feature-has-a-status-and-what-is-missing-a-reason", test_job);
        g_test_add_func("/host-check/the-largest-range-of-ids-counts", test_largest_range);
        return g_test_run();
}
