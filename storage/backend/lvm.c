/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A logical volume: in a thin pool where the volume group has the pool that the host's configuration or
 * the caller names, else of its full size. */

#include <inttypes.h>
#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "storage/backend/device.h"
#include "storage/backend/options.h"
#include "storage/backend/outside.h"
#include "storage/backend/rootfs.h"
#include "storage/backend/tool.h"

#define DEV "/dev/"

static int lvm_probe(char **ret_reason)
{
        int r = tool_need("lvcreate", "lvm2", ret_reason);

        return r > 0 ? feature_need_driver("dm_mod", ret_reason) : r;
}

static bool lvm_claims(const char *source)
{
        return device_is_mapped(source);
}

/* One field of one volume, as `lvs` prints it. Return: 0, -errno (there is no such volume, or worse). */
static int look_up(const char *volume, const char *field, char **ret, Error *reterr)
{
        const char *const argv[] = { "lvs", "--noheadings", "-o", field, volume, NULL };
        _cleanup_(free_p) char *output = NULL;
        int r = tool_run(argv, &output, reterr);

        if (r < 0)
                return r;
        *ret = strdup(string_strip(output));
        return *ret ? 0 : error_oom(reterr);
}

static bool exists(const char *volume)
{
        _cleanup_(free_p) char *name = NULL;

        return look_up(volume, "lv_name", &name, NULL) == 0;
}

/* VG/LV of /dev/VG/LV; other names of a device are known to the tools as they are. */
static const char *volume_of(const char *source)
{
        const char *rest = startswith(source, DEV);

        return rest && !startswith(rest, "mapper/") ? rest : source;
}

static bool is_thin(const char *source)
{
        _cleanup_(free_p) char *pool = NULL;

        return look_up(volume_of(source), "pool_lv", &pool, NULL) == 0 && *pool;
}

/* Is there such a thin pool in the group? */
static int has_pool(const char *group, const char *pool)
{
        _cleanup_(free_p) char *volume = NULL, *attributes = NULL;

        if (!pool || !*pool)
                return 0;
        volume = string_format("%s/%s", group, pool);
        if (!volume)
                return -ENOMEM;
        return look_up(volume, "lv_attr", &attributes, NULL) == 0 && attributes[0] == 't';
}

typedef struct NewVolume {
        const char *group, *name;
        char *id;   /* GROUP/NAME */
        char *path; /* lvm:/dev/GROUP/NAME */
} NewVolume;

static void new_volume_done(NewVolume *new)
{
        free(new->id);
        free(new->path);
}

static int new_volume(const Volume *volume, const char *group, NewVolume *ret, Error *reterr)
{
        const BackendOptions *options = volume->options;

        ret->group = group;
        ret->name = options && options->lv ? options->lv : volume->name;
        ret->id = string_format("%s/%s", ret->group, ret->name);
        if (!ret->id)
                return error_oom(reterr);
        ret->path = string_format("lvm:" DEV "%s", ret->id);
        if (!ret->path)
                return error_oom(reterr);
        if (exists(ret->id))
                return error_code(reterr, 0, EEXIST, "There is already a logical volume '%s'",
                                  ret->id);
        return outside_begin(volume, ret->path, reterr);
}

/* Ends what new_volume() has begun. lvcreate(8) that fails has made nothing, and there may by now be one of
 * that name which is not ours. */
static int finish(const Volume *volume, NewVolume *new, bool made, int r, char **ret_rootfs_path)
{
        if (r == 0)
                *ret_rootfs_path = TAKE_PTR(new->path);
        else if (!made || backend_lvm.destroy(new->path + strlen("lvm:"), NULL) == 0)
                outside_end(volume->dir_fd);
        return r;
}

