/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: namespaces and limits. */

#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/pairs.h"
#include "runtime/plan/build.h"

static const uint64_t namespace_flags[_NAMESPACE_TYPE_MAX] = {
        [NAMESPACE_USER] = CLONE_NEWUSER,     [NAMESPACE_MNT] = CLONE_NEWNS,
        [NAMESPACE_PID] = CLONE_NEWPID,       [NAMESPACE_UTS] = CLONE_NEWUTS,
        [NAMESPACE_IPC] = CLONE_NEWIPC,       [NAMESPACE_NET] = CLONE_NEWNET,
        [NAMESPACE_CGROUP] = CLONE_NEWCGROUP,
};

/* With the host's mounts the host would get the container's root; with its processes, reboot(2) in
 * the container would be the host's. */
#define NAMESPACES_NEEDED (1U << NAMESPACE_MNT | 1U << NAMESPACE_PID)
#define NAMESPACES_DEFAULT                                                                         \
        (NAMESPACES_NEEDED | 1U << NAMESPACE_UTS | 1U << NAMESPACE_IPC | 1U << NAMESPACE_NET |     \
         1U << NAMESPACE_CGROUP)

static int take_share(PlanBuild *build, NamespaceType type, unsigned *types)
{
        const char *from = build->config->namespace.share[type];
        const char *name = namespace_type_name(type);

        if (!from)
                return 0;
        if (type == NAMESPACE_USER || type == NAMESPACE_MNT)
                return plan_refuse(build, "lxc.namespace.share",
                                   "'lxc.namespace.share.%s = %s' is not supported: a container "
                                   "always has a root of its own, and the ids of 'lxc.idmap'",
                                   name, from);
        if (type == NAMESPACE_TIME &&
            (build->config->namespace.time_boot || build->config->namespace.time_monotonic))
                return plan_invalid(build, "lxc.namespace.share",
                                    "'lxc.namespace.share.time = %s' takes the clocks of another, "
                                    "and 'lxc.time.offset' sets clocks of its own: remove one",
                                    from);
        *types &= ~(1U << type);
        return string_set(&build->plan->shares[type], from) < 0 ? plan_oom(build) : 0;
}

static int choose_namespaces(PlanBuild *build, unsigned *ret)
{
        const NamespaceConfig *config = &build->config->namespace;
        const char *key = config->clone ? "lxc.namespace.clone" : "lxc.namespace.keep";
        unsigned types = NAMESPACES_DEFAULT;

        if (config->clone)
                types &= config->clone;
        types &= ~config->keep;
        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++) {
                int r;

                if (NAMESPACES_NEEDED & ~types & 1U << type && !config->share[type])
                        return plan_refuse(build, key,
                                           "'%s' leaves out the %s namespace: a container "
                                           "without one of its own is not supported",
                                           key, namespace_type_name(type));
                r = take_share(build, type, &types);
                if (r < 0)
                        return r;
        }
        *ret = types;
        return 0;
}

static const struct {
        const char *unit;
        int64_t per_second, seconds;
} time_units[] = {
        { "h", 1, 3600 },  { "m", 1, 60 },       { "s", 1, 1 },
        { "ms", 1000, 0 }, { "us", 1000000, 0 }, { "ns", 1000000000, 0 },
};

static int time_offset(const char *text, int64_t *ret_seconds, int64_t *ret_nanoseconds)
{
        size_t n = strspn(text, "-0123456789");
        _cleanup_(free_p) char *digits = strndup(text, n);
        int64_t value, seconds, rest;

        if (!digits || parse_i64(digits, &value) < 0)
                return -EINVAL;
        text += n + strspn(text + n, " \t");
        for (size_t i = 0; i < ELEMENTS(time_units); i++) {
                if (!streq(text, time_units[i].unit))
                        continue;
                if (time_units[i].seconds > 0) {
                        *ret_nanoseconds = 0;
                        return __builtin_mul_overflow(value, time_units[i].seconds, ret_seconds)
                                       ? -ERANGE
                                       : 0;
                }
                seconds = value / time_units[i].per_second;
                rest = value % time_units[i].per_second;
                *ret_seconds = rest < 0 ? seconds - 1 : seconds;
                rest = rest < 0 ? rest + time_units[i].per_second : rest;
                *ret_nanoseconds = rest * (1000000000 / time_units[i].per_second);
                return 0;
        }
        return -EINVAL;
}

