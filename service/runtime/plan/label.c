/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: labels of AppArmor and SELinux. A name that this kernel cannot enforce is refused; what a
 * default configuration asks for without naming anything (`generated`) is not. */

#include "base/strv.h"
#include "runtime/plan/apparmor-profile.h"
#include "runtime/plan/build.h"

/* LXC's own, which its package loads. */
#define APPARMOR_DEFAULT "lxc-container-default-cgns"

static bool says_nothing(const char *label)
{
        return streq0(label, "unconfined") || streq0(label, "unchanged");
}

static int generate(PlanBuild *build)
{
        const SecurityConfig *config = &build->config->security;
        PlanSecurity *security = &build->plan->security;

        security->label = apparmor_profile_name(build->input->id);
        if (!security->label)
                return plan_oom(build);
        security->apparmor_text = apparmor_profile_text(
                security->label, config->apparmor_allow_nesting, config->apparmor_raw);
        return security->apparmor_text ? 0 : plan_oom(build);
}

/* Mounts that the kernel's AppArmor does not see could take a path's protection away. */
static int check_complete(PlanBuild *build)
{
        const SecurityConfig *config = &build->config->security;

        if (build->input->apparmor_mounts || config->apparmor_allow_incomplete)
                return 0;
        return plan_refuse(build, "lxc.apparmor.allow_incomplete",
                           "The kernel's AppArmor does not mediate mounts, so a profile can be "
                           "evaded: set 'lxc.apparmor.allow_incomplete = 1' to start all the same, "
                           "or 'lxc.apparmor.profile = unconfined'");
}

static int with_apparmor(PlanBuild *build)
{
        const char *profile = build->config->security.apparmor_profile;
        PlanSecurity *security = &build->plan->security;
        int r;

        if (says_nothing(profile))
                return 0;
        r = profile ? check_complete(build) : 0;
        if (r < 0)
                return r;
        security->label_module = LABEL_APPARMOR;
        if (streq0(profile, "generated"))
                return generate(build);
        security->label_optional = !profile;
        return string_set(&security->label, profile ? profile : APPARMOR_DEFAULT) < 0
                       ? plan_oom(build)
                       : 0;
}

static int without_apparmor(PlanBuild *build)
{
        const char *profile = build->config->security.apparmor_profile;

        if (!profile || says_nothing(profile))
                return 0;
        if (streq(profile, "generated"))
                return plan_warn(build, "'lxc.apparmor.profile = generated' has no effect: the "
                                        "kernel does not enforce AppArmor");
        return plan_refuse(build, "lxc.apparmor.profile",
                           "'lxc.apparmor.profile = %s' cannot be honoured: the kernel does not "
                           "enforce AppArmor; set 'unconfined' to start without",
                           profile);
}

static int selinux(PlanBuild *build)
{
        const SecurityConfig *config = &build->config->security;
        PlanSecurity *security = &build->plan->security;
        const char *context = config->selinux_context, *keys = config->selinux_context_keyring;
        bool enforced = build->input->labels == LABEL_SELINUX;

        if (says_nothing(context))
                context = NULL;
        if (!context && !keys)
                return 0;
        if (!enforced)
                return plan_refuse(build,
                                   context ? "lxc.selinux.context" : "lxc.selinux.context.keyring",
                                   "'lxc.selinux.context%s = %s' cannot be honoured: the kernel "
                                   "does not enforce SELinux; remove the key to start without",
                                   context ? "" : ".keyring", context ? context : keys);
        security->label_module = LABEL_SELINUX;
        return string_set(&security->label, context) < 0 ||
                               string_set(&security->label_keys, keys) < 0
                       ? plan_oom(build)
                       : 0;
}

int plan_build_labels(PlanBuild *build)
{
        int r = build->input->labels == LABEL_APPARMOR ? with_apparmor(build)
                                                       : without_apparmor(build);

        return r < 0 ? r : selinux(build);
}
