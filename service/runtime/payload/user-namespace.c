/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/payload/user-namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "config/id-maps.h"
#include "kernel/idmap.h"
#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"

/* Documentation/admin-guide/cgroup-v2.rst, "Model of Delegation" */
static const char *const delegated[] = {
        "",
        "cgroup.procs",
        "cgroup.threads",
        "cgroup.subtree_control",
};

int user_namespace_delegate(const Plan *plan, int cgroup_fd, Error *reterr)
{
        uid_t uid = id_maps_root(plan->id_maps, plan->n_id_maps, false);
        gid_t gid = id_maps_root(plan->id_maps, plan->n_id_maps, true);

        for (size_t i = 0; i < ELEMENTS(delegated); i++)
                if (fchownat(cgroup_fd, delegated[i], uid, gid,
                             AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0)
                        return error_errno(reterr, errno, "Cannot give the control group to %u:%u",
                                           uid, gid);
        return 0;
}

static int write_maps(const Plan *plan, int proc_fd, pid_t pid, Error *reterr)
{
        _cleanup_(free_p) char *users = NULL, *groups = NULL;
        int r;

        users = id_maps_text(plan->id_maps, plan->n_id_maps, false);
        groups = id_maps_text(plan->id_maps, plan->n_id_maps, true);
        if (!users || !groups)
                return error_oom(reterr);
        r = idmap_write(proc_fd, pid, users, groups);
        if (r < 0)
                return error_at(reterr,
                                error_errno(reterr, -r,
                                            "Cannot map the ids of 'lxc.idmap' into the "
                                            "container's user namespace"),
                                "user-namespace", "lxc.idmap");
        return 0;
}

int user_namespace_begin(const Plan *plan, const LaunchChild *child, Trees *trees, Error *reterr)
{
        _cleanup_(fd_close_p) int proc_fd = -EBADF, user_fd = -EBADF;
        SyncMessage go = { .type = SYNC_GO };
        char name[16];
        int r;

        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0)
                return error_errno(reterr, errno, "Cannot open '/proc'");
        r = write_maps(plan, proc_fd, child->pid, reterr);
        if (r < 0)
                return r;
        user_fd = idmap_open(proc_fd, child->pid);
        if (user_fd < 0)
                return error_errno(reterr, -user_fd, "Cannot open the container's user namespace");
        r = trees_map(plan, trees, user_fd, reterr);
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof(name), "%d", child->pid);
        r = stage_write_settings(proc_fd, name, "lxc.proc", &plan->proc_files, reterr);
        if (r < 0)
                return error_at(reterr, r, "sysctl", NULL);
        r = sync_send(child->sync_fd, &go);
        /* A child that is gone has left its reason in the socket. */
        return r < 0 && r != -EPIPE ? error_errno(reterr, -r, "Cannot let init's setup go on") : 0;
}

int user_namespace_finish(const Plan *plan, pid_t pid, Error *reterr)
{
        for (size_t i = 0; i < plan->n_limits; i++) {
                const PlanLimit *limit = &plan->limits[i];

                if (prlimit(pid, limit->resource, &limit->value, NULL) < 0 && errno != ESRCH)
                        return error_at(reterr,
                                        error_errno(reterr, errno, "Cannot set 'lxc.prlimit.%s'",
                                                    plan_limit_name(limit->resource)),
                                        "limits", "lxc.prlimit");
        }
        return 0;
}
