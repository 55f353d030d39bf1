/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <sys/stat.h>

#include "storage/backend.h"

static int rootfs_path(const Volume *volume, char **ret, Error *reterr)
{
        if (asprintf(ret, "dir:%s/rootfs", volume->directory) < 0) {
                *ret = NULL;
                return error_oom(reterr);
        }
        return 0;
}

int backend_dir_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        if (mkdirat(volume->dir_fd, "rootfs", 0755) < 0)
                return error_errno(reterr, errno, "Cannot make '%s/rootfs'", volume->directory);
        /* The mode asked for, whatever the umask. */
        if (fchmodat(volume->dir_fd, "rootfs", 0755, 0) < 0)
                return error_errno(reterr, errno, "Cannot set the mode of '%s/rootfs'",
                                   volume->directory);
        return rootfs_path(volume, ret_rootfs_path, reterr);
}

/* As `lxc-create -B none`: the path is a directory's, and whoever fills it makes it. */
int backend_none_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        return rootfs_path(volume, ret_rootfs_path, reterr);
}
