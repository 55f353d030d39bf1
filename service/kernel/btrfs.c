/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/btrfs.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/* BTRFS_FIRST_FREE_OBJECTID: the inode of the top of every subvolume. */
#define TOP_INODE 256

bool btrfs_is(int fd)
{
        struct statfs st;

        return fstatfs(fd, &st) == 0 && st.f_type == BTRFS_SUPER_MAGIC;
}

bool btrfs_is_subvolume(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_ino == TOP_INODE && btrfs_is(fd);
}

/* Return: 0, -ENAMETOOLONG. */
static int put_name(char *to, size_t size, const char *name)
{
        if (strlen(name) >= size)
                return -ENAMETOOLONG;
        (void) strcpy(to, name);
        return 0;
}

int btrfs_make_subvolume(int dir_fd, const char *name)
{
        struct btrfs_ioctl_vol_args args = { 0 };
        int r = put_name(args.name, sizeof(args.name), name);

        if (r < 0)
                return r;
        return ioctl(dir_fd, BTRFS_IOC_SUBVOL_CREATE, &args) < 0 ? -errno : 0;
}

int btrfs_snapshot(int source_fd, int dir_fd, const char *name)
{
        struct btrfs_ioctl_vol_args_v2 args = { .fd = source_fd };
        int r = put_name(args.name, sizeof(args.name), name);

        if (r < 0)
                return r;
        return ioctl(dir_fd, BTRFS_IOC_SNAP_CREATE_V2, &args) < 0 ? -errno : 0;
}

int btrfs_remove_subvolume(int dir_fd, const char *name)
{
        struct btrfs_ioctl_vol_args args = { 0 };
        int r = put_name(args.name, sizeof(args.name), name);

        if (r < 0)
                return r;
        return ioctl(dir_fd, BTRFS_IOC_SNAP_DESTROY, &args) < 0 ? -errno : 0;
}
