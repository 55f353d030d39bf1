/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Block devices and image files with a file system on them. */

#include "storage/backend/backend.h"

#define FSTYPE_DEFAULT "ext4"
#define FSSIZE_DEFAULT (UINT64_C(1024) * 1024 * 1024)

/* device_mount() - a detached mount of the file system on a device or image. `path` is what errors call
 * it; the file system is the one whose mark is found on it. Return: 0, ERROR_INVALID_CONFIG (no file
 * system that is known), -errno. */
int device_mount(const char *device,
                 const char *path,
                 const RootfsMount *mount,
                 int *ret_tree_fd,
                 Error *reterr);

/* device_file_system() - the type by its mark (not what the kernel can mount), or NULL. Of an open
 * device or file. */
const char *device_file_system(int fd);

/* device_fresh_file_system() - the same, if it is one to be written to that can be made here; else NULL. */
const char *device_fresh_file_system(int fd);

/* device_format() - make a file system. `fstype` NULL: ext4. The device may hold an old one. Return: 0,
 * ERROR_NOT_SUPPORTED (no such mkfs), -errno. */
int device_format(const char *device, const char *fstype, Error *reterr);

/* device_is_block() - a block device. device_is_mapped(): one of the device mapper's. */
bool device_is_block(const char *path);
bool device_is_mapped(const char *path);
