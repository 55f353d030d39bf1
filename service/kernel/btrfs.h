/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* btrfs subvolumes by ioctl (btrfs-ioctl in linux/btrfs.h). All return -errno without a sentence. */

#include <stdbool.h>

/* Is the open file or directory on btrfs? Is it the top of a subvolume? */
bool btrfs_is(int fd);
bool btrfs_is_subvolume(int fd);

/* btrfs_make_subvolume() - an empty one, `name` in the directory. */
int btrfs_make_subvolume(int dir_fd, const char *name);

/* btrfs_snapshot() - of the subvolume `source_fd`, writable, as `name` in the directory, which must be on
 * the same file system (-EXDEV). What subvolumes the source has within are empty directories in it. */
int btrfs_snapshot(int source_fd, int dir_fd, const char *name);

/* btrfs_remove_subvolume() - with all files in it, at once whatever their number. Return: 0, -ENOTEMPTY
 * (it has subvolumes in it), -EINVAL (it is none), -errno. */
int btrfs_remove_subvolume(int dir_fd, const char *name);
