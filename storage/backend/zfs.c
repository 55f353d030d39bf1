/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A ZFS data set. LXC 1.x wrote the path that it is mounted on, later versions its name. */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "kernel/mount.h"
#include "storage/backend/options.h"
#include "storage/backend/outside.h"
#include "storage/backend/rootfs.h"
#include "storage/backend/tool.h"

#define ZFS_MAGIC 0x2fc12fc1

static int zfs_probe(char **ret_reason)
{
        int r = feature_need_file_system("zfs", ret_reason);

        return r > 0 ? tool_need("zfs", "zfsutils-linux", ret_reason) : r;
}

/* The top of a data set that is mounted. */
static bool zfs_claims(const char *source)
{
        struct statfs st;
        struct statx stx;

        return statfs(source, &st) == 0 && st.f_type == ZFS_MAGIC &&
               statx(AT_FDCWD, source, 0, STATX_TYPE, &stx) == 0 && S_ISDIR(stx.stx_mode) &&
               stx.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

/* A property of a data set, or of the one that is mounted on a path. */
static int look_up(const char *source, const char *property, char **ret, Error *reterr)
{
        const char *const argv[] = {
                "zfs", "get", "-H", "-p", "-o", "value", property, source, NULL
        };
        _cleanup_(free_p) char *output = NULL;
        int r = tool_run(argv, &output, reterr);

        if (r < 0)
                return r;
        *ret = strdup(string_strip(output));
        return *ret ? 0 : error_oom(reterr);
}

static bool exists(const char *data_set)
{
        _cleanup_(free_p) char *type = NULL;

        return look_up(data_set, "type", &type, NULL) == 0;
}

/* The name of the data set that a source means. */
static int name_of(const char *source, char **ret, Error *reterr)
{
        if (source[0] == '/')
                return look_up(source, "name", ret, reterr);
        *ret = strdup(source);
        return *ret ? 0 : error_oom(reterr);
}

/* One in the making. */
typedef struct NewSet {
        char *name;   /* ROOT/NAME */
        char *path;   /* zfs:ROOT/NAME */
        char *option; /* mountpoint=DIRECTORY/rootfs */
} NewSet;

static void new_set_done(NewSet *new)
{
        free(new->name);
        free(new->path);
        free(new->option);
}

static int new_set(const Volume *volume, const char *root, NewSet *ret, Error *reterr)
{
        ret->name = string_format("%s/%s", root, volume->name);
        if (!ret->name)
                return error_oom(reterr);
        ret->path = string_format("zfs:%s", ret->name);
        if (!ret->path)
                return error_oom(reterr);
        ret->option = string_format("mountpoint=%s/rootfs", volume->directory);
        if (!ret->option)
                return error_oom(reterr);
        if (exists(ret->name))
                return error_code(reterr, 0, EEXIST, "There is already a data set '%s'", ret->name);
        if (mkdirat(volume->dir_fd, "rootfs", 0755) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make '%s/rootfs'", volume->directory);
        return outside_begin(volume, ret->path, reterr);
}

/* Ends what new_set() has begun. The command that makes it is the last, and makes nothing when it fails;
 * what is there by now under the name is somebody else's. */
static int finish(const Volume *volume, NewSet *new, int r, char **ret_rootfs_path)
{
        if (r == 0)
                *ret_rootfs_path = TAKE_PTR(new->path);
        else
                outside_end(volume->dir_fd);
        return r;
}

static int zfs_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(new_set_done) NewSet new = { NULL };
        _cleanup_(free_p) char *root = NULL;
        int r;

        r = backend_default(volume->options ? volume->options->zfs_root : NULL, "lxc.bdev.zfs.root",
                            &root, reterr);
        if (r == 0)
                r = new_set(volume, root, &new, reterr);
        if (r < 0)
                return r;
        r = tool_run((const char *const[]){ "zfs", "create", "-o", new.option, "-o",
                                            "canmount=noauto", "-p", new.name, NULL },
                     NULL, reterr);
        return finish(volume, &new, r, ret_rootfs_path);
}

/* ROOT of ROOT/NAME */
static char *root_of(const char *name)
{
        const char *slash = strrchr(name, '/');

        return slash ? strndup(name, (size_t) (slash - name)) : strdup(name);
}

static int zfs_beside(const Rootfs *from, BackendOptions *options, char **ret_owned, Error *reterr)
{
        _cleanup_(free_p) char *name = NULL;
        int r;

        if (options->zfs_root)
                return 0;
        r = name_of(from->source, &name, reterr);
        if (r < 0)
                return r;
        options->zfs_root = *ret_owned = root_of(name);
        return *ret_owned ? 0 : error_oom(reterr);
}

static int clone_set(const char *from, const Volume *to, const NewSet *new, Error *reterr)
{
        _cleanup_(free_p) char *snapshot = NULL;
        int r;

        snapshot = string_format("%s@%s", from, to->name);
        if (!snapshot)
                return error_oom(reterr);
        r = tool_run((const char *const[]){ "zfs", "snapshot", snapshot, NULL }, NULL, reterr);
        if (r == 0)
                r = tool_run((const char *const[]){ "zfs", "clone", "-o", new->option, "-o",
                                                    "canmount=noauto", snapshot, new->name, NULL },
                             NULL, reterr);
        if (r < 0)
                (void) tool_run((const char *const[]){ "zfs", "destroy", snapshot, NULL }, NULL,
                                NULL);
        return r;
}

static int zfs_snapshot(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        const char *wanted = to->options ? to->options->zfs_root : NULL;
        _cleanup_(free_p) char *name = NULL, *root = NULL;
        _cleanup_(new_set_done) NewSet new = { NULL };
        int r;

        if (from->backend != &backend_zfs)
                return error_public(
                        reterr, ERROR_NOT_SUPPORTED,
                        "A ZFS snapshot is made of a data set, and '%s' is of type '%s'",
                        from->source, from->backend->name);
        r = name_of(from->source, &name, reterr);
        if (r < 0)
                return r;
        root = wanted ? strdup(wanted) : root_of(name);
        if (!root)
                return error_oom(reterr);
        r = new_set(to, root, &new, reterr);
        if (r < 0)
                return r;
        r = clone_set(name, to, &new, reterr);
        return finish(to, &new, r, ret_rootfs_path);
}

/* The path of one that is mounted is bound; one with a name is mounted for this container alone. */
static int zfs_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        _cleanup_(strv_free_p) char **options = NULL, **data = NULL;
        _cleanup_(free_p) char *name = NULL, *reason = NULL;
        int r;

        if (zfs_claims(source))
                return backend_open_directory(source, mount, ret_tree_fd, reterr);
        r = name_of(source, &name, reterr);
        if (r < 0)
                return r;
        if ((mount->data && strv_split(&data, mount->data, ",") < 0) ||
            strv_addf(&options, "source=%s", name) < 0 ||
            (mount->flags & MS_RDONLY && strv_add(&options, "ro") < 0))
                return error_oom(reterr);
        strv_foreach(option, data)
                if (strv_add(&options, *option) < 0)
                        return error_oom(reterr);
        r = mount_file_system_explained("zfs", (const char *const *) options,
                                        (unsigned) mount_attributes(mount->flags), &reason);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot mount the data set '%s'%s%s%s", name,
                                   reason ? " (" : "", reason ? reason : "", reason ? ")" : "");
        *ret_tree_fd = r;
        return 0;
}

