/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stage: /sys/fs/cgroup. In a cgroup namespace of its own the container mounts the hierarchy itself,
 * and sees its group as the root. Without one it is given copies of what host root has opened: its
 * own group at the end of directories that lead nowhere else, or all groups of the host. */

#include <linux/sched.h>
#include <sys/mount.h>

#include "base/path.h"
#include "kernel/mount.h"
#include "runtime/payload/stage.h"

static const char target[] = "sys/fs/cgroup";

static int mount_namespace_root(StageContext *context, Error *reterr)
{
        static const char *const options[] = { "source=cgroup2", NULL };
        unsigned attributes = ATTRIBUTES_SAFE;
        int fd;

        if (context->plan->cgroup == AUTO_READ_ONLY)
                attributes |= MOUNT_ATTR_RDONLY;
        fd = stage_mount_on(context, "cgroup2", options, attributes, target, reterr);
        if (fd < 0)
                return fd;
        (void) fd_close(fd);
        return 0;
}

static int attach_own(StageContext *context, int target_fd, Error *reterr)
{
        int r = target_fd < 0 ? target_fd : mount_attach(context->trees->cgroup, target_fd);

        return r < 0 ? stage_mount_failed(reterr, r, context->launch->cgroup_path, target) : 0;
}

static int mount_hierarchy(StageContext *context, Error *reterr)
{
        _cleanup_(fd_close_p) int target_fd = path_make_directory(context->root_fd, target);
        _cleanup_(fd_close_p) int own_fd = -EBADF;
        int r;

        r = target_fd < 0 ? target_fd : mount_attach(context->trees->cgroups, target_fd);
        if (r < 0)
                return stage_mount_failed(reterr, r, "/sys/fs/cgroup", target);
        if (context->plan->cgroup != AUTO_MIXED)
                return 0;
        own_fd = path_open_beneath(context->trees->cgroups, context->launch->cgroup_path,
                                   O_PATH | O_DIRECTORY, 0);
        return attach_own(context, own_fd, reterr);
}

/* The path is the host's, as /proc/self/cgroup says it. */
static int mount_own_group(StageContext *context, Error *reterr)
{
        static const char *const options[] = { "source=none", "mode=755", "size=100k", NULL };
        _cleanup_(fd_close_p) int tree_fd = -EBADF, own_fd = -EBADF;
        int r;

        tree_fd = stage_mount_on(context, "tmpfs", options, ATTRIBUTES_SAFE, target, reterr);
        if (tree_fd < 0)
                return tree_fd;
        own_fd = path_make_directory(tree_fd, context->launch->cgroup_path);
        r = attach_own(context, own_fd, reterr);
        if (r < 0 || context->plan->cgroup == AUTO_READ_WRITE)
                return r;
        r = mount_change(tree_fd, MS_RDONLY, 0, 0, false);
        return r < 0 ? stage_mount_failed(reterr, r, "tmpfs", target) : 0;
}

int stage_cgroup(StageContext *context, Error *reterr)
{
        const Plan *plan = context->plan;

        if (plan->cgroup == AUTO_NONE)
                return 0;
        if (plan->cgroup_whole)
                return mount_hierarchy(context, reterr);
        return plan->namespaces & CLONE_NEWCGROUP ? mount_namespace_root(context, reterr)
                                                  : mount_own_group(context, reterr);
}
