/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What overlay was before there was one: a layer of changes, by a file system that is not in Linus's
 * kernel. */

#include <fcntl.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "kernel/mount.h"
#include "storage/backend/layers.h"
#include "storage/backend/rootfs.h"

static int aufs_probe(char **ret_reason)
{
        return feature_need_file_system("aufs", ret_reason);
}

int aufs_options(const Overlay *overlay, const RootfsMount *mount, char ***ret)
{
        _cleanup_(strv_free_p) char **options = NULL, **branches = NULL, **data = NULL;
        _cleanup_(free_p) char *joined = NULL;

        if (strv_addf(&branches, "%s=rw", overlay->upper) < 0)
                return -ENOMEM;
        strv_foreach(lower, overlay->lowers)
                if (strv_addf(&branches, "%s=ro", *lower) < 0)
                        return -ENOMEM;
        joined = strv_join(branches, ":");
        if (!joined || strv_addf(&options, "source=%s", overlay->lowers[0]) < 0 ||
            strv_addf(&options, "br=%s", joined) < 0)
                return -ENOMEM;
        /* Its table of inodes is a file, and a user namespace can make none elsewhere. */
        if (mount->user && strv_add(&options, "xino=/dev/shm/aufs.xino") < 0)
                return -ENOMEM;
        if (mount->data && strv_split(&data, mount->data, ",") < 0)
                return -ENOMEM;
        strv_foreach(option, data)
                if (strv_add(&options, *option) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(options);
        return 0;
}

static int aufs_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        _cleanup_(strv_free_p) char **options = NULL;
        _cleanup_(free_p) char *reason = NULL;
        int r;

        r = overlay_parse(source, &overlay, reterr);
        if (r < 0)
                return r;
        if (aufs_options(&overlay, mount, &options) < 0)
                return error_oom(reterr);
        r = mount_file_system_explained("aufs", (const char *const *) options,
                                        (unsigned) mount_attributes(mount->flags), &reason);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot mount the layers of '%s'%s%s%s",
                                   overlay.lowers[0], reason ? " (" : "", reason ? reason : "",
                                   reason ? ")" : "");
        *ret_tree_fd = r;
        return 0;
}

static int
aufs_snapshot(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        static const char *const names[] = { "delta0", "rootfs" };
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        _cleanup_(free_p) char *upper = NULL, *source = NULL;
        bool of_dir = from->backend == &backend_dir;
        struct stat model;
        int r;

        if (!of_dir && from->backend != &backend_aufs)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "aufs is laid over a directory or shares the layers of another "
                                    "aufs; storage of type '%s' is neither",
                                    from->backend->name);
        r = of_dir ? strv_add(&overlay.lowers, from->source)
                   : overlay_parse(from->source, &overlay, reterr);
        if (r < 0)
                return of_dir ? error_oom(reterr) : r;
        if (stat(overlay.lowers[0], &model) < 0)
                return error_errno(reterr, errno, "Cannot use the layer '%s'", overlay.lowers[0]);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                r = backend_make_like(to, names[i], &model, reterr);
                if (r < 0)
                        return r;
        }
        upper = string_format("%s/delta0", to->directory);
        if (!upper)
                return error_oom(reterr);
        source = overlay_print(overlay.lowers, upper);
        r = source ? backend_keep_path("aufs:", source, ret_rootfs_path, reterr)
                   : error_oom(reterr);
        return r < 0 ? r : !of_dir;
}

static int aufs_rename(const char *source,
                       const char *from_directory,
                       const Volume *volume,
                       char **ret_rootfs_path,
                       Error *reterr)
{
        return overlay_rename_layers("aufs:", source, from_directory, volume, ret_rootfs_path,
                                     reterr);
}

const Backend backend_aufs = {
        .name = "aufs",
        .summary = "A layer of changes over another container, by aufs",
        .can_clone = true,
        .probe = aufs_probe,
        .open = aufs_open,
        .snapshot = aufs_snapshot,
        .needs_dependency = overlay_needs_source,
        .rename = aufs_rename,
};
