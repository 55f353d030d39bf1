/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/outside.h"

#include <fcntl.h>

#include "base/file.h"
#include "storage/rootfs.h"

#define RECORD ".nagaya-storage"
#define RECORD_MAX 4096

int outside_begin(const Volume *volume, const char *rootfs_path, Error *reterr)
{
        int r = file_write_atomic(volume->dir_fd, RECORD, rootfs_path, 0600, true);

        return r < 0 ? error_errno(reterr, -r, "Cannot record what '%s' is made of", volume->name)
                     : 0;
}

void outside_end(int dir_fd)
{
        (void) unlinkat(dir_fd, RECORD, 0);
}

int outside_remove(int dir_fd, Error *reterr)
{
        _cleanup_(free_p) char *path = NULL;
        Rootfs rootfs = ROOTFS_NULL;
        int r;

        r = file_read(dir_fd, RECORD, RECORD_MAX, &path, NULL);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read what a container was made of");
        r = rootfs_parse(path, &rootfs, reterr);
        if (r == 0 && rootfs.backend->destroy)
                r = rootfs.backend->destroy(rootfs.source, reterr);
        rootfs_done(&rootfs);
        if (r == 0)
                outside_end(dir_fd);
        return r;
}
