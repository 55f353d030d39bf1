/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: what is written into the payload's control group. A configuration made for cgroup version 1
 * is translated where version 2 has the same thing under another name; a key that is also given for
 * version 2 is left to that. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/pairs.h"
#include "runtime/cgroup-translate.h"
#include "runtime/plan-build.h"

#define DEFAULT_PERIOD_USEC "100000"

static int add_device_rule(PlanBuild *build, const char *family, const KeyValue *item)
{
        PlanDevices *devices = &build->plan->devices;
        DeviceRule rule;

        if (device_rule_parse(item->value, streq(item->key, "devices.allow"), &rule) < 0)
                return plan_invalid(build, family,
                                    "'%s.%s = %s' is not a device rule: expected 'a', or TYPE "
                                    "MAJOR:MINOR ACCESS as in 'c 1:3 rwm'",
                                    family, item->key, item->value);
        if (device_rules_add(&devices->rules, &devices->n_rules, &rule) < 0)
                return plan_oom(build);
        devices->filter = true;
        return 0;
}

static bool is_device_rule(const KeyValue *item)
{
        return streq(item->key, "devices.allow") || streq(item->key, "devices.deny");
}

static int build_version_2(PlanBuild *build)
{
        const KeyValueList *v2 = &build->config->cgroup.v2;

        for (size_t i = 0; i < v2->n; i++) {
                const KeyValue *item = &v2->items[i];
                int r = 0;

                if (is_device_rule(item))
                        r = add_device_rule(build, "lxc.cgroup2", item);
                else if (pairs_add(&build->plan->cgroup_files, item->key, item->value) < 0)
                        r = plan_oom(build);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Each writes the value of version 2. v1: all of the configuration, NULL for a single file of a
 * container that runs. Return: 0, -EINVAL. */

static int same(const KeyValueList *v1, const char *value, char *ret, size_t size)
{
        return snprintf(ret, size, "%s", value) < (int) size ? 0 : -EINVAL;
}

static int limit(const KeyValueList *v1, const char *value, char *ret, size_t size)
{
        return same(v1, streq(value, "-1") ? "max" : value, ret, size);
}

/* 2 to 262144 becomes 1 to 10000, as crun and runc do. */
static int shares(const KeyValueList *v1, const char *value, char *ret, size_t size)
{
        uint64_t n;

        if (parse_u64(value, &n) < 0 || n > 262144)
                return -EINVAL;
        n = n < 2 ? 2 : n;
        (void) snprintf(ret, size, "%" PRIu64, 1 + (n - 2) * 9999 / 262142);
        return 0;
}

static int quota(const KeyValueList *v1, const char *value, char *ret, size_t size)
{
        const char *most = value[0] == '-' ? "max" : value, *period;
        int n;

        /* The period that is in force stays. */
        if (!v1)
                return same(NULL, most, ret, size);
        period = key_value_get(v1, "cpu.cfs_period_us");
        n = snprintf(ret, size, "%s %s", most, period ? period : DEFAULT_PERIOD_USEC);
        return n < (int) size ? 0 : -EINVAL;
}

static const struct {
        const char *v1, *v2;
        int (*translate)(const KeyValueList *v1, const char *value, char *ret, size_t size);
} translations[] = {
        { "blkio.weight", "io.weight", same },
        { "cpu.cfs_quota_us", "cpu.max", quota },
        { "cpu.shares", "cpu.weight", shares },
        { "cpuset.cpus", "cpuset.cpus", same },
        { "cpuset.mems", "cpuset.mems", same },
        { "memory.limit_in_bytes", "memory.max", limit },
        { "memory.soft_limit_in_bytes", "memory.low", same },
        { "pids.max", "pids.max", same },
};

int cgroup_translate(
        const char *file, const char *value, const char **ret_file, char *ret, size_t size)
{
        *ret_file = file;
        for (size_t i = 0; i < ELEMENTS(translations); i++) {
                if (!streq(file, translations[i].v1))
                        continue;
                *ret_file = translations[i].v2;
                return value ? translations[i].translate(NULL, value, ret, size) : 0;
        }
        return value ? same(NULL, value, ret, size) : 0;
}

static int warn_lost(PlanBuild *build, const char *key)
{
        return plan_warn(build,
                         "'lxc.cgroup.%s' is of cgroup version 1 and has no effect: use "
                         "'lxc.cgroup2'",
                         key);
}

/* The last value given for the key. */
static int translate(PlanBuild *build, const char *key)
{
        const KeyValueList *v1 = &build->config->cgroup.v1, *v2 = &build->config->cgroup.v2;
        char value[256];

        for (size_t i = 0; i < ELEMENTS(translations); i++) {
                if (!streq(key, translations[i].v1))
                        continue;
                if (key_value_get(v2, translations[i].v2))
                        return 0;
                if (translations[i].translate(v1, key_value_get(v1, key), value, sizeof(value)) < 0)
                        return plan_invalid(build, "lxc.cgroup",
                                            "'lxc.cgroup.%s = %s' has no equivalent in version 2",
                                            key, key_value_get(v1, key));
                if (pairs_set(&build->plan->cgroup_files, translations[i].v2, value) < 0)
                        return plan_oom(build);
                return plan_warn(build,
                                 "'lxc.cgroup.%s' is of cgroup version 1, taken as "
                                 "'lxc.cgroup2.%s = %s'",
                                 key, translations[i].v2, value);
        }
        return streq(key, "cpu.cfs_period_us") ? 0 : warn_lost(build, key);
}

/* One translation or warning a key. */
static int build_version_1(PlanBuild *build)
{
        const KeyValueList *v1 = &build->config->cgroup.v1;
        bool devices_given = build->plan->devices.filter;
        _cleanup_(strv_free_p) char **seen = NULL;

        for (size_t i = 0; i < v1->n; i++) {
                const KeyValue *item = &v1->items[i];
                int r;

                if (is_device_rule(item)) {
                        r = devices_given ? 0 : add_device_rule(build, "lxc.cgroup", item);
                } else if (strv_contains(seen, item->key)) {
                        continue;
                } else {
                        r = strv_add(&seen, item->key) < 0 ? plan_oom(build)
                                                           : translate(build, item->key);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int warn_places(PlanBuild *build)
{
        const CgroupConfig *cgroup = &build->config->cgroup;
        const struct {
                const char *key;
                bool set;
        } keys[] = {
                { "lxc.cgroup.dir", cgroup->dir },
                { "lxc.cgroup.dir.container", cgroup->dir_container },
                { "lxc.cgroup.dir.monitor", cgroup->dir_monitor },
                { "lxc.cgroup.dir.monitor.pivot", cgroup->dir_monitor_pivot },
                { "lxc.cgroup.dir.container.inner", cgroup->dir_container_inner },
                { "lxc.cgroup.relative", cgroup->relative },
        };

        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (keys[i].set && plan_warn(build,
                                             "'%s' has no effect: the container's unit decides "
                                             "where its control group is",
                                             keys[i].key) < 0)
                        return plan_oom(build);
        return 0;
}

int plan_build_cgroup(PlanBuild *build)
{
        int r;

        r = build_version_2(build);
        if (r == 0)
                r = build_version_1(build);
        return r < 0 ? r : warn_places(build);
}
