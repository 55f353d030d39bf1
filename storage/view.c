/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A bind mount needs a directory to be mounted on, and an empty directory under the final name would
 * already be a container to others. So the container path itself is covered by a tmpfs, in this
 * namespace only: the draft is mounted on a directory there, and the true container path stands
 * beside it, with a symlink for each of its entries. */

#include "storage/view.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strv.h"
#include "kernel/mount.h"
#include "storage/trash.h"

/* Where the true container path stands in the covering one. */
#define TRUE_PATH TRASH_PREFIX "path"

static int make_namespace(int *ret_host_fd, Error *reterr)
{
        *ret_host_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (*ret_host_fd < 0)
                return error_errno(reterr, errno, "Cannot open the mount namespace");
        if (unshare(CLONE_NEWNS) < 0)
                return error_errno(reterr, errno, "Cannot make a mount namespace");
        /* What the host unmounts meanwhile is unmounted here, too; nothing of ours gets out. */
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                return error_errno(reterr, errno, "Cannot detach the mounts from the host's");
        return 0;
}

/* Return: an O_PATH fd of the new directory, -errno. */
static int make_directory(int dir_fd, const char *name)
{
        if (mkdirat(dir_fd, name, 0755) < 0)
                return -errno;
        return path_open_beneath(dir_fd, name, O_PATH | O_DIRECTORY, 0);
}

static int attach(int dir_fd, const char *name, int tree_fd)
{
        _cleanup_(fd_close_p) int target_fd = make_directory(dir_fd, name);

        return target_fd < 0 ? target_fd : mount_attach(tree_fd, target_fd);
}

static bool is_neighbour(const char *entry, const char *name)
{
        return !streq(entry, ".") && !streq(entry, "..") && !streq(entry, name) &&
               !startswith(entry, TRASH_PREFIX);
}

static int link_neighbours(int cover_fd, int path_fd, const char *name)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int r = path_list(path_fd, ".", 0, &dir);

        if (r < 0)
                return r;
        while ((entry = readdir(dir))) {
                _cleanup_(free_p) char *target = NULL;

                if (!is_neighbour(entry->d_name, name))
                        continue;
                target = string_format(TRUE_PATH "/%s", entry->d_name);
                if (!target)
                        return -ENOMEM;
                if (symlinkat(target, cover_fd, entry->d_name) < 0)
                        return -errno;
        }
        return 0;
}

/* The trees are taken before the path is covered. */
static int take_trees(const Site *site, const Draft *draft, int *ret_path_fd, int *ret_draft_fd)
{
        _cleanup_(fd_close_p) int fd = -EBADF, path_fd = -EBADF;
        int draft_fd;

        /* Anew, by its name: fds from before lie in the other namespace. */
        fd = path_open_trusted(site->path, O_PATH | O_DIRECTORY, NULL);
        if (fd < 0)
                return fd;
        path_fd = mount_clone(fd, "", true);
        if (path_fd < 0)
                return path_fd;
        draft_fd = mount_clone(fd, draft->name, false);
        if (draft_fd < 0)
                return draft_fd;
        *ret_path_fd = TAKE_FD(path_fd);
        *ret_draft_fd = draft_fd;
        return 0;
}

static int cover(const Site *site, int path_fd, int draft_fd)
{
        _cleanup_(fd_close_p) int cover_fd = -EBADF, target_fd = -EBADF;
        static const char *const options[] = { "mode=0755", NULL };
        int r;

        cover_fd = mount_file_system("tmpfs", options, 0);
        if (cover_fd < 0)
                return cover_fd;
        target_fd = path_open_trusted(site->path, O_PATH | O_DIRECTORY, NULL);
        if (target_fd < 0)
                return target_fd;
        r = mount_attach(cover_fd, target_fd);
        if (r == 0)
                r = attach(cover_fd, TRUE_PATH, path_fd);
        if (r == 0)
                r = attach(cover_fd, site->name, draft_fd);
        return r < 0 ? r : link_neighbours(cover_fd, path_fd, site->name);
}

int view_leave(int host_fd, Error *reterr)
{
        return setns(host_fd, CLONE_NEWNS) < 0
                       ? error_errno(reterr, errno, "Cannot go back to the host's mounts")
                       : 0;
}

int view_enter(const Site *site, const Draft *draft, int *ret_host_fd, Error *reterr)
{
        _cleanup_(fd_close_p) int path_fd = -EBADF, draft_fd = -EBADF, host_fd = -EBADF;
        int r;

        r = make_namespace(&host_fd, reterr);
        if (r < 0)
                return r;
        r = take_trees(site, draft, &path_fd, &draft_fd);
        if (r == 0)
                r = cover(site, path_fd, draft_fd);
        if (r < 0) {
                r = error_errno(reterr, -r, "Cannot show the new container to the template as '%s'",
                                site->directory);
                (void) view_leave(host_fd, NULL);
                return r;
        }
        *ret_host_fd = TAKE_FD(host_fd);
        return 0;
}
