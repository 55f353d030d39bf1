/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: terminals, security and init. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>

#include "base/strv.h"
#include "config/environment.h"
#include "config/hook-line.h"
#include "interfaces/errors.h"
#include "runtime/plan/build.h"

#define TTY_MAX 200 /* their masters travel in one message: SCM_MAX_FD in unix(7) is 253 */

int plan_build_terminals(PlanBuild *build)
{
        const TerminalConfig *config = &build->config->terminal;
        PlanTerminals *terminals = &build->plan->terminals;
        unsigned sum = config->pty_max + config->tty_max;

        if (config->tty_max > TTY_MAX)
                return plan_invalid(build, "lxc.tty.max", "'lxc.tty.max = %u' is over %d",
                                    config->tty_max, TTY_MAX);
        if (sum < config->pty_max)
                return plan_invalid(build, "lxc.pty.max", "'lxc.pty.max = %u' is too much",
                                    config->pty_max);
        terminals->console = !streq0(config->console_path, "none");
        if (terminals->console && config->console_path && config->console_path[0] != '/')
                return plan_invalid(build, "lxc.console.path",
                                    "'lxc.console.path = %s' is neither 'none' nor the absolute "
                                    "path of a device or a file",
                                    config->console_path);
        terminals->n_ttys = config->tty_max;
        /* As LXC counts, but never fewer than we ourselves take. */
        terminals->pts_max = sum;
        if (sum > 0 && sum < config->tty_max + terminals->console)
                terminals->pts_max = config->tty_max + terminals->console;
        if (string_set(&terminals->directory, config->tty_dir) < 0 ||
            string_set(&terminals->console_logfile, config->console_logfile) < 0 ||
            (terminals->console && string_set(&terminals->console_path, config->console_path) < 0))
                return plan_oom(build);
        return 0;
}

uint64_t plan_capabilities(const Config *config)
{
        const SecurityConfig *security = &config->security;

        return security->cap_keep_set ? security->cap_keep : ~security->cap_drop;
}

int plan_build_security(PlanBuild *build)
{
        const SecurityConfig *config = &build->config->security;
        PlanSecurity *security = &build->plan->security;
        int r;

        r = plan_build_labels(build);
        if (r < 0)
                return r;
        security->capabilities = plan_capabilities(build->config);
        security->no_new_privs = config->no_new_privs;
        security->session_keyring = config->keyring_session;
        security->core_scheduling = build->config->sched_core;
        if (string_set(&security->seccomp_profile, config->seccomp_profile) < 0)
                return plan_oom(build);
        return 0;
}

static void build_personality(PlanBuild *build)
{
        const char *arch = build->config->arch;

        if (!arch)
                return;
        build->plan->personality_set = true;
        build->plan->personality = arch_is_32bit(arch) > 0 ? PER_LINUX32 : PER_LINUX;
}

static int build_command(PlanBuild *build)
{
        const char *text = build->config->init.command;
        char ***command = &build->plan->init.command;
        int r;

        r = hook_split(text ? text : "/sbin/init", command);
        if (r == -ENOMEM)
                return plan_oom(build);
        if (r < 0 || (*command)[0][0] != '/')
                return plan_invalid(build, "lxc.init.cmd",
                                    "'lxc.init.cmd = %s' is not an absolute path with arguments",
                                    text);
        return 0;
}

/* Of the private instance the console has number 0, the ttys follow. */
static int terminals_variable(PlanBuild *build, char ***environment)
{
        const PlanTerminals *terminals = &build->plan->terminals;
        _cleanup_(strv_free_p) char **names = NULL;
        _cleanup_(free_p) char *value = NULL;

        if (terminals->n_ttys == 0)
                return 0;
        for (unsigned i = 0; i < terminals->n_ttys; i++)
                if (strv_addf(&names, "pts/%u", i + terminals->console) < 0)
                        return -ENOMEM;
        value = strv_join(names, " ");
        return value ? strv_env_set(environment, "container_ttys", value) : -ENOMEM;
}

static int build_environment(PlanBuild *build)
{
        const Environment *config = &build->config->environment;
        char ***environment = &build->plan->init.environment;
        int r;

        r = environment_add_entries(environment, config->all, "lxc.environment",
                                    build->input->environment, build->reterr);
        if (r == 0)
                r = environment_add_entries(environment, config->runtime, "lxc.environment.runtime",
                                            build->input->environment, build->reterr);
        if (r < 0)
                return r;
        if (strv_env_set(environment, "container", "lxc") < 0 ||
            terminals_variable(build, environment) < 0)
                return plan_oom(build);
        return 0;
}

static int warn_without_effect(PlanBuild *build)
{
        const MonitorConfig *monitor = &build->config->monitor;
        const SecurityConfig *security = &build->config->security;
        const struct {
                const char *key, *why;
                bool set;
        } keys[] = {
                { "lxc.log.file", "the journal has it", monitor->log_file },
                { "lxc.log.syslog", "the journal has it", monitor->log_syslog },
                { "lxc.seccomp.allow_nesting", "the profile is loaded in any case",
                  security->seccomp_allow_nesting },
                { "lxc.monitor.unshare", "no mount of a container is ever made on the host",
                  monitor->unshare },
        };

        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (keys[i].set &&
                    plan_warn(build, "'%s' has no effect: %s", keys[i].key, keys[i].why) < 0)
                        return -ENOMEM;
        return 0;
}

int plan_build_init(PlanBuild *build)
{
        const InitConfig *config = &build->config->init;
        PlanInit *init = &build->plan->init;
        int r;

        build_personality(build);
        r = build_command(build);
        if (r == 0)
                r = build_environment(build);
        if (r == 0)
                r = warn_without_effect(build);
        if (r < 0)
                return r;
        init->uid = config->uid;
        init->gid = config->gid;
        init->groups = calloc(config->n_groups + 1, sizeof(gid_t));
        if (!init->groups || string_set(&init->cwd, config->cwd ? config->cwd : "/") < 0)
                return plan_oom(build);
        for (size_t i = 0; i < config->n_groups; i++)
                init->groups[i] = config->groups[i];
        init->n_groups = config->n_groups;
        init->parent_death_signal = build->config->monitor.signal_pdeath
                                            ? build->config->monitor.signal_pdeath
                                            : SIGKILL;
        return 0;
}
