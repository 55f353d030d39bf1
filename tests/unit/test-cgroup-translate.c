/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <glib.h>
#include <stdlib.h>

#include "runtime/plan/cgroup-translate.h"

static const struct {
        const char *file, *value, *companion; /* of version 1 */
        const char *v2, *text;                /* text NULL: refused */
        int error;
} writes[] = {
        { "cpu.shares", "1024", NULL, "cpu.weight", "39", 0 },
        { "cpu.shares", "512", NULL, "cpu.weight", "20", 0 },
        { "cpu.shares", "2", NULL, "cpu.weight", "1", 0 },
        { "cpu.shares", "0", NULL, "cpu.weight", "1", 0 },
        { "cpu.shares", "262144", NULL, "cpu.weight", "10000", 0 },
        { "cpu.shares", "262145", NULL, "cpu.weight", NULL, -EINVAL },
        { "cpu.shares", "many", NULL, "cpu.weight", NULL, -EINVAL },
        { "memory.limit_in_bytes", "-1", NULL, "memory.max", "max", 0 },
        { "memory.limit_in_bytes", "64M", NULL, "memory.max", "64M", 0 },
        { "memory.soft_limit_in_bytes", "64M", NULL, "memory.low", "64M", 0 },
        { "memory.memsw.limit_in_bytes", "1G", "512M", "memory.swap.max", "536870912", 0 },
        { "memory.memsw.limit_in_bytes", "1000", "1000", "memory.swap.max", "0", 0 },
        { "memory.memsw.limit_in_bytes", "-1", "512M", "memory.swap.max", "max", 0 },
        { "memory.memsw.limit_in_bytes", "1G", "2G", "memory.swap.max", NULL, -EINVAL },
        { "memory.memsw.limit_in_bytes", "1G", "-1", "memory.swap.max", NULL, -EINVAL },
        { "memory.memsw.limit_in_bytes", "1G", NULL, "memory.swap.max", NULL, -EINVAL },
        { "memory.memsw.limit_in_bytes", "1X", "1", "memory.swap.max", NULL, -EINVAL },
        { "memory.memsw.limit_in_bytes", "99999999999T", "1", "memory.swap.max", NULL, -EINVAL },
        { "memory.usage_in_bytes", "0", NULL, "memory.current", NULL, -EROFS },
        { "cpuset.cpus", "0-1", NULL, "cpuset.cpus", "0-1", 0 },
        { "cpuset.mems", "0", NULL, "cpuset.mems", "0", 0 },
        /* Only the quota: the period in force stays. */
        { "cpu.cfs_quota_us", "50000", NULL, "cpu.max", "50000", 0 },
        { "cpu.cfs_quota_us", "-1", NULL, "cpu.max", "max", 0 },
        { "cpu.cfs_quota_us", "50000", "200000", "cpu.max", "50000 200000", 0 },
        { "cpu.cfs_period_us", "200000", NULL, "cpu.max", "max 200000", 0 },
        { "cpu.cfs_period_us", "200000", "50000", "cpu.max", "50000 200000", 0 },
        { "cpu.cfs_period_us", "200000", "-1", "cpu.max", "max 200000", 0 },
        { "pids.max", "100", NULL, "pids.max", "100", 0 },
        { "blkio.weight", "10", NULL, "io.weight", "1", 0 },
        { "blkio.weight", "500", NULL, "io.weight", "4950", 0 },
        { "blkio.weight", "1000", NULL, "io.weight", "10000", 0 },
        { "blkio.weight", "5", NULL, "io.weight", NULL, -EINVAL },
        { "blkio.weight_device", "8:0 1000", NULL, "io.weight", "8:0 10000", 0 },
        { "blkio.weight_device", "8:0", NULL, "io.weight", NULL, -EINVAL },
        { "blkio.throttle.read_bps_device", "8:0 1048576", NULL, "io.max", "8:0 rbps=1048576", 0 },
        { "blkio.throttle.write_bps_device", "8:16 0", NULL, "io.max", "8:16 wbps=max", 0 },
        { "blkio.throttle.read_iops_device", "8:0 10", NULL, "io.max", "8:0 riops=10", 0 },
        { "blkio.throttle.write_iops_device", "8:0 10", NULL, "io.max", "8:0 wiops=10", 0 },
        { "blkio.throttle.write_iops_device", "sda 10", NULL, "io.max", NULL, -EINVAL },
        { "hugetlb.2MB.limit_in_bytes", "-1", NULL, "hugetlb.2MB.max", "max", 0 },
        { "hugetlb.1GB.limit_in_bytes", "1G", NULL, "hugetlb.1GB.max", "1G", 0 },
};

