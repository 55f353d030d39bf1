/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stages: file systems below the container's root. Every target is opened from root_fd without
 * following a symlink, and mounted on by that fd. */

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/path.h"
#include "base/strv.h"
#include "kernel/mount.h"
#include "runtime/payload/stage.h"

int stage_mount_failed(Error *reterr, int r, const char *what, const char *target)
{
        if (r == -ELOOP || r == -EXDEV)
                r = error_code(reterr, 0, -r,
                               "Cannot mount '%s' on '%s': a symbolic link is in the way", what,
                               target);
        else
                r = error_errno(reterr, -r, "Cannot mount '%s' on '%s'", what, target);
        return error_at(reterr, r, NULL, target);
}

int stage_mount_on(StageContext *context,
                   const char *type,
                   const char *const *options,
                   unsigned attributes,
                   const char *target,
                   Error *reterr)
{
        _cleanup_(fd_close_p) int target_fd = -EBADF, tree_fd = -EBADF;
        int r;

        target_fd = path_make_directory(context->root_fd, target);
        if (target_fd < 0)
                return stage_mount_failed(reterr, target_fd, type, target);
        tree_fd = mount_file_system(type, options, attributes);
        r = tree_fd < 0 ? tree_fd : mount_attach(tree_fd, target_fd);
        if (r < 0)
                return stage_mount_failed(reterr, r, type, target);
        return TAKE_FD(tree_fd);
}

int stage_dev(StageContext *context, Error *reterr)
{
        /* What entries of the configuration may want to mount on. */
        static const char *const directories[] = { "mqueue", "pts", "shm" };
        char size[32];
        const char *options[] = { "source=none", "mode=755", size, NULL };
        _cleanup_(fd_close_p) int fd = -EBADF;

        if (!context->plan->autodev)
                return 0;
        (void) snprintf(size, sizeof(size), "size=%ju", (uintmax_t) context->plan->autodev_size);
        fd = stage_mount_on(context, "tmpfs", options, MOUNT_ATTR_NOSUID, "dev", reterr);
        if (fd < 0)
                return fd;
        for (size_t i = 0; i < ELEMENTS(directories); i++)
                if (mkdirat(fd, directories[i], 0755) < 0)
                        return error_errno(reterr, errno, "Cannot make '/dev/%s'", directories[i]);
        return 0;
}

/* A part of a mount as a mount of its own on itself, with one attribute set or cleared. */
static int remount_part(int tree_fd, const char *path, unsigned long set, unsigned long clear)
{
        _cleanup_(fd_close_p) int target_fd = -EBADF, part_fd = -EBADF;
        int r;

        target_fd = path_open_beneath(tree_fd, path, O_PATH, 0);
        if (target_fd < 0)
                return target_fd;
        part_fd = mount_clone(target_fd, "", false);
        if (part_fd < 0)
                return part_fd;
        r = mount_change(part_fd, set, clear, 0, false);
        return r < 0 ? r : mount_attach(part_fd, target_fd);
}

/* What is the host's is read-only; what is of the container's network is not, for one that may
 * configure it. */
static int protect_proc(StageContext *context, int proc_fd, Error *reterr)
{
        bool net = context->plan->security.capabilities >> CAP_NET_ADMIN & 1;
        _cleanup_(fd_close_p) int sys_fd = -EBADF;
        int r;

        r = remount_part(proc_fd, "sys", MS_RDONLY, 0);
        if (r < 0)
                return stage_mount_failed(reterr, r, "proc/sys", "proc/sys");
        if (net) {
                sys_fd = path_open_beneath(proc_fd, "sys", O_PATH | O_DIRECTORY, 0);
                r = sys_fd < 0 ? sys_fd : remount_part(sys_fd, "net", 0, MS_RDONLY);
                if (r < 0 && r != -ENOENT)
                        return stage_mount_failed(reterr, r, "proc/sys/net", "proc/sys/net");
        }
        r = remount_part(proc_fd, "sysrq-trigger", MS_RDONLY, 0);
        if (r < 0 && r != -ENOENT)
                return stage_mount_failed(reterr, r, "proc/sysrq-trigger", "proc/sysrq-trigger");
        return 0;
}

static int mount_proc(StageContext *context, Error *reterr)
{
        static const char *const options[] = { "source=proc", NULL };
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = stage_mount_on(context, "proc", options, ATTRIBUTES_SAFE, "proc", reterr);
        if (fd < 0)
                return fd;
        return context->plan->proc == AUTO_MIXED ? protect_proc(context, fd, reterr) : 0;
}

static int mount_host_sys(StageContext *context, Error *reterr)
{
        _cleanup_(fd_close_p) int target_fd = path_make_directory(context->root_fd, "sys");
        int r = target_fd < 0 ? target_fd : mount_attach(context->trees->sys, target_fd);

        return r < 0 ? stage_mount_failed(reterr, r, "/sys", "sys") : 0;
}