static int build_time(PlanBuild *build)
{
        const struct {
                const char *key, *clock, *value;
        } clocks[] = {
                { "lxc.time.offset.boot", "boottime", build->config->namespace.time_boot },
                { "lxc.time.offset.monotonic", "monotonic",
                  build->config->namespace.time_monotonic },
        };
        char text[128] = "";
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(clocks); i++) {
                int64_t seconds, nanoseconds;

                if (!clocks[i].value)
                        continue;
                if (time_offset(clocks[i].value, &seconds, &nanoseconds) < 0)
                        return plan_invalid(build, clocks[i].key, "'%s = %s' is not a time",
                                            clocks[i].key, clocks[i].value);
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%s %jd %jd\n", clocks[i].clock,
                                       (intmax_t) seconds, (intmax_t) nanoseconds);
        }
        if ((n > 0 || build->config->namespace.clone & 1U << NAMESPACE_TIME) &&
            string_set(&build->plan->time_offsets, text) < 0)
                return plan_oom(build);
        return 0;
}

int plan_build_namespaces(PlanBuild *build)
{
        const Config *config = build->config;
        Plan *plan = build->plan;
        unsigned types = 0;
        int r;

        r = choose_namespaces(build, &types);
        if (r == 0)
                r = build_time(build);
        if (r < 0)
                return r;
        if (plan_net_is_shared(config))
                types &= ~(1U << NAMESPACE_NET);
        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++)
                if (types & 1U << type)
                        plan->namespaces |= namespace_flags[type];
        plan->loopback = plan->namespaces & CLONE_NEWNET;

        if (config->uts_name && !(plan->namespaces & CLONE_NEWUTS))
                return plan_warn(build,
                                 "'lxc.uts.name' has no effect: the container has no uts namespace "
                                 "of its own");
        if (string_set(&plan->hostname, config->uts_name) < 0)
                return plan_oom(build);
        return 0;
}

static const struct {
        const char *name;
        int resource;
} resources[] = {
        { "as", RLIMIT_AS },           { "core", RLIMIT_CORE },
        { "cpu", RLIMIT_CPU },         { "data", RLIMIT_DATA },
        { "fsize", RLIMIT_FSIZE },     { "locks", RLIMIT_LOCKS },
        { "memlock", RLIMIT_MEMLOCK }, { "msgqueue", RLIMIT_MSGQUEUE },
        { "nice", RLIMIT_NICE },       { "nofile", RLIMIT_NOFILE },
        { "nproc", RLIMIT_NPROC },     { "rss", RLIMIT_RSS },
        { "rtprio", RLIMIT_RTPRIO },   { "rttime", RLIMIT_RTTIME },
        { "stack", RLIMIT_STACK },     { "sigpending", RLIMIT_SIGPENDING },
};

const char *plan_limit_name(int resource)
{
        for (size_t i = 0; i < ELEMENTS(resources); i++)
                if (resources[i].resource == resource)
                        return resources[i].name;
        return "unknown";
}

static int parse_limit_value(const char *text, size_t size, rlim_t *ret)
{
        _cleanup_(free_p) char *copy = strndup(text, size);
        uint64_t value;

        if (!copy)
                return -ENOMEM;
        if (streq(string_strip(copy), "unlimited")) {
                *ret = RLIM_INFINITY;
                return 0;
        }
        if (parse_u64(string_strip(copy), &value) < 0)
                return -EINVAL;
        *ret = value;
        return 0;
}

static int parse_limit(const KeyValue *item, PlanLimit *ret)
{
        const char *colon = strchr(item->value, ':');
        size_t soft = colon ? (size_t) (colon - item->value) : strlen(item->value);
        const char *hard = colon ? colon + 1 : item->value;

        for (size_t i = 0; i < ELEMENTS(resources); i++) {
                if (!streq(item->key, resources[i].name))
                        continue;
                ret->resource = resources[i].resource;
                if (parse_limit_value(item->value, soft, &ret->value.rlim_cur) < 0 ||
                    parse_limit_value(hard, strlen(hard), &ret->value.rlim_max) < 0 ||
                    ret->value.rlim_cur > ret->value.rlim_max)
                        return -EINVAL;
                return 0;
        }
        return -EINVAL;
}

static int copy_pairs(KeyValueList *to, const KeyValueList *from)
{
        for (size_t i = 0; i < from->n; i++)
                if (pairs_set(to, from->items[i].key, from->items[i].value) < 0)
                        return -ENOMEM;
        return 0;
}

int plan_build_limits(PlanBuild *build)
{
        const KeyValueList *list = &build->config->prlimit;
        Plan *plan = build->plan;

        plan->limits = calloc(list->n + 1, sizeof(PlanLimit));
        if (!plan->limits || copy_pairs(&plan->sysctls, &build->config->sysctl) < 0 ||
            copy_pairs(&plan->proc_files, &build->config->proc) < 0)
                return plan_oom(build);
        for (size_t i = 0; i < list->n; i++) {
                if (parse_limit(&list->items[i], &plan->limits[i]) < 0)
                        return plan_invalid(build, "lxc.prlimit",
                                            "'lxc.prlimit.%s = %s' is not a limit: expected "
                                            "SOFT[:HARD], numbers or 'unlimited', of a known name",
                                            list->items[i].key, list->items[i].value);
                plan->n_limits++;
        }
        return 0;
}
