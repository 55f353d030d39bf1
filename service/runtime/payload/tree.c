/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/payload/tree.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/log.h"
#include "base/path.h"
#include "base/strv.h"
#include "kernel/cgroup.h"
#include "kernel/mount.h"

/* Out of the way of standard streams and of the child's own socket. */
#define TREE_FD_MIN 8

static bool has_user_namespace(const Plan *plan)
{
        return plan->namespaces & CLONE_NEWUSER;
}

static bool is_wanted(const Plan *plan, const PlanMount *mount)
{
        return !mount->change && !mount->type && !mount->source_in_root &&
               (has_user_namespace(plan) || mount->idmap);
}

bool trees_wanted(const Launch *launch)
{
        const Plan *plan = launch->plan;

        if (has_user_namespace(plan) || plan->rootfs_options.idmap || launch->rootfs_fd >= 0)
                return true;
        for (size_t i = 0; i < plan->n_mounts; i++)
                if (is_wanted(plan, &plan->mounts[i]))
                        return true;
        return false;
}

static int cannot_map(Error *reterr, int r, const char *source)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *type = NULL;

        if (r != -EINVAL)
                return error_at(reterr,
                                error_errno(reterr, -r, "Cannot map the ids of '%s'", source), NULL,
                                source);
        fd = open(source, O_PATH | O_CLOEXEC);
        if (fd >= 0)
                (void) mount_type(fd, &type);
        return error_at(
                reterr,
                error_code(reterr, 0, EINVAL,
                           "Cannot map the ids of '%s': its file system, of type '%s', or one "
                           "mounted below it, cannot do that; keep it on ext4, xfs, btrfs or "
                           "tmpfs, or give its files to the ids of 'lxc.idmap' and remove the "
                           "option 'idmap='",
                           source, type ? type : "unknown"),
                NULL, source);
}

static int map_by_path(const PlanMount *mount, int tree_fd, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = open(mount->idmap, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        int r;

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open the user namespace '%s'",
                                   mount->idmap);
        r = mount_set_idmap(tree_fd, fd, mount->recursive);
        return r < 0 ? cannot_map(reterr, r, mount->source) : 0;
}

static int move_up(int *fd)
{
        int moved = fcntl(*fd, F_DUPFD_CLOEXEC, TREE_FD_MIN);

        if (moved < 0)
                return -errno;
        (void) fd_close(*fd);
        *fd = moved;
        return 0;
}

/* Is it below a directory that the container writes in? Return: what follows that in the path, or NULL. */
static const char *below_root(const Plan *plan, const char *source, const char **ret_root)
{
        strv_foreach(root, plan->rootfs_directories) {
                size_t n = strlen(*root);

                while (n > 0 && (*root)[n - 1] == '/')
                        n--;
                *ret_root = *root;
                if (n > 0 && strncmp(source, *root, n) == 0 && source[n] == '/')
                        return source + n;
        }
        return NULL;
}

int tree_open_source(const Plan *plan, const char *source)
{
        const char *root, *inside = below_root(plan, source, &root);
        _cleanup_(fd_close_p) int root_fd = -EBADF;
        int fd;

        if (!inside) {
                fd = open(source, O_PATH | O_CLOEXEC);
                return fd < 0 ? -errno : fd;
        }
        root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return root_fd < 0 ? -errno : path_open_in_root(root_fd, inside, O_PATH, 0);
}

/* A detached copy, whose mounts get what happens on the host and tell it nothing. */
static int copy_tree(const Plan *plan, const char *source, const PlanMount *options, bool recursive)
{
        _cleanup_(fd_close_p) int source_fd = tree_open_source(plan, source), tree_fd = -EBADF;
        int r;

        if (source_fd < 0)
                return source_fd;
        tree_fd = mount_clone(source_fd, "", recursive);
        if (tree_fd < 0)
                return tree_fd;
        r = mount_change(tree_fd, 0, 0, MS_SLAVE, true);
        if (r == 0)
                r = mount_change(tree_fd, options->set, options->clear, 0, false);
        if (r == 0)
                r = mount_change(tree_fd, 0, 0, options->propagation & ~(unsigned long) MS_REC,
                                 options->propagation & MS_REC);
        if (r == 0)
                r = move_up(&tree_fd);
        return r < 0 ? r : TAKE_FD(tree_fd);
}

/* Files that are nobody's inside are of little use there; LXC runs such a container all the same. */
static void check_owner(const Plan *plan, int root_fd)
{
        struct stat st;

        if (plan->n_id_maps == 0 || plan->rootfs_options.idmap || fstat(root_fd, &st) < 0)
                return;
        if (!plan_id_belongs(plan, false, st.st_uid) || !plan_id_belongs(plan, true, st.st_gid))
                log_event(LOG_WARNING, NULL,
                          "Root file system '%s' belongs to %u:%u, which is in no range of "
                          "'lxc.idmap': set 'lxc.rootfs.options = idmap=container', or give the "
                          "files to the mapped ids",
                          plan->rootfs, st.st_uid, st.st_gid);
}