static int mount_sys(StageContext *context, Error *reterr)
{
        static const char *const options[] = { "source=sysfs", NULL };
        static const char net[] = "devices/virtual/net";
        _cleanup_(fd_close_p) int fd = -EBADF;
        unsigned attributes = ATTRIBUTES_SAFE;
        int r;

        if (context->trees->sys >= 0)
                return mount_host_sys(context, reterr);
        if (context->plan->sys != AUTO_READ_WRITE)
                attributes |= MOUNT_ATTR_RDONLY;
        fd = stage_mount_on(context, "sysfs", options, attributes, "sys", reterr);
        if (fd < 0)
                return fd;
        if (context->plan->sys != AUTO_MIXED)
                return 0;
        r = remount_part(fd, net, 0, MS_RDONLY);
        return r < 0 && r != -ENOENT ? stage_mount_failed(reterr, r, net, "sys") : 0;
}

int stage_automounts(StageContext *context, Error *reterr)
{
        int r = 0;

        if (context->plan->proc != AUTO_NONE)
                r = mount_proc(context, reterr);
        if (r == 0 && context->plan->sys != AUTO_NONE)
                r = mount_sys(context, reterr);
        return r;
}

static int open_target(StageContext *context, const PlanMount *mount)
{
        switch (mount->create) {
        case CREATE_DIRECTORY:
                return path_make_directory(context->root_fd, mount->target);
        case CREATE_FILE:
                return path_make_file(context->root_fd, mount->target);
        default:
                return path_open_beneath(context->root_fd, mount->target, O_PATH, 0);
        }
}

static int open_source(StageContext *context, const PlanMount *mount)
{
        if (mount->source_in_root)
                return path_open_in_root(context->root_fd, mount->source, O_PATH, 0);
        return tree_open_source(context->plan, mount->source);
}

static int change_mount(int tree_fd, const PlanMount *mount)
{
        int r = mount_change(tree_fd, mount->set, mount->clear, 0, false);

        if (r < 0)
                return r;
        return mount_change(tree_fd, 0, 0, mount->propagation & ~(unsigned long) MS_REC,
                            mount->propagation & MS_REC);
}

/* The kernel's word for a mixture of directory and file is EINVAL. */
static int check_kinds(int source_fd, int target_fd)
{
        struct stat source, target;

        if (fstat(source_fd, &source) < 0 || fstat(target_fd, &target) < 0)
                return -errno;
        if (S_ISDIR(source.st_mode) == S_ISDIR(target.st_mode))
                return 0;
        return S_ISDIR(source.st_mode) ? -ENOTDIR : -EISDIR;
}

/* What host root has made ready for the mount. */
static int attach_tree(int tree_fd, int target_fd)
{
        int r = check_kinds(tree_fd, target_fd);

        return r < 0 ? r : mount_attach(tree_fd, target_fd);
}

static int bind_mount(StageContext *context, const PlanMount *mount, int target_fd)
{
        _cleanup_(fd_close_p) int source_fd = -EBADF, tree_fd = -EBADF;
        int tree = context->trees->mounts ? context->trees->mounts[mount - context->plan->mounts]
                                          : -EBADF;
        int r;

        if (tree != -EBADF)
                return tree < 0 ? tree : attach_tree(tree, target_fd);
        source_fd = open_source(context, mount);
        if (source_fd < 0)
                return source_fd;
        r = check_kinds(source_fd, target_fd);
        if (r < 0)
                return r;
        tree_fd = mount_clone(source_fd, "", mount->recursive);
        if (tree_fd < 0)
                return tree_fd;
        r = change_mount(tree_fd, mount);
        return r < 0 ? r : mount_attach(tree_fd, target_fd);
}

static int new_mount(StageContext *context, const PlanMount *entry, int target_fd)
{
        _cleanup_(fd_close_p) int mounted_fd = -EBADF;
        FdPath target = fd_path(target_fd);

        if (mount(entry->source, target.text, entry->type, entry->set, entry->data) < 0)
                return -errno;
        if (!entry->propagation)
                return 0;
        mounted_fd = path_open_beneath(context->root_fd, entry->target, O_PATH, 0);
        return mounted_fd < 0 ? mounted_fd : change_mount(mounted_fd, entry);
}

static int mount_entry(StageContext *context, const PlanMount *mount, Error *reterr)
{
        _cleanup_(fd_close_p) int target_fd = -EBADF;
        int r;

        target_fd = open_target(context, mount);
        if (target_fd == -ENOENT)
                return error_at(reterr,
                                error_code(reterr, 0, ENOENT,
                                           "Cannot mount '%s' on '%s': the root file system has no "
                                           "'%s', and the entry no create=dir or create=file",
                                           mount->source, mount->target, mount->target),
                                NULL, mount->target);
        if (target_fd < 0)
                return stage_mount_failed(reterr, target_fd, mount->source, mount->target);
        if (mount->change)
                r = change_mount(target_fd, mount);
        else if (mount->type)
                r = new_mount(context, mount, target_fd);
        else
                r = bind_mount(context, mount, target_fd);
        return r < 0 ? stage_mount_failed(reterr, r, mount->source, mount->target) : 0;
}

int stage_mounts(StageContext *context, Error *reterr)
{
        const Plan *plan = context->plan;

        for (size_t i = 0; i < plan->n_mounts; i++) {
                _cleanup_(error_done) Error error = ERROR_NULL;
                int r = mount_entry(context, &plan->mounts[i], &error);

                if (r < 0 && !plan->mounts[i].optional) {
                        error_move(reterr, &error);
                        return r;
                }
                if (r < 0)
                        stage_note(context, LOG_DEBUG, "Optional: %s", error_message(&error));
        }
        return 0;
}
