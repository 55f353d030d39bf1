/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Storage of a container in the making that lies outside of its directory, in a volume group or a pool.
 * While the directory is a draft, a record in it says what goes with it: whoever removes the draft,
 * also after its maker was killed, removes that first. Volumes are known by their names; a directory, which
 * anybody may make in between, by what it was when it was made. */

#include "storage/backend/backend.h"

/* outside_begin() - the storage `rootfs_path` is about to be made; it must not exist. Durable. Return: 0,
 * -errno. */
int outside_begin(const Volume *volume, const char *rootfs_path, Error *reterr);

/* outside_made() - of a directory: the one that was just made is that one. */
int outside_made(const Volume *volume,
                 const char *rootfs_path,
                 int parent_fd,
                 const char *name,
                 Error *reterr);

/* outside_is_recorded() - does the directory have such a record? */
bool outside_is_recorded(int dir_fd);

/* outside_end() - it is the container's own by now, or has not come to be. */
void outside_end(int dir_fd);

/* outside_sync() - the files in a directory that the record in dir_fd names are on the disk. What lies on
 * a device is, once it is not mounted. Return: 0, -errno. */
int outside_sync(int dir_fd);

/* outside_remove() - what the record in the directory names, if there is one, and the record. Return: 0,
 * -errno (the record stays). */
int outside_remove(int dir_fd, Error *reterr);

/* outside_destroy() - what the root file system of a whole container or snapshot has outside of its
 * directory, by its config there. Nothing, where lxc.rootfs.managed is 0, and where a config cannot be
 * read. Return: 0, -errno. */
int outside_destroy(int dir_fd, Error *reterr);
