/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/mount.h"
#include "storage/backend/outside.h"
#include "storage/backend/rootfs.h"

/* Elsewhere when the caller says so, beside the config when not. */
static int rootfs_path(const Volume *volume, char **ret, Error *reterr)
{
        const char *dir = volume->options ? volume->options->dir : NULL;

        *ret = dir ? string_format("dir:%s", dir)
                   : string_format("dir:%s/rootfs", volume->directory);
        return *ret ? 0 : error_oom(reterr);
}

int backend_make_directory(int dir_fd, const char *name, const char *path, Error *reterr)
{
        if (mkdirat(dir_fd, name, 0755) < 0)
                return error_errno(reterr, errno, "Cannot make '%s'", path);
        /* The mode asked for, whatever the umask. */
        if (fchmodat(dir_fd, name, 0755, 0) < 0)
                return error_errno(reterr, errno, "Cannot set the mode of '%s'", path);
        return 0;
}

int backend_make_like(const Volume *volume,
                      const char *name,
                      const struct stat *model,
                      Error *reterr)
{
        if (mkdirat(volume->dir_fd, name, 0755) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make '%s/%s'", volume->directory, name);
        if (fchownat(volume->dir_fd, name, model->st_uid, model->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
            fchmodat(volume->dir_fd, name, model->st_mode & 07777, 0) < 0)
                return error_errno(reterr, errno, "Cannot set up '%s/%s'", volume->directory, name);
        return 0;
}

/* Where the caller wants it: a directory that is not there yet, where nobody else can put another. */
static int create_elsewhere(const Volume *volume, const char *path, Error *reterr)
{
        const char *slash = strrchr(path, '/');
        _cleanup_(free_p) char *parent = strndup(path, (size_t) (slash - path)),
                               *record = string_format("dir:%s", path);
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (!parent || !record)
                return error_oom(reterr);
        fd = path_open_trusted(*parent ? parent : "/", O_RDONLY | O_DIRECTORY, NULL);
        if (fd == -EPERM)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "'%s' may be changed by others than root, so no root file "
                                    "system is kept in it",
                                    parent);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open '%s'", parent);
        if (faccessat(fd, slash + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return error_code(reterr, 0, EEXIST, "There is already a '%s'", path);
        r = outside_begin(volume, record, reterr);
        if (r < 0)
                return r;
        r = backend_make_directory(fd, slash + 1, path, reterr);
        if (r == 0)
                return outside_made(volume, record, fd, slash + 1, reterr);
        /* There may by now be one that is not ours. */
        outside_end(volume->dir_fd);
        return r;
}

static int dir_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        const char *elsewhere = volume->options ? volume->options->dir : NULL;
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = rootfs_path(volume, &path, reterr);
        if (r == 0)
                r = elsewhere ? create_elsewhere(volume, elsewhere, reterr)
                              : backend_make_directory(volume->dir_fd, "rootfs", backend_path(path),
                                                       reterr);
        if (r == 0)
                *ret_rootfs_path = TAKE_PTR(path);
        return r;
}

/* As `lxc-create -B none`: the path is a directory's, and whoever fills it makes it. */
static int none_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        return rootfs_path(volume, ret_rootfs_path, reterr);
}

static bool dir_claims(const char *source)
{
        struct stat st;

        return stat(source, &st) == 0 && S_ISDIR(st.st_mode);
}

int backend_open_directory(const char *source,
                           const RootfsMount *mount,
                           int *ret_tree_fd,
                           Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF, tree_fd = -EBADF;
        int r;

        if (mount->data)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "'lxc.rootfs.options' has '%s', which a directory cannot take",
                                    mount->data);
        fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot use root file system '%s'", source);
        tree_fd = mount_clone(fd, "", true);
        r = tree_fd < 0 ? tree_fd : mount_change(tree_fd, mount->flags, 0, 0, false);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot use root file system '%s'", source);
        *ret_tree_fd = TAKE_FD(tree_fd);
        return 0;
}

int backend_rename_path(const char *type,
                        const char *source,
                        const char *from_directory,
                        const Volume *volume,
                        char **ret_rootfs_path,
                        Error *reterr)
{
        _cleanup_(free_p) char *moved = rootfs_path_move(source, from_directory, volume->directory);

        *ret_rootfs_path = moved ? string_format("%s:%s", type, moved) : NULL;
        return *ret_rootfs_path ? 0 : error_oom(reterr);
}

int backend_keep_path(const char *prefix, const char *source, char **ret_rootfs_path, Error *reterr)
{
        *ret_rootfs_path = string_format("%s%s", prefix, source);
        return *ret_rootfs_path ? 0 : error_oom(reterr);
}

static int dir_rename(const char *source,
                      const char *from_directory,
                      const Volume *volume,
                      char **ret_rootfs_path,
                      Error *reterr)
{
        return backend_rename_path("dir", source, from_directory, volume, ret_rootfs_path, reterr);
}

const Backend backend_dir = {
        .name = "dir",
        .summary = "A directory",
        .options = (const char *const[]){ "dir", NULL },
        .can_create = true,
        .can_clone = true,
        .claims = dir_claims,
        .create = dir_create,
        .open = backend_open_directory,
        .rename = dir_rename,
};

const Backend backend_none = {
        .name = "none",
        .summary = "A directory that the template makes itself",
        .options = (const char *const[]){ "dir", NULL },
        .can_create = true,
        .create = none_create,
        .open = backend_open_directory,
        .rename = dir_rename,
};