/* With its own snapshots, and with the one it was cloned from, which was made for it. */
static int zfs_destroy(const char *source, Error *reterr)
{
        _cleanup_(free_p) char *name = NULL, *origin = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        const char *at, *own;
        int r;

        r = name_of(source, &name, reterr);
        if (r == 0)
                r = tool_has(look_up(name, "origin", &origin, &error), &error, "does not exist",
                             reterr);
        if (r <= 0)
                return r;
        r = tool_run((const char *const[]){ "zfs", "destroy", "-r", name, NULL }, NULL, reterr);
        if (r < 0)
                return r;
        at = strchr(origin, '@');
        own = strrchr(name, '/');
        if (at && own && streq(at + 1, own + 1))
                (void) tool_run((const char *const[]){ "zfs", "destroy", origin, NULL }, NULL,
                                NULL);
        return 0;
}

static int zfs_rename(const char *source,
                      const char *from_directory,
                      const Volume *volume,
                      char **ret_rootfs_path,
                      Error *reterr)
{
        _cleanup_(free_p) char *name = NULL, *root = NULL, *moved = NULL, *option = NULL;
        const char *own;
        bool named; /* as its container: it follows */
        int r;

        r = name_of(source, &name, reterr);
        if (r < 0)
                return r;
        root = root_of(name);
        own = strrchr(name, '/');
        named = own && streq(own, strrchr(from_directory, '/'));
        moved = root && named ? string_format("%s/%s", root, volume->name) : strdup(name);
        if (!root || !moved)
                return error_oom(reterr);
        option = string_format("mountpoint=%s/rootfs", volume->directory);
        if (!option)
                return error_oom(reterr);
        if (named && (exists(name) || !exists(moved)))
                r = tool_run((const char *const[]){ "zfs", "rename", name, moved, NULL }, NULL,
                             reterr);
        if (r == 0)
                r = tool_run((const char *const[]){ "zfs", "set", option, moved, NULL }, NULL,
                             reterr);
        return r < 0 ? r : backend_keep_path("zfs:", moved, ret_rootfs_path, reterr);
}

const Backend backend_zfs = {
        .name = "zfs",
        .summary = "A ZFS data set",
        .options = (const char *const[]){ "zfsroot", NULL },
        .can_create = true,
        .can_clone = true,
        .slow = true,
        .probe = zfs_probe,
        .claims = zfs_claims,
        .create = zfs_create,
        .beside = zfs_beside,
        .open = zfs_open,
        .snapshot = zfs_snapshot,
        .destroy = zfs_destroy,
        .rename = zfs_rename,
};