static int make_volume(const BackendOptions *options, const NewVolume *new, Error *reterr)
{
        const char *argv[16] = { "lvcreate", "-qq", "--yes",  "--wipesignatures",
                                 "y",        "-n",  new->name };
        _cleanup_(free_p) char *pool = NULL;
        char size[32];
        size_t n = 7;
        int thin;

        thin = backend_default(options ? options->thin_pool : NULL, "lxc.bdev.lvm.thin_pool", &pool,
                               reterr);
        if (thin < 0)
                return thin;
        thin = has_pool(new->group, pool);
        if (thin < 0)
                return error_oom(reterr);
        (void) snprintf(size, sizeof(size), "%" PRIu64 "b",
                        options && options->size > 0 ? options->size : FSSIZE_DEFAULT);
        argv[n++] = thin ? "-V" : "-L";
        argv[n++] = size;
        if (thin) {
                argv[n++] = "--thinpool";
                argv[n++] = pool;
        }
        argv[n] = new->group;
        return tool_run(argv, NULL, reterr);
}

static int lvm_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(new_volume_done) NewVolume new = { NULL };
        _cleanup_(free_p) char *group = NULL;
        const BackendOptions *options = volume->options;
        int r;

        r = backend_default(options ? options->vg : NULL, "lxc.bdev.lvm.vg", &group, reterr);
        if (r == 0)
                r = new_volume(volume, group, &new, reterr);
        if (r < 0)
                return r;
        r = make_volume(options, &new, reterr);
        if (r < 0)
                return finish(volume, &new, false, r, ret_rootfs_path);
        r = device_format(new.path + strlen("lvm:"), options ? options->fstype : NULL, reterr);
        return finish(volume, &new, true, r, ret_rootfs_path);
}

/* Room for the changes: as much as is asked for, by default for a change of everything. */
static int snapshot_size(const Rootfs *from, const Volume *to, char **ret, Error *reterr)
{
        const char *const query[] = { "lvs", "--noheadings", "--nosuffix", "--units",
                                      "b",   "-o",           "lv_size",    volume_of(from->source),
                                      NULL };
        _cleanup_(free_p) char *output = NULL;
        int r;

        if (to->options && to->options->size > 0)
                *ret = string_format("%" PRIu64 "b", to->options->size);
        else {
                r = tool_run(query, &output, reterr);
                if (r < 0)
                        return r;
                *ret = string_format("%sb", string_strip(output));
        }
        return *ret ? 0 : error_oom(reterr);
}

/* LVM makes no snapshot of a snapshot, but in a thin pool. */
static bool lvm_can_snapshot(const Rootfs *from)
{
        _cleanup_(free_p) char *origin = NULL;

        return is_thin(from->source) ||
               look_up(volume_of(from->source), "origin", &origin, NULL) < 0 || !*origin;
}

/* Of a thin volume it has no size of its own, and must not be left out when volumes are activated. */
static int make_snapshot(const Rootfs *from, const Volume *to, const NewVolume *new, Error *reterr)
{
        const char *argv[16] = { "lvcreate", "-qq", "--yes", "--snapshot", "-n", new->name };
        _cleanup_(free_p) char *size = NULL;
        bool thin = is_thin(from->source);
        size_t n = 6;
        int r = thin ? 0 : snapshot_size(from, to, &size, reterr);

        if (r < 0)
                return r;
        argv[n++] = thin ? "--setactivationskip" : "-L";
        argv[n++] = thin ? "n" : size;
        argv[n] = volume_of(from->source);
        return tool_run(argv, NULL, reterr);
}

static int lvm_beside(const Rootfs *from, BackendOptions *options, char **ret_owned, Error *reterr)
{
        int r = options->vg ? 0 : look_up(volume_of(from->source), "vg_name", ret_owned, reterr);

        if (r == 0 && !options->vg)
                options->vg = *ret_owned;
        return r;
}

/* In the group of the source: a snapshot shares its blocks. */
static int group_of(const Rootfs *from, const Volume *to, char **ret, Error *reterr)
{
        const char *wanted = to->options ? to->options->vg : NULL;
        int r = look_up(volume_of(from->source), "vg_name", ret, reterr);

        if (r < 0)
                return r;
        if (!wanted || streq(wanted, *ret))
                return 0;
        return error_public(reterr, ERROR_NOT_SUPPORTED,
                            "'%s' is not in the volume group '%s': a snapshot is in that of its "
                            "source",
                            from->source, wanted);
}