static bool is_layered(const Rootfs *rootfs)
{
        return rootfs->backend == &backend_overlay || rootfs->backend == &backend_overlayfs;
}

/* As a start mounts it, whoever does. Return: tree fd, -errno. */
int tree_open_root(const Launch *launch, Error *reterr)
{
        const PlanMount *options = &launch->plan->rootfs_options;
        RootfsMount mount = {
                .flags = options->set,
                .data = options->data,
                .user = has_user_namespace(launch->plan),
        };
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (launch->rootfs_fd >= 0)
                fd = fcntl(launch->rootfs_fd, F_DUPFD_CLOEXEC, TREE_FD_MIN);
        else {
                r = rootfs_open(launch->rootfs, &mount, &fd, reterr);
                if (r < 0)
                        return r;
        }
        /* What happens on the host arrives in it, and nothing goes back. */
        r = fd < 0 ? -errno : mount_change(fd, 0, 0, MS_SLAVE, true);
        if (r == 0)
                r = mount_change(fd, 0, 0, options->propagation & ~(unsigned long) MS_REC,
                                 options->propagation & MS_REC);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot use root file system '%s'",
                                   launch->plan->rootfs);
        return TAKE_FD(fd);
}

static int open_root(const Launch *launch, Trees *trees, Error *reterr)
{
        const Plan *plan = launch->plan;
        int r;

        if (is_layered(launch->rootfs) && has_user_namespace(plan)) {
                r = layers_make(plan->rootfs, TREE_FD_MIN, &trees->layers, reterr);
                if (r == 0)
                        check_owner(plan, trees->layers.lowers[0]);
                return r;
        }
        trees->root = tree_open_root(launch, reterr);
        if (trees->root < 0)
                return trees->root;
        r = move_up(&trees->root);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot use root file system '%s'", plan->rootfs);
        check_owner(plan, trees->root);
        return 0;
}

static int make_root(const Launch *launch, Trees *trees, Error *reterr)
{
        const Plan *plan = launch->plan;
        PlanMount root = plan->rootfs_options;
        int r;

        if (!has_user_namespace(plan) && !root.idmap && launch->rootfs_fd < 0)
                return 0;
        r = open_root(launch, trees, reterr);
        if (r < 0)
                return error_at(reterr, r, "rootfs", plan->rootfs);
        if (!root.idmap || streq(root.idmap, "container"))
                return 0;
        root.source = plan->rootfs;
        root.recursive = true;
        r = map_by_path(&root, trees->root, reterr);
        return r < 0 ? error_at(reterr, r, "rootfs", plan->rootfs) : 0;
}

static int make_mount(const Plan *plan, const PlanMount *mount, int *fd, Error *reterr)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        *fd = copy_tree(plan, mount->source, mount, mount->recursive);
        if (*fd < 0 || !mount->idmap || streq(mount->idmap, "container"))
                return 0;
        r = map_by_path(mount, *fd, &error);
        if (r == 0)
                return 0;
        *fd = fd_close(*fd);
        if (!mount->optional) {
                error_move(reterr, &error);
                return error_at(reterr, r, "mount", mount->target);
        }
        *fd = r;
        return 0;
}

/* sysfs is only mounted anew by who has the network namespace. */
static int make_sys(const Plan *plan, Trees *trees, Error *reterr)
{
        const PlanMount options = {
                .set = MS_NOSUID | MS_NODEV | MS_NOEXEC |
                       (plan->sys == AUTO_READ_WRITE ? 0 : MS_RDONLY),
        };

        if (!has_user_namespace(plan) || plan->namespaces & CLONE_NEWNET || plan->sys == AUTO_NONE)
                return 0;
        trees->sys = copy_tree(plan, "/sys", &options, false);
        return trees->sys < 0
                       ? error_at(reterr, error_errno(reterr, -trees->sys, "Cannot copy '/sys'"),
                                  "mount-auto", "/sys")
                       : 0;
}

int trees_make(const Launch *launch, Trees *ret, Error *reterr)
{
        _cleanup_(trees_done) Trees trees = TREES_NULL;
        const Plan *plan = launch->plan;
        int r;

        trees.mounts = malloc((plan->n_mounts + 1) * sizeof(int));
        if (!trees.mounts)
                return error_oom(reterr);
        trees.n_mounts = plan->n_mounts;
        for (size_t i = 0; i < plan->n_mounts; i++)
                trees.mounts[i] = -EBADF;
        r = make_root(launch, &trees, reterr);
        if (r == 0)
                r = make_sys(plan, &trees, reterr);
        for (size_t i = 0; i < plan->n_mounts && r == 0; i++)
                if (is_wanted(plan, &plan->mounts[i]))
                        r = make_mount(plan, &plan->mounts[i], &trees.mounts[i], reterr);
        if (r < 0)
                return r;
        *ret = trees;
        trees = TREES_NULL;
        return 0;
}

