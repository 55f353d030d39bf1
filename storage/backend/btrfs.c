/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A subvolume in the container's directory: cloned in a few milliseconds whatever its size, and an
 * ordinary directory for everything else. The collector of the trash knows subvolumes. */

#include "kernel/btrfs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "storage/backend/rootfs.h"

static int btrfs_probe(char **ret_reason)
{
        return feature_need_file_system("btrfs", ret_reason);
}

/* Return: fd, -errno. */
static int open_source(const char *source)
{
        int fd = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

static bool btrfs_claims(const char *source)
{
        _cleanup_(fd_close_p) int fd = open_source(source);

        return fd >= 0 && btrfs_is_subvolume(fd);
}

static int rootfs_path(const Volume *volume, char **ret, Error *reterr)
{
        *ret = string_format("btrfs:%s/rootfs", volume->directory);
        if (!*ret)
                return error_oom(reterr);
        return 0;
}

static int btrfs_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        int r;

        if (!btrfs_is(volume->dir_fd))
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "'%s' is not on a btrfs file system, so there can be no "
                                    "subvolume in it",
                                    volume->directory);
        r = btrfs_make_subvolume(volume->dir_fd, "rootfs");
        if (r == 0 && fchmodat(volume->dir_fd, "rootfs", 0755, 0) < 0)
                r = -errno;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make the subvolume '%s/rootfs'",
                                   volume->directory);
        return rootfs_path(volume, ret_rootfs_path, reterr);
}

/* Return: 0, > 0 they are not on one file system, -errno. */
static int copy(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = open_source(from->source);
        int r = fd;

        if (r >= 0)
                r = btrfs_snapshot(fd, to->dir_fd, "rootfs");
        /* Another file system than btrfs does not know the question. */
        if (r == -EXDEV || r == -ENOTTY)
                return 1;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make a snapshot of '%s'", from->source);
        return rootfs_path(to, ret_rootfs_path, reterr);
}

static int
btrfs_snapshot_to(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        int r;

        if (from->backend != &backend_btrfs)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "A btrfs snapshot is made of a btrfs subvolume, and '%s' is of "
                                    "type '%s'",
                                    from->source, from->backend->name);
        r = copy(from, to, ret_rootfs_path, reterr);
        if (r <= 0)
                return r;
        return error_public(
                reterr, ERROR_NOT_SUPPORTED,
                "'%s' is not on the file system of '%s': between two file systems there "
                "are no snapshots",
                to->directory, from->source);
}

static int btrfs_rename(const char *source,
                        const char *from_directory,
                        const Volume *volume,
                        char **ret_rootfs_path,
                        Error *reterr)
{
        return backend_rename_path("btrfs", source, from_directory, volume, ret_rootfs_path,
                                   reterr);
}

const Backend backend_btrfs = {
        .name = "btrfs",
        .summary = "A btrfs subvolume",
        .can_create = true,
        .can_clone = true,
        .probe = btrfs_probe,
        .claims = btrfs_claims,
        .create = btrfs_create,
        .open = backend_open_directory,
        .clone = copy,
        .snapshot = btrfs_snapshot_to,
        .rename = btrfs_rename,
};
