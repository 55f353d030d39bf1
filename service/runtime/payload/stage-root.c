/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stages: the process itself, the root file system, and what a namespace wants at its birth. */

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/strv.h"
#include "interfaces/names.h"
#include "kernel/label.h"
#include "kernel/link.h"
#include "kernel/mount.h"
#include "runtime/payload/stage.h"

#define SYNC_FD 3

/* Nothing in the container may look into us before init runs, and what the supervisor has open is
 * no business of ours. */
int stage_prepare(StageContext *context, Error *reterr)
{
        int r;

        if (prctl(PR_SET_PDEATHSIG, context->plan->init.parent_death_signal) < 0 ||
            prctl(PR_SET_DUMPABLE, 0) < 0)
                return error_errno(reterr, errno, "Cannot set up the process");
        if (context->sync_fd != SYNC_FD) {
                if (dup3(context->sync_fd, SYNC_FD, O_CLOEXEC) < 0)
                        return error_errno(reterr, errno, "Cannot move a file descriptor");
                context->sync_fd = SYNC_FD;
        }
        r = trees_close_others(context->trees, SYNC_FD + 1);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot close file descriptors");
        /* Ignored signals are inherited, and a service is started with SIGPIPE ignored. */
        (void) signal(SIGPIPE, SIG_DFL);
        /* Modes are written in full below; init begins with the usual mask. */
        (void) umask(0022);
        return 0;
}

int stage_propagation(StageContext *context, Error *reterr)
{
        /* Mounts of the host arrive here, none of ours ever arrives there. */
        if (mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
                return error_errno(reterr, errno, "Cannot separate mounts from the host's");
        return 0;
}

static int open_mount_point(const Plan *plan)
{
        int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
        int fd = open(plan->rootfs_mount, flags);

        if (fd < 0 && errno == ENOENT && startswith(plan->rootfs_mount, RUN_DIR "/") &&
            mkdir_parents(plan->rootfs_mount, 0755) == 0)
                fd = open(plan->rootfs_mount, flags);
        return fd < 0 ? -errno : fd;
}

/* Made here where nobody has had to make it before: what a hook of ours has mounted is then seen. */
static int open_root(StageContext *context, int target_fd, Error *reterr)
{
        const Trees *trees = context->trees;
        const PlanMount *options = &context->plan->rootfs_options;

        if (trees->root >= 0)
                return trees->root;
        if (trees->layers.holder >= 0)
                return layers_mount(&trees->layers, target_fd, options, reterr);
        return tree_open_root(context->launch, reterr);
}

int stage_root(StageContext *context, Error *reterr)
{
        const Plan *plan = context->plan;
        _cleanup_(fd_close_p) int tree_fd = -EBADF, target_fd = -EBADF;
        int r;

        target_fd = context->mount_point_fd >= 0 ? TAKE_FD(context->mount_point_fd)
                                                 : open_mount_point(plan);
        if (target_fd < 0)
                return error_at(reterr,
                                error_errno(reterr, -target_fd, "Cannot mount '%s' on '%s'",
                                            plan->rootfs, plan->rootfs_mount),
                                NULL, plan->rootfs_mount);
        tree_fd = open_root(context, target_fd, reterr);
        if (tree_fd < 0)
                return error_at(reterr, tree_fd, NULL, plan->rootfs);
        r = mount_attach(tree_fd, target_fd);
        if (r < 0)
                return error_at(reterr,
                                error_errno(reterr, -r, "Cannot mount '%s' on '%s'", plan->rootfs,
                                            plan->rootfs_mount),
                                NULL, plan->rootfs_mount);
        context->root_fd = TAKE_FD(tree_fd);
        return 0;
}

int stage_hostname(StageContext *context, Error *reterr)
{
        const char *name = context->plan->hostname;

        if (name && sethostname(name, strlen(name)) < 0)
                return error_errno(reterr, errno, "Cannot set the host name '%s'", name);
        return 0;
}

static int label_keys(const char *label)
{
        _cleanup_(fd_close_p) int proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return proc_fd < 0 ? -errno : label_set_of_keys(proc_fd, label);
}

int stage_keyring(StageContext *context, Error *reterr)
{
        if (!context->plan->security.session_keyring)
                return 0;
        if (context->plan->security.label_keys) {
                int r = label_keys(context->plan->security.label_keys);

                if (r < 0)
                        return error_at(reterr,
                                        error_errno(reterr, -r, "Cannot label the session keyring"),
                                        NULL, "lxc.selinux.context.keyring");
        }
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) >= 0)
                return 0;
        /* Without keyrings in the kernel, or with them forbidden to us, there is none to share. */
        if (errno == ENOSYS || errno == EPERM || errno == EACCES)
                return 0;
        return error_errno(reterr, errno, "Cannot make a session keyring");
}

int stage_loopback(StageContext *context, Error *reterr)
{
        int r = context->plan->loopback ? link_up("lo") : 0;

        return r < 0 ? error_errno(reterr, -r, "Cannot bring up interface 'lo'") : 0;
}

int stage_pivot(StageContext *context, Error *reterr)
{
        int r = mount_pivot(context->root_fd);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot make '%s' the root", context->plan->rootfs);
        context->root_fd = fd_close(context->root_fd);
        return 0;
}
