/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/check.h"

#include "base/strv.h"
#include "config/hook-line.h"
#include "config/line.h"
#include "interfaces/errors.h"

static int exclusive(const char *a, const char *b, Error *reterr)
{
        return error_public(
                reterr, ERROR_INVALID_CONFIG,
                "The keys '%s' and '%s' exclude each other: clear one with an empty value", a, b);
}

static int check_capabilities(const Config *config, Error *reterr)
{
        if (config->security.cap_drop && config->security.cap_keep_set)
                return exclusive("lxc.cap.drop", "lxc.cap.keep", reterr);
        return 0;
}

static int check_namespaces(const Config *config, Error *reterr)
{
        if (config->namespace.clone && config->namespace.keep)
                return exclusive("lxc.namespace.clone", "lxc.namespace.keep", reterr);
        return 0;
}

static int check_cgroup(const Config *config, Error *reterr)
{
        const CgroupConfig *cgroup = &config->cgroup;

        if (cgroup->dir && cgroup->dir_container)
                return exclusive("lxc.cgroup.dir", "lxc.cgroup.dir.container", reterr);
        if (cgroup->dir && cgroup->dir_monitor)
                return exclusive("lxc.cgroup.dir", "lxc.cgroup.dir.monitor", reterr);
        return 0;
}

static int check_nets(const Config *config, Error *reterr)
{
        for (size_t i = 0; i < config->n_nets; i++)
                if (!net_config_get(&config->nets[i], "type"))
                        return error_public(reterr, ERROR_INVALID_CONFIG,
                                            "The nic %u has no type: set 'lxc.net.%u.type'",
                                            config->nets[i].index, config->nets[i].index);
        return 0;
}

static bool overlap(uint32_t a, uint32_t n_a, uint32_t b, uint32_t n_b)
{
        return (uint64_t) a < (uint64_t) b + n_b && (uint64_t) b < (uint64_t) a + n_a;
}

/* The kernel refuses such a map without saying why. */
static int check_idmaps(const Config *config, Error *reterr)
{
        const NamespaceConfig *namespace = &config->namespace;

        for (size_t i = 0; i < namespace->n_idmaps; i++)
                for (size_t k = 0; k < i; k++) {
                        const IdMap *a = &namespace->idmaps[i], *b = &namespace->idmaps[k];

                        if (a->is_gid != b->is_gid)
                                continue;
                        if (overlap(a->inside, a->count, b->inside, b->count) ||
                            overlap(a->outside, a->count, b->outside, b->count))
                                return error_public(reterr, ERROR_INVALID_CONFIG,
                                                    "The ranges '%c %u %u %u' and '%c %u %u %u' of "
                                                    "'lxc.idmap' overlap",
                                                    b->is_gid ? 'g' : 'u', b->inside, b->outside,
                                                    b->count, a->is_gid ? 'g' : 'u', a->inside,
                                                    a->outside, a->count);
                }
        return 0;
}

int config_check(const Config *config, Error *reterr)
{
        static int (*const rules[])(const Config *, Error *) = {
                check_capabilities, check_namespaces, check_cgroup, check_nets, check_idmaps,
        };

        for (size_t i = 0; i < ELEMENTS(rules); i++) {
                int r = rules[i](config, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_hook(HookType type, const char *line, Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;
        const char *expected = NULL;
        int r;

        r = hook_split(line, &words);
        if (r == -ENOMEM)
                return error_oom(reterr);
        if (r < 0)
                expected = "words, every quote of which is closed";
        else if (type == HOOK_START && words[0][0] != '/')
                expected = "a program by its absolute path in the container";
        if (!expected)
                return 0;
        return error_public(reterr, ERROR_INVALID_CONFIG,
                            "The key 'lxc.hook.%s' has the value '%.*s', expected %s",
                            hook_type_name(type), text_shown_size(line), line, expected);
}

int config_check_hooks(const Config *config, Error *reterr)
{
        for (HookType type = 0; type < _HOOK_TYPE_MAX; type++)
                strv_foreach(line, config->hook.lines[type]) {
                        int r = check_hook(type, *line, reterr);

                        if (r < 0)
                                return r;
                }
        return 0;
}
