/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where a root file system lives. Each backend is one row of operations in a file of its own; the
 * table of them is in backend.c. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

typedef struct Rootfs Rootfs; /* storage/backend/rootfs.h */

/* What the caller of a create or clone may say about the storage. NULL, 0: not said. */
typedef struct BackendOptions {
        char *dir;     /* an absolute path */
        char *fstype;  /* a mkfs.TYPE */
        uint64_t size; /* bytes */
        char *lv, *vg, *thin_pool;
        char *zfs_root;
        char *rbd_name, *rbd_pool, *rbd_user;
} BackendOptions;

/* The storage of one container. */
typedef struct Volume {
        int dir_fd;            /* the container's directory, perhaps as yet under another name */
        const char *directory; /* its final path */
        const char *name;      /* its final name; names what lies outside of the directory, too */
        bool legacy;           /* written for LXC 1.x: delta0, olwork, overlayfs: */
        const BackendOptions *options; /* NULL: none */
} Volume;

/* How a root file system is mounted. */
typedef struct RootfsMount {
        unsigned long flags; /* MS_RDONLY, MS_NOSUID ... */
        const char *data;    /* options of the file system, separated by commas; or NULL */
        bool user; /* as a container with an lxc.idmap has it: layers are marked in user.* */

        /* Told of a device before it is attached for the mount: one that stays attached until
         * rootfs_detach(). NULL: the caller sees to no end, so none is attached. Return: 0,
         * -errno. */
        int (*attach)(const char *device, void *userdata, Error *reterr);
        void *userdata;
} RootfsMount;

typedef struct Backend {
        const char *name; /* also the type in lxc.rootfs.path, "NAME:SOURCE" */
        const char *summary;

        /* May it be asked for when a container is made, when one is cloned? */
        bool can_create, can_clone;

        /* The keys of storage/backend/options.h that mean something to it, ended by NULL. NULL: none. */
        const char *const *options;

        /* Opening it runs programs or waits for a disk: no event loop does it. */
        bool slow;

        /* May it be used on this host? NULL: always. Runs nothing and waits for nothing. Return:
         * > 0 yes, 0 no (*ret_reason is a sentence, the caller frees), -ENOMEM. */
        int (*probe)(char **ret_reason);

        /* Is this source, whose type nobody has told, of this kind? NULL: never. */
        bool (*claims)(const char *source);

        /* Makes empty storage. *ret_rootfs_path becomes lxc.rootfs.path; the caller frees. After a
         * failure nothing of it is left. NULL: not supported. */
        int (*create)(const Volume *volume, char **ret_rootfs_path, Error *reterr);

        /* Where `from`, of the same backend, lies, as the option of create() that makes another one
         * beside it; what it points to is *ret_owned, which the caller frees. Called where no other
         * place is asked for. NULL: there is but one place. */
        int (*beside)(const Rootfs *from, BackendOptions *options, char **ret_owned, Error *reterr);

        /* A detached mount of it. NULL: not supported. */
        int (*open)(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr);

        /* A full, independent copy by the storage itself. `from` is of the same backend and at rest.
         * NULL: it has no way of its own. Return: 0, > 0 not for these two (copy the tree),
         * -errno. */
        int (*clone)(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr);

        /* A copy that shares with `from` (of any backend) what has not changed. NULL: not supported.
         * Return: 0, > 0 the caller copies the tree of from's changes into the new one's
         * (overlay_upper()), ERROR_NOT_SUPPORTED (not of such a source), -errno. */
        int (*snapshot)(const Rootfs *from,
                        const Volume *to,
                        char **ret_rootfs_path,
                        Error *reterr);

        /* Is this source, of the same backend, one that snapshot() can be asked for? NULL: any is. */
        bool (*can_snapshot)(const Rootfs *from);

        /* Does a snapshot of it die with its source, so that LXC's records must tie them? NULL:
         * no. A snapshot of a snapshot shares the bases of that, which are its own dependencies
         * as they are the other's. */
        bool (*needs_dependency)(const Rootfs *from, const Rootfs *snapshot);

        /* Removes what lies outside of the container's directory, for good. What is already gone is
         * no error. NULL: nothing does. */
        int (*destroy)(const char *source, Error *reterr);

        /* The container's directory was `from_directory` and is now volume->directory: gives what
         * lies outside its new name. *ret_rootfs_path becomes lxc.rootfs.path; the caller frees.
         * Repeated after a failure or a kill it completes the first try. */
        int (*rename)(const char *source,
                      const char *from_directory,
                      const Volume *volume,
                      char **ret_rootfs_path,
                      Error *reterr);
} Backend;

/* Ended by NULL. */
extern const Backend *const backends[];

/* A block device without a type in lxc.rootfs.path that belongs to no other: it can only be started
 * from. Not in the table. */
extern const Backend backend_device;

extern const Backend backend_dir, backend_none, backend_btrfs, backend_zfs, backend_lvm,
        backend_loop, backend_overlay, backend_overlayfs, backend_aufs, backend_nbd, backend_rbd;

typedef enum BackendUse {
        BACKEND_CREATE,
        BACKEND_CLONE,
} BackendUse;

#define BACKEND_LIST_MAX 16

typedef struct BackendList {
        const Backend *items[BACKEND_LIST_MAX];
        size_t n;
} BackendList;

/* backend_is_usable() - Return: > 0 yes, 0 no (*ret_reason, the caller frees), -ENOMEM. */
int backend_is_usable(const Backend *backend, char **ret_reason);

/* backend_by_name() - Return: the row, or NULL. */
const Backend *backend_by_name(const char *name, size_t size);

/* backend_candidates() - by name, whether they are usable here or not; else as backend_find(). */
int backend_candidates(const char *name, BackendUse use, BackendList *ret, Error *reterr);

/* backend_find() - by name; of "a,b,c" and "best" (btrfs, zfs, lvm, dir, rbd; only to create) all that
 * are usable here, to be tried in turn. NULL, "": dir. Return: 0 (at least one), ERROR_INVALID_ARGS
 * (no such backend, or not for this use), ERROR_NOT_SUPPORTED (none is usable here, with the
 * reason of the last). */
int backend_find(const char *name, BackendUse use, BackendList *ret, Error *reterr);

/* backend_path() - the path part of a lxc.rootfs.path: "dir:/x" and "/x" give "/x". */
const char *backend_path(const char *rootfs_path);

/* backend-dir.c, for those that keep files in a directory: make it (mode 0755), open() it, and rename()
 * of a source that is one path. */
int backend_make_directory(int dir_fd, const char *name, const char *path, Error *reterr);
/* One of a volume that may be there, with the owner and mode of another. */
int backend_make_like(const Volume *volume,
                      const char *name,
                      const struct stat *model,
                      Error *reterr);
int backend_open_directory(const char *source,
                           const RootfsMount *mount,
                           int *ret_tree_fd,
                           Error *reterr);
int backend_rename_path(const char *type,
                        const char *source,
                        const char *from_directory,
                        const Volume *volume,
                        char **ret_rootfs_path,
                        Error *reterr);

/* For a rename() that changes nothing: `prefix` is "TYPE:" or "". */
int backend_keep_path(const char *prefix,
                      const char *source,
                      char **ret_rootfs_path,
                      Error *reterr);
