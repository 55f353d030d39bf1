/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/record/shared-mounts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "kernel/mount.h"

#define MODE 0711

/* Return: > 0 `fd` is the root of a shared mount, 0 it is not, -errno. */
static int is_shared(int fd)
{
        struct statx st;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
                return -errno;
        if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
                return 0;
        return mount_is_shared(fd);
}

static int mount_new(int dir_fd)
{
        static const char *const options[] = { "source=none", "mode=711", "size=100k", NULL };
        _cleanup_(fd_close_p) int tree_fd =
                mount_file_system("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        int r;

        if (tree_fd < 0)
                return tree_fd;
        r = mount_change(tree_fd, 0, 0, MS_SHARED, false);
        return r < 0 ? r : mount_attach(tree_fd, dir_fd);
}

int shared_mounts_make(const char *path, Undo *undo, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r = mkdir_parents(path, MODE);

        if (r == 0)
                r = fd = path_open_trusted(path, O_PATH | O_DIRECTORY, NULL);
        if (r >= 0)
                r = is_shared(fd);
        if (r > 0)
                return 0;
        if (r == 0)
                r = undo_add(undo, UNDO_SHARED_MOUNTS, path);
        if (r == 0)
                r = mount_new(fd);
        if (r == 0)
                return 1;
        r = error_errno(reterr, -r, "Cannot make '%s' a shared mount", path);
        return error_at(reterr, r, NULL, path);
}

int shared_mounts_undo(const char *path, Error *reterr)
{
        if (umount2(path, UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT)
                return error_at(reterr, error_errno(reterr, errno, "Cannot unmount '%s'", path),
                                NULL, path);
        return 0;
}
