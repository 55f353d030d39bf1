/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/hook.h"

#include "base/strv.h"
#include "config/environment.h"

static const char *const log_level_names[] = {
        "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL",
};

#define LOG_LEVEL_DEFAULT "ERROR"

static const char *log_level(const Config *config)
{
        int level = config->monitor.log_level;

        if (level < 0 || level >= (int) ELEMENTS(log_level_names))
                return LOG_LEVEL_DEFAULT;
        return log_level_names[level];
}

static bool has_cgroup_namespace(const NamespaceConfig *config)
{
        unsigned bit = 1U << NAMESPACE_CGROUP;

        if (config->clone)
                return config->clone & bit;
        return !(config->keep & bit) && !config->share[NAMESPACE_CGROUP];
}

typedef struct Variable {
        const char *name, *value;
} Variable;

static int add_variables(char ***list, const Variable *variables, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (environment_set(list, variables[i].name, variables[i].value) < 0)
                        return -ENOMEM;
        return 0;
}

static int common_environment(char ***list, const Config *config, const HookInput *input)
{
        const Variable variables[] = {
                { "LXC_NAME", input->name },
                { "LXC_CONFIG_FILE", input->config_file },
                { "LXC_ROOTFS_PATH",
                  input->rootfs_path ? input->rootfs_path : config_rootfs_source(config) },
                { "LXC_ROOTFS_MOUNT",
                  input->rootfs_mount ? input->rootfs_mount : config_rootfs_mount(config) },
        };

        return add_variables(list, variables, ELEMENTS(variables));
}

static int run_environment(char ***list, const Config *config)
{
        const Variable variables[] = {
                { "LXC_CONSOLE", config->terminal.console_path },
                { "LXC_CONSOLE_LOGPATH", config->terminal.console_logfile },
                { "LXC_CGNS_AWARE", has_cgroup_namespace(&config->namespace) ? "1" : NULL },
                { "LXC_LOG_LEVEL", log_level(config) },
                { "LXC_HOOK_VERSION", config->hook.version ? "1" : "0" },
        };

        return add_variables(list, variables, ELEMENTS(variables));
}

static int set_fill(HookSet *set, const Config *config, const HookInput *input)
{
        if (string_set(&set->name, input->name) < 0 ||
            environment_inherit(input->environment, &set->environment) < 0 ||
            common_environment(&set->environment, config, input) < 0 ||
            (input->of_run && run_environment(&set->environment, config) < 0))
                return -ENOMEM;
        set->version = config->hook.version;
        set->timeout_usec = input->timeout_usec;
        for (HookType type = 0; type < _HOOK_TYPE_MAX; type++)
                if (strv_copy(&set->lines[type], config->hook.lines[type]) < 0)
                        return -ENOMEM;
        return 0;
}

int hook_set_make(const Config *config, const HookInput *input, HookSet **ret, Error *reterr)
{
        _cleanup_(hook_set_free_p) HookSet *set = calloc(1, sizeof(HookSet));
        int r;

        if (!set || set_fill(set, config, input) < 0)
                return error_oom(reterr);
        r = environment_add_entries(&set->inside, config->environment.all, "lxc.environment",
                                    input->environment, reterr);
        if (r < 0)
                return r;
        r = environment_add_entries(&set->inside, config->environment.hooks,
                                    "lxc.environment.hooks", input->environment, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(set);
        return 0;
}

HookSet *hook_set_free(HookSet *set)
{
        if (!set)
                return NULL;
        for (HookType type = 0; type < _HOOK_TYPE_MAX; type++)
                (void) strv_free(set->lines[type]);
        (void) strv_free(set->environment);
        (void) strv_free(set->inside);
        free(set->name);
        free(set);
        return NULL;
}
