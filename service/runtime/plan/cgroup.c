/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: what is written into the payload's control group. A configuration made for cgroup version 1
 * is translated where version 2 has the same thing under another name; a key that is also given for
 * version 2 is left to that. */

#include <string.h>

#include "base/strv.h"
#include "config/pairs.h"
#include "runtime/plan/cgroup-translate.h"
#include "runtime/plan/build.h"

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

static int warn_lost(PlanBuild *build, const char *key, const char *why)
{
        return plan_warn(build, "'lxc.cgroup.%s' is of cgroup version 1 and has no effect: %s", key,
                         why);
}

/* `value` is the last one given for the key, or each one of a key that takes a line a device. */
static int translate(PlanBuild *build, const CgroupFile *file, const char *key, const char *value)
{
        const KeyValueList *v1 = &build->config->cgroup.v1, *v2 = &build->config->cgroup.v2;
        KeyValueList *files = &build->plan->cgroup_files;
        char name[CGROUP_NAME_SIZE], text[CGROUP_VALUE_SIZE];
        const char *second = cgroup_file_companion(file);
        int r;

        cgroup_file_name(file, key, name);
        if (key_value_get(v2, name))
                return 0;
        second = second ? key_value_get(v1, second) : NULL;
        r = cgroup_file_to_v2(file, value, second, text);
        if (r == -EROFS)
                return warn_lost(build, key, "it can only be read");
        if (r < 0)
                return plan_invalid(build, "lxc.cgroup",
                                    "'lxc.cgroup.%s = %s' has no equivalent in version 2%s%s%s",
                                    key, value,
                                    cgroup_file_companion(file) ? " without a fitting '" : "",
                                    cgroup_file_companion(file) ? cgroup_file_companion(file) : "",
                                    cgroup_file_companion(file) ? "'" : "");
        r = cgroup_file_is_per_device(file) ? pairs_add(files, name, text)
                                            : pairs_set(files, name, text);
        if (r < 0)
                return plan_oom(build);
        return plan_warn(build,
                         "'lxc.cgroup.%s' is of cgroup version 1, taken as 'lxc.cgroup2.%s = %s'",
                         key, name, text);
}

static int take_version_1(PlanBuild *build, const KeyValue *item, char ***seen)
{
        const CgroupFile *file = cgroup_file_find(item->key);
        bool repeats = file && cgroup_file_is_per_device(file);

        if (!repeats && strv_contains(*seen, item->key))
                return 0;
        if (!repeats && strv_add(seen, item->key) < 0)
                return plan_oom(build);
        if (!file)
                return warn_lost(build, item->key, "nothing is known of it; use 'lxc.cgroup2'");
        if (cgroup_file_lost(file))
                return warn_lost(build, item->key, cgroup_file_lost(file));
        return translate(build, file, item->key,
                         repeats ? item->value
                                 : key_value_get(&build->config->cgroup.v1, item->key));
}

static int build_version_1(PlanBuild *build)
{
        const KeyValueList *v1 = &build->config->cgroup.v1;
        bool devices_given = build->plan->devices.filter;
        _cleanup_(strv_free_p) char **seen = NULL;

        for (size_t i = 0; i < v1->n; i++) {
                const KeyValue *item = &v1->items[i];
                int r;

                if (is_device_rule(item))
                        r = devices_given ? 0 : add_device_rule(build, "lxc.cgroup", item);
                else
                        r = take_version_1(build, item, &seen);
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
