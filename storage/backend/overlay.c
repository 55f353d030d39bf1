/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A layer of changes over the root file systems of other containers, which stay as they are. */

#include <fcntl.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "storage/backend/layers.h"
#include "storage/backend/rootfs.h"

static int overlay_probe(char **ret_reason)
{
        return feature_need_file_system("overlay", ret_reason);
}

static bool overlay_claims(const char *source)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;

        return overlay_parse(source, &overlay, NULL) == 0;
}

static int
overlay_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        int r;

        r = overlay_parse(source, &overlay, reterr);
        if (r == 0)
                r = overlay_prepare(&overlay, reterr);
        if (r == 0)
                r = overlay_mount(&overlay, mount, reterr);
        if (r < 0)
                return r;
        *ret_tree_fd = r;
        return 0;
}

/* The directories of the upper layer in the container's, and its mount point, which LXC expects. `model`
 * is the topmost lower: the new root is to be like it. */
static int make_layers(const Volume *volume, const struct stat *model, Error *reterr)
{
        static const char *const current[] = { "overlay", "overlay/delta", "overlay/work",
                                               "rootfs" };
        static const char *const legacy[] = { "delta0", "olwork", "rootfs" };
        const char *const *names = volume->legacy ? legacy : current;
        size_t n = volume->legacy ? ELEMENTS(legacy) : ELEMENTS(current);

        for (size_t i = 0; i < n; i++) {
                bool holder = streq(names[i], "overlay");
                int r = backend_make_like(volume, names[i],
                                          holder ? &(struct stat){ .st_mode = 0755 } : model,
                                          reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int
make_path(const Volume *volume, char *const *lowers, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(free_p) char *upper = NULL, *source = NULL;

        upper = string_format("%s/%s", volume->directory,
                              volume->legacy ? "delta0" : "overlay/delta");
        if (!upper)
                return error_oom(reterr);
        source = overlay_print(lowers, upper);
        *ret_rootfs_path =
                source ? string_format("%s:%s", volume->legacy ? "overlayfs" : "overlay", source)
                       : NULL;
        return *ret_rootfs_path ? 0 : error_oom(reterr);
}

/* As LXC does: an empty lower of its own, for a template that writes through the overlay. */
static int overlay_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(free_p) char *lower = NULL;
        char *lowers[] = { NULL, NULL };
        int r;

        lower = string_format("%s/rootfs", volume->directory);
        if (!lower)
                return error_oom(reterr);
        lowers[0] = lower;
        r = make_layers(volume, &(struct stat){ .st_mode = 0755 }, reterr);
        return r < 0 ? r : make_path(volume, lowers, ret_rootfs_path, reterr);
}

/* What a snapshot of `from` has below it. */
static int take_lowers(const Rootfs *from, Overlay *ret, Error *reterr)
{
        if (from->backend == &backend_overlay || from->backend == &backend_overlayfs)
                return overlay_parse(from->source, ret, reterr);
        if (from->backend != &backend_dir)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "An overlay is laid over a directory or shares the layers of "
                                    "another overlay; storage of type '%s' is neither",
                                    from->backend->name);
        return strv_add(&ret->lowers, from->source) < 0 ? error_oom(reterr) : 0;
}

static int
overlay_snapshot(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        struct stat model;
        int r;

        r = take_lowers(from, &overlay, reterr);
        if (r < 0)
                return r;
        if (stat(overlay.lowers[0], &model) < 0)
                return error_errno(reterr, errno, "Cannot use the layer '%s'", overlay.lowers[0]);
        r = make_layers(to, &model, reterr);
        if (r == 0)
                r = make_path(to, overlay.lowers, ret_rootfs_path, reterr);
        return r < 0 ? r : overlay.upper != NULL;
}

static int overlay_rename(const char *source,
                          const char *from_directory,
                          const Volume *volume,
                          char **ret_rootfs_path,
                          Error *reterr)
{
        return overlay_rename_layers(volume->legacy ? "overlayfs:" : "overlay:", source,
                                     from_directory, volume, ret_rootfs_path, reterr);
}

const Backend backend_overlay = {
        .name = "overlay",
        .summary = "A layer of changes over another container",
        .can_create = true,
        .can_clone = true,
        .probe = overlay_probe,
        .claims = overlay_claims,
        .create = overlay_create,
        .open = overlay_open,
        .snapshot = overlay_snapshot,
        .needs_dependency = overlay_needs_source,
        .rename = overlay_rename,
};

/* The name of LXC 1.x. */
const Backend backend_overlayfs = {
        .name = "overlayfs",
        .summary = "The older name of overlay",
        .can_clone = true,
        .probe = overlay_probe,
        .open = overlay_open,
        .snapshot = overlay_snapshot,
        .needs_dependency = overlay_needs_source,
        .rename = overlay_rename,
};