static void test_writes(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(writes); i++) {
                const CgroupFile *file = cgroup_file_find(writes[i].file);
                char name[CGROUP_NAME_SIZE], text[CGROUP_VALUE_SIZE];

                g_test_message("%s = %s", writes[i].file, writes[i].value);
                g_assert_nonnull(file);
                g_assert_null(cgroup_file_lost(file));
                cgroup_file_name(file, writes[i].file, name);
                g_assert_cmpstr(name, ==, writes[i].v2);
                g_assert_cmpint(cgroup_file_to_v2(file, writes[i].value, writes[i].companion, text),
                                ==, writes[i].error);
                if (writes[i].text)
                        g_assert_cmpstr(text, ==, writes[i].text);
        }
}

static const struct {
        const char *file, *text, *companion, *value; /* value NULL: refused */
} reads[] = {
        { "cpu.shares", "39", NULL, "1024" },
        { "cpu.shares", "20", NULL, "512" },
        { "cpu.shares", "100", NULL, "2598" },
        { "cpu.shares", "10000", NULL, "262144" },
        { "cpu.shares", "x", NULL, NULL },
        { "memory.limit_in_bytes", "max", NULL, "9223372036854771712" },
        { "memory.limit_in_bytes", "4096", NULL, "4096" },
        { "memory.memsw.limit_in_bytes", "4096", "8192", "12288" },
        { "memory.memsw.limit_in_bytes", "max", "8192", "9223372036854771712" },
        { "memory.memsw.limit_in_bytes", "1", "9223372036854771712", "9223372036854771712" },
        { "memory.memsw.limit_in_bytes", "4096", NULL, NULL },
        { "cpu.cfs_quota_us", "max 100000", NULL, "-1" },
        { "cpu.cfs_quota_us", "50000 100000", NULL, "50000" },
        { "cpu.cfs_period_us", "max 100000", NULL, "100000" },
        { "cpu.cfs_period_us", "max", NULL, NULL },
        { "cpuacct.usage", "usage_usec 12\nuser_usec 3\n", NULL, "12000" },
        { "cpuacct.usage", "user_usec 3\n", NULL, NULL },
        { "blkio.weight", "default 100\n8:0 50", NULL, "20" },
        { "blkio.bfq.weight", "10000", NULL, "1000" },
        { "blkio.throttle.read_bps_device",
          "8:0 rbps=1000 wbps=max riops=max wiops=max\n8:16 rbps=max wbps=1 riops=max wiops=max\n"
          "8:32 rbps=2000 wbps=max riops=max wiops=max",
          NULL, "8:0 1000\n8:32 2000" },
};

static void test_reads(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(reads); i++) {
                g_autofree char *value = NULL;
                int r = cgroup_file_to_v1(cgroup_file_find(reads[i].file), reads[i].text,
                                          reads[i].companion, &value);

                g_test_message("%s", reads[i].file);
                g_assert_cmpint(r, ==, reads[i].value ? 0 : -EBADMSG);
                g_assert_cmpstr(value, ==, reads[i].value);
        }
}

/* Whatever weight is in force, written as it was read it stays. */
static void test_weights_come_back(void)
{
        static const char *const files[] = { "cpu.shares", "blkio.weight" };

        for (size_t k = 0; k < G_N_ELEMENTS(files); k++)
                for (unsigned n = 1; n <= 10000; n++) {
                        const CgroupFile *file = cgroup_file_find(files[k]);
                        g_autofree char *text = g_strdup_printf("%u", n), *value = NULL;
                        char again[CGROUP_VALUE_SIZE];

                        g_assert_cmpint(cgroup_file_to_v1(file, text, NULL, &value), ==, 0);
                        g_assert_cmpint(cgroup_file_to_v2(file, value, NULL, again), ==, 0);
                        /* Ten of version 2 are one of blkio's. */
                        g_assert_cmpuint(abs((int) n - atoi(again)), <=, k == 0 ? 0 : 11);
                }
}

static void test_lost(void)
{
        static const char *const names[] = {
                "memory.kmem.limit_in_bytes", "memory.swappiness",
                "cpu.rt_runtime_us",          "net_cls.classid",
                "cpuset.memory_migrate",      "freezer.state",
                "blkio.leaf_weight",          "memory.oom_control",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_nonnull(cgroup_file_lost(cgroup_file_find(names[i])));
}

static void test_version_2(void)
{
        static const char *const names[] = {
                "memory.max",      "cpu.weight",   "io.max",      "no.such",
                "hugetlb.2MB.max", "hugetlb..max", "memory.stat", "memory.",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_null(cgroup_file_find(names[i]));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cgroup-translate/what-is-written", test_writes);
        g_test_add_func("/cgroup-translate/what-is-read", test_reads);
        g_test_add_func("/cgroup-translate/weights-come-back", test_weights_come_back);
        g_test_add_func("/cgroup-translate/what-is-lost-says-why", test_lost);
        g_test_add_func("/cgroup-translate/version-2-stays", test_version_2);
        return g_test_run();
}