static int copy_cgroup(int group_fd, AutoMount mode, int *ret)
{
        unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
        _cleanup_(fd_close_p) int tree_fd = mount_clone(group_fd, "", false);
        int r;

        if (tree_fd < 0)
                return tree_fd;
        if (mode != AUTO_READ_WRITE)
                flags |= MS_RDONLY;
        r = mount_change(tree_fd, flags, 0, MS_SLAVE, false);
        if (r == 0)
                r = move_up(&tree_fd);
        if (r < 0)
                return r;
        *ret = TAKE_FD(tree_fd);
        return 0;
}

int trees_add_cgroup(const Plan *plan, int cgroup_fd, Trees *trees, Error *reterr)
{
        AutoMount own = plan->cgroup == AUTO_MIXED ? AUTO_READ_WRITE : plan->cgroup;
        _cleanup_(fd_close_p) int top_fd = -EBADF;
        int r = 0;

        if (plan->cgroup == AUTO_NONE ||
            (plan->namespaces & CLONE_NEWCGROUP && !plan->cgroup_whole))
                return 0;
        if (plan->cgroup_whole) {
                top_fd = cgroup_open_path("/");
                r = top_fd < 0 ? top_fd : copy_cgroup(top_fd, plan->cgroup, &trees->cgroups);
        }
        if (r == 0)
                r = copy_cgroup(cgroup_fd, own, &trees->cgroup);
        return r < 0 ? error_at(reterr, error_errno(reterr, -r, "Cannot copy the control groups"),
                                "mount-cgroup", "lxc.mount.auto")
                     : 0;
}

static int map_tree(const PlanMount *mount, const char *source, int *fd, int user_fd, Error *reterr)
{
        int r;

        if (*fd < 0 || !streq0(mount->idmap, "container"))
                return 0;
        r = mount_set_idmap(*fd, user_fd, mount->recursive);
        if (r == 0)
                return 0;
        if (!mount->optional)
                return cannot_map(reterr, r, source);
        (void) fd_close(*fd);
        *fd = r;
        return 0;
}

int trees_map(const Plan *plan, Trees *trees, int user_namespace_fd, Error *reterr)
{
        PlanMount root = plan->rootfs_options;
        int r;

        root.recursive = true;
        r = map_tree(&root, plan->rootfs, &trees->root, user_namespace_fd, reterr);
        if (r == 0 && root.idmap && trees->layers.holder >= 0) {
                r = layers_map(&trees->layers, user_namespace_fd);
                if (r < 0)
                        r = cannot_map(reterr, r, trees->layers.name);
        }
        if (r < 0)
                return error_at(reterr, r, "rootfs", plan->rootfs);
        for (size_t i = 0; i < trees->n_mounts; i++) {
                const PlanMount *mount = &plan->mounts[i];

                r = map_tree(mount, mount->source, &trees->mounts[i], user_namespace_fd, reterr);
                if (r < 0)
                        return error_at(reterr, r, "mount", mount->target);
        }
        return 0;
}

static int compare(const void *a, const void *b)
{
        return *(const int *) a - *(const int *) b;
}

int trees_close_others(const Trees *trees, int first)
{
        size_t n = trees->n_mounts + trees->layers.n_lowers + 4 + LAYERS_FIXED;
        _cleanup_(free_p) int *kept = malloc(n * sizeof(int));

        if (!kept)
                return -ENOMEM;
        n = layers_fds(&trees->layers, kept);
        kept[n++] = trees->root;
        kept[n++] = trees->sys;
        kept[n++] = trees->cgroup;
        kept[n++] = trees->cgroups;
        for (size_t i = 0; i < trees->n_mounts; i++)
                kept[n++] = trees->mounts[i];
        qsort(kept, n, sizeof(int), compare);
        for (size_t i = 0; i < n; i++) {
                if (kept[i] < first)
                        continue;
                if (kept[i] > first && close_range((unsigned) first, (unsigned) kept[i] - 1, 0) < 0)
                        return -errno;
                first = kept[i] + 1;
        }
        return close_range((unsigned) first, ~0U, 0) < 0 ? -errno : 0;
}

void trees_done(Trees *trees)
{
        layers_done(&trees->layers);
        (void) fd_close(trees->root);
        (void) fd_close(trees->sys);
        (void) fd_close(trees->cgroup);
        (void) fd_close(trees->cgroups);
        for (size_t i = 0; i < trees->n_mounts; i++)
                (void) fd_close(trees->mounts[i]);
        free(trees->mounts);
        *trees = TREES_NULL;
}
