/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/plan/plan.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/strv.h"
#include "config/pairs.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "runtime/plan/build.h"
#include "storage/owner.h"

#define FSTAB_SIZE_MAX (1U << 20)

void plan_input_host(PlanInput *input)
{
        input->environment = environ;
        input->labels = label_module();
        input->apparmor_mounts = input->labels == LABEL_APPARMOR && apparmor_mediates_mounts();
}

int plan_read_fstab(const Config *config, char **ret, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        const char *path = config->mount.fstab;
        int r;

        *ret = NULL;
        if (!path)
                return 0;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : file_read_fd(fd, FSTAB_SIZE_MAX, ret, NULL);
        if (r < 0)
                return error_at(reterr, error_errno(reterr, -r, "Cannot read '%s'", path), NULL,
                                "lxc.mount.fstab");
        return 0;
}

int plan_idmap_read(const Config *config,
                    const PlanInput *input,
                    PlanIdMapInput *ret,
                    Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(plan_idmap_input_done) PlanIdMapInput own = { .subids = SUBIDS_NULL };
        uid_t owner = 0;
        int r;

        *ret = own;
        if (config->namespace.n_idmaps == 0)
                return 0;
        fd = open(input->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open '%s'", input->directory);
        r = owner_read(fd, &owner, reterr);
        if (r == 0)
                r = subids_read(owner, &own.subids, reterr);
        if (r < 0)
                return error_at(reterr, r, NULL, "lxc.idmap");
        /* Only for the number of a line in an error. */
        if (file_read(AT_FDCWD, input->config_file, CONFIG_FILE_MAX, &own.config_text, NULL) ==
            -ENOMEM)
                return error_oom(reterr);
        own.given = true;
        *ret = own;
        own = (PlanIdMapInput){ 0 };
        return 0;
}

void plan_idmap_input_done(PlanIdMapInput *input)
{
        subids_done(&input->subids);
        free(input->config_text);
        *input = (PlanIdMapInput){ 0 };
}

HookInput plan_hook_input(const PlanInput *input)
{
        return (HookInput){
                .name = input->name,
                .config_file = input->config_file,
                .environment = input->environment,
                .timeout_usec = input->hook_timeout_usec,
                .of_run = true,
        };
}

static int
plan_raise(PlanBuild *build, ErrorCode code, const char *key, const char *format, va_list ap)
{
        _cleanup_(free_p) char *text = NULL;

        text = string_vformat(format, ap);
        if (!text)
                return plan_oom(build);
        return error_at(build->reterr, error_public(build->reterr, code, "%s", text), NULL, key);
}

int plan_refuse(PlanBuild *build, const char *key, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = plan_raise(build, ERROR_NOT_SUPPORTED, key, format, ap);
        va_end(ap);
        return r;
}

int plan_invalid(PlanBuild *build, const char *key, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = plan_raise(build, ERROR_INVALID_CONFIG, key, format, ap);
        va_end(ap);
        return r;
}

int plan_warn(PlanBuild *build, const char *format, ...)
{
        va_list ap;
        char *text;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        return !text || strv_take(&build->warnings, text) < 0 ? plan_oom(build) : 0;
}

int plan_oom(PlanBuild *build)
{
        return error_oom(build->reterr);
}

static int build_names(PlanBuild *build)
{
        const PlanInput *input = build->input;
        Plan *plan = build->plan;

        if (string_set(&plan->id, input->id) < 0 || string_set(&plan->name, input->name) < 0 ||
            string_set(&plan->directory, input->directory) < 0 ||
            string_set(&plan->config_file, input->config_file) < 0 ||
            string_set(&plan->lxcpath, input->lxcpath) < 0)
                return plan_oom(build);
        plan->ephemeral = build->config->start.ephemeral;
        return 0;
}

static int build_hooks(PlanBuild *build)
{
        HookInput input = plan_hook_input(build->input);

        return hook_set_make(build->config, &input, &build->plan->hooks, build->reterr);
}

static int (*const parts[])(PlanBuild *) = {
        build_names,           plan_build_namespaces, plan_build_idmap,     plan_build_rootfs,
        plan_build_automounts, plan_build_mounts,     plan_build_terminals, plan_build_limits,
        plan_build_cgroup,     plan_build_security,   plan_build_init,      plan_build_nets,
        build_hooks,
};

int plan_make(const Config *config,
              const PlanInput *input,
              Plan **ret,
              char ***ret_warnings,
              Error *reterr)
{
        _cleanup_(plan_free_p) Plan *plan = calloc(1, sizeof(Plan));
        PlanBuild build = { config, input, plan, NULL, reterr };
        int r = 0;

        if (!plan)
                return error_oom(reterr);
        for (size_t i = 0; i < ELEMENTS(parts) && r == 0; i++)
                r = parts[i](&build);
        if (r == 0)
                *ret = TAKE_PTR(plan);
        if (r == 0 && ret_warnings)
                *ret_warnings = TAKE_PTR(build.warnings);
        (void) strv_free(build.warnings);
        return r;
}

void plan_mount_done(PlanMount *mount)
{
        free(mount->source);
        free(mount->target);
        free(mount->type);
        free(mount->data);
        free(mount->idmap);
}

static void free_strings(Plan *plan)
{
        char *strings[] = {
                plan->id,
                plan->name,
                plan->directory,
                plan->config_file,
                plan->lxcpath,
                plan->time_offsets,
                plan->shared_mounts,
                plan->rootfs_path,
                plan->rootfs,
                plan->rootfs_mount,
                plan->hostname,
                plan->terminals.directory,
                plan->init.cwd,
                plan->terminals.console_logfile,
                plan->terminals.console_path,
                plan->security.seccomp_profile,
                plan->security.label,
                plan->security.label_keys,
                plan->security.apparmor_text,
        };

        for (size_t i = 0; i < ELEMENTS(strings); i++)
                free(strings[i]);
        for (size_t i = 0; i < ELEMENTS(plan->shares); i++)
                free(plan->shares[i]);
}

Plan *plan_free(Plan *plan)
{
        if (!plan)
                return NULL;
        free_strings(plan);
        (void) strv_free(plan->rootfs_directories);
        plan_mount_done(&plan->rootfs_options);
        for (size_t i = 0; i < plan->n_mounts; i++)
                plan_mount_done(&plan->mounts[i]);
        free(plan->mounts);
        free(plan->id_maps);
        free(plan->limits);
        pairs_done(&plan->sysctls);
        pairs_done(&plan->proc_files);
        pairs_done(&plan->cgroup_files);
        free(plan->devices.rules);
        (void) strv_free(plan->init.command);
        (void) strv_free(plan->init.environment);
        free(plan->init.groups);
        (void) hook_set_free(plan->hooks);
        plan_nets_free(plan->nets, plan->n_nets);
        free(plan);
        return NULL;
}
