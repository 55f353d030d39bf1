/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/hook.h"

#include "base/strv.h"
#include "runtime/environment.h"
#include "runtime/plan.h"

static const char *const log_level_names[] = {
        "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "ERROR", "CRIT", "ALERT", "FATAL",
};

static const char *log_level(const Config *config)
{
        int level = config->monitor.log_level;

        if (level < 0 || level >= (int) ELEMENTS(log_level_names))
                return NULL;
        return log_level_names[level];
}

static int common_environment(char ***list, const Config *config, const PlanInput *input)
{
        const struct {
                const char *name, *value;
        } variables[] = {
                { "LXC_NAME", input->name },
                { "LXC_CONFIG_FILE", input->config_file },
                { "LXC_ROOTFS_PATH", plan_rootfs_path(config) },
                { "LXC_ROOTFS_MOUNT", plan_rootfs_mount(config) },
                { "LXC_CONSOLE", config->terminal.console_path },
                { "LXC_CONSOLE_LOGPATH", config->terminal.console_logfile },
                { "LXC_CGNS_AWARE", "1" },
                { "LXC_LOG_LEVEL", log_level(config) },
                { "LXC_HOOK_VERSION", config->hook.version ? "1" : "0" },
        };

        for (size_t i = 0; i < ELEMENTS(variables); i++)
                if (environment_set(list, variables[i].name, variables[i].value) < 0)
                        return -ENOMEM;
        return 0;
}

static int set_fill(HookSet *set, const Config *config, const PlanInput *input)
{
        if (string_set(&set->name, input->name) < 0 ||
            environment_inherit(input->environment, &set->environment) < 0 ||
            common_environment(&set->environment, config, input) < 0)
                return -ENOMEM;
        set->version = config->hook.version;
        for (HookType type = 0; type < _HOOK_TYPE_MAX; type++)
                if (strv_copy(&set->lines[type], config->hook.lines[type]) < 0)
                        return -ENOMEM;
        return 0;
}

int hook_set_make(const Config *config, const PlanInput *input, HookSet **ret, Error *reterr)
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
