/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Mounts by file descriptor (open_tree(2), fsopen(2), move_mount(2), mount_setattr(2)). All return
 * -errno without a sentence. A tree fd stays good as the root of the mount after it is attached. */

#include <stdbool.h>
#include <stdint.h>

/* mount_file_system() - a new, detached mount. `options` is a NULL-terminated list of "key=value"
 * and "flag"; `attributes` are MOUNT_ATTR_*. Return: tree fd, -errno. */
int mount_file_system(const char *type, const char *const *options, unsigned attributes);

/* mount_file_system_explained() - the same; after a failure *ret_reason is what the file system says of
 * it ("overlay: ..."), or NULL when it says nothing. The caller frees. */
int mount_file_system_explained(const char *type,
                                const char *const *options,
                                unsigned attributes,
                                char **ret_reason);

/* mount_clone() - a detached copy (a bind mount to be) of what (dir_fd, path) names; "" is the fd
 * itself. A final symlink is not followed. The mount it lies on must be in our mount namespace
 * (attached). Return: tree fd, -errno. */
int mount_clone(int dir_fd, const char *path, bool recursive);

/* mount_attach() - put a detached tree on the directory or file `target_fd` (O_PATH). */
int mount_attach(int tree_fd, int target_fd);

/* mount_change() - attributes and propagation of one mount, or of all in the tree. `set` and
 * `clear` are MS_* flags of the kind that a mount (not its file system) has; others are ignored.
 * `propagation` is MS_SHARED, MS_PRIVATE, MS_SLAVE, MS_UNBINDABLE or 0. Attributes that are not
 * named stay as they are. */
int mount_change(int tree_fd,
                 unsigned long set,
                 unsigned long clear,
                 unsigned long propagation,
                 bool recursive);

/* mount_set_idmap() - owners are seen and stored through the maps of the user namespace: what its
 * root writes is root's on the disk. Of a detached tree that has no such map yet. Return: 0, -EINVAL
 * (the file system cannot), -errno. */
int mount_set_idmap(int tree_fd, int user_namespace_fd, bool recursive);

/* mount_type() - the name of the file system that an attached mount is of, as in
 * /proc/self/mountinfo. Return: 0, -ENOENT, -errno. */
int mount_type(int fd, char **ret);

/* mount_is_shared() - do mounts made below this attached mount appear elsewhere, too? Return: > 0
 * yes, 0 no, -errno. */
int mount_is_shared(int fd);

/* MS_* to MOUNT_ATTR_*; flags of the file system have none. */
uint64_t mount_attributes(unsigned long flags);

/* mount_pivot() - make `root_fd`, the root of a mount, the root of this namespace, and let the old
 * one go with everything on it. The working directory is then "/". */
int mount_pivot(int root_fd);
