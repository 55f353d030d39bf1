/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: the root file system, as far as it can be known without a look at the host. Of a source without
 * a type, what it is turns out at the start. */

#include "base/strv.h"
#include "runtime/plan/build.h"
#include "storage/backend/layers.h"

static int check_paths(PlanBuild *build, const char *type)
{
        const char *source = config_rootfs_source(build->config);
        bool data_set = type && streq(type, "zfs"); /* has a name, POOL/NAME */

        if ((source[0] == '/' || data_set) && config_rootfs_mount(build->config)[0] == '/')
                return 0;
        return plan_invalid(build, "lxc.rootfs.path",
                            "'lxc.rootfs.path' and 'lxc.rootfs.mount' must be absolute paths");
}

static bool has_layers(const char *type)
{
        return type && (streq(type, "overlay") || streq(type, "overlayfs") || streq(type, "aufs"));
}

/* Where a path below leads, the container decides by its symlinks. */
static int take_directories(PlanBuild *build, const char *type)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        Plan *plan = build->plan;
        int r;

        if (!has_layers(type))
                return strv_add(&plan->rootfs_directories, plan->rootfs) < 0 ? plan_oom(build) : 0;
        r = overlay_parse(plan->rootfs, &overlay, build->reterr);
        if (r < 0)
                return error_at(build->reterr, r, NULL, "lxc.rootfs.path");
        if (strv_copy(&plan->rootfs_directories, overlay.lowers) < 0 ||
            strv_add(&plan->rootfs_directories, overlay.upper) < 0)
                return plan_oom(build);
        return 0;
}

static int take_options(PlanBuild *build, const char *type)
{
        PlanMount *options = &build->plan->rootfs_options;
        int r;

        r = plan_take_options(build, "lxc.rootfs.options", build->config->rootfs.options, options);
        if (r < 0)
                return r;
        if (options->data && type && (streq(type, "dir") || streq(type, "btrfs")))
                return plan_invalid(build, "lxc.rootfs.options",
                                    "'lxc.rootfs.options' has '%s', which a directory cannot take",
                                    options->data);
        if (has_layers(type) && options->idmap && !streq(options->idmap, "container"))
                return plan_invalid(build, "lxc.rootfs.options",
                                    "'lxc.rootfs.options' has 'idmap=%s', which storage of type "
                                    "'%s' cannot take: only idmap=container",
                                    options->idmap, type);
        return 0;
}

int plan_build_rootfs(PlanBuild *build)
{
        const Config *config = build->config;
        const char *type = NULL;
        Plan *plan = build->plan;
        int r;

        if (!config->rootfs.path)
                return plan_refuse(build, "lxc.rootfs.path",
                                   "'lxc.rootfs.path' is not set: a container without a root file "
                                   "system of its own is not supported");
        (void) rootfs_path_split(config->rootfs.path, &type);
        r = check_paths(build, type);
        if (r < 0)
                return r;
        if (string_set(&plan->rootfs_path, config->rootfs.path) < 0 ||
            string_set(&plan->rootfs, config_rootfs_source(config)) < 0 ||
            string_set(&plan->rootfs_mount, config_rootfs_mount(config)) < 0)
                return plan_oom(build);
        r = take_directories(build, type);
        return r < 0 ? r : take_options(build, type);
}