static int lvm_snapshot(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(new_volume_done) NewVolume new = { NULL };
        _cleanup_(free_p) char *group = NULL;
        int r;

        if (from->backend != &backend_lvm)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "An LVM snapshot is made of a logical volume, and '%s' is of "
                                    "type '%s'",
                                    from->source, from->backend->name);
        if (!lvm_can_snapshot(from))
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "'%s' is a snapshot itself, and not in a thin pool: LVM makes "
                                    "no other one of it; make a copy",
                                    from->source);
        r = group_of(from, to, &group, reterr);
        if (r == 0)
                r = new_volume(to, group, &new, reterr);
        if (r < 0)
                return r;
        r = make_snapshot(from, to, &new, reterr);
        return finish(to, &new, false, r, ret_rootfs_path);
}

/* The blocks of a thin pool belong to nobody in particular. */
static bool lvm_needs_dependency(const Rootfs *from, const Rootfs *snapshot)
{
        return from->backend == &backend_lvm && !is_thin(snapshot->source);
}

static int lvm_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        const char *const argv[] = { "lvchange", "-qq", "-ay", "-K", volume_of(source), NULL };
        int r;

        if (!device_is_block(source)) {
                r = tool_run(argv, NULL, reterr);
                if (r < 0)
                        return error_prefix(reterr, r, "Cannot activate '%s'", source);
        }
        return device_mount(source, source, mount, ret_tree_fd, reterr);
}

static int lvm_destroy(const char *source, Error *reterr)
{
        const char *const argv[] = {
                "lvremove", "-qq", "--yes", "--force", volume_of(source), NULL
        };

        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(free_p) char *name = NULL;
        int r;

        r = tool_has(look_up(volume_of(source), "lv_name", &name, &error), &error,
                     "Failed to find logical volume", reterr);
        return r > 0 ? tool_run(argv, NULL, reterr) : r;
}

/* Only a volume that has the name of its container follows it. */
static int lvm_rename(const char *source,
                      const char *from_directory,
                      const Volume *volume,
                      char **ret_rootfs_path,
                      Error *reterr)
{
        const char *id = volume_of(source), *slash = strchr(id, '/');
        _cleanup_(free_p) char *group = NULL, *moved = NULL;
        const char *argv[] = { "lvrename", "-qq", NULL, NULL, NULL, NULL };
        int r;

        if (id == source || !slash || !streq(slash + 1, strrchr(from_directory, '/') + 1))
                return backend_keep_path("lvm:", source, ret_rootfs_path, reterr);
        group = strndup(id, (size_t) (slash - id));
        moved = group ? string_format("%s/%s", group, volume->name) : NULL;
        if (!moved)
                return error_oom(reterr);
        argv[2] = group;
        argv[3] = slash + 1;
        argv[4] = volume->name;
        if (exists(id) || !exists(moved)) {
                r = tool_run(argv, NULL, reterr);
                if (r < 0)
                        return r;
        }
        *ret_rootfs_path = string_format("lvm:" DEV "%s", moved);
        if (!*ret_rootfs_path)
                return error_oom(reterr);
        return 0;
}

const Backend backend_lvm = {
        .name = "lvm",
        .summary = "A logical volume, thick or thin",
        .options =
                (const char *const[]){ "fstype", "fssize", "lvname", "vgname", "thinpool", NULL },
        .can_create = true,
        .can_clone = true,
        .slow = true,
        .probe = lvm_probe,
        .claims = lvm_claims,
        .create = lvm_create,
        .beside = lvm_beside,
        .open = lvm_open,
        .snapshot = lvm_snapshot,
        .can_snapshot = lvm_can_snapshot,
        .needs_dependency = lvm_needs_dependency,
        .destroy = lvm_destroy,
        .rename = lvm_rename,
};

static bool device_claims(const char *source)
{
        return device_is_block(source);
}

static int
device_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        return device_mount(source, source, mount, ret_tree_fd, reterr);
}

static int device_rename(const char *source,
                         const char *from_directory,
                         const Volume *volume,
                         char **ret_rootfs_path,
                         Error *reterr)
{
        return backend_keep_path("", source, ret_rootfs_path, reterr);
}

const Backend backend_device = {
        .name = "device",
        .summary = "A block device",
        .slow = true,
        .claims = device_claims,
        .open = device_open,
        .rename = device_rename,
};
