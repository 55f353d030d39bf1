/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/rootfs.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "storage/backend/layers.h"

/* Of a source without a type: such lines are of LXC 1.x, whose order this is. What is a directory of a
 * special kind comes before the directory; newer kinds follow their relatives. */
static const Backend *const detection[] = {
        &backend_zfs,  &backend_lvm,     &backend_rbd,  &backend_btrfs, &backend_dir,
        &backend_aufs, &backend_overlay, &backend_loop, &backend_nbd,   &backend_device,
};

void rootfs_done(Rootfs *rootfs)
{
        free(rootfs->source);
        *rootfs = ROOTFS_NULL;
}

static const Backend *named(const char *path, const char **ret_source)
{
        const char *colon = strchr(path, ':');
        const Backend *backend = colon ? backend_by_name(path, (size_t) (colon - path)) : NULL;

        *ret_source = backend ? colon + 1 : path;
        return backend == &backend_none ? &backend_dir : backend;
}

/* What is not there yet can only become a directory: a hook may make it. */
static const Backend *detect(const char *source)
{
        for (size_t i = 0; i < ELEMENTS(detection); i++)
                if (detection[i]->claims && detection[i]->claims(source))
                        return detection[i];
        return access(source, F_OK) < 0 && errno == ENOENT ? &backend_dir : NULL;
}

int rootfs_parse(const char *path, Rootfs *ret, Error *reterr)
{
        const char *source;
        const Backend *backend = named(path, &source);

        if (!*source)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The root file system '%s' names no place", path);
        if (!backend)
                backend = detect(source);
        if (!backend)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "The root file system '%s' is neither a directory nor anything "
                                    "else that can be one",
                                    path);
        ret->source = strdup(source);
        if (!ret->source)
                return error_oom(reterr);
        ret->backend = backend;
        return 0;
}

int rootfs_open(const Rootfs *rootfs, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        _cleanup_(free_p) char *reason = NULL;
        int r;

        if (!rootfs->backend->open)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage of type '%s' cannot be mounted",
                                    rootfs->backend->name);
        r = backend_is_usable(rootfs->backend, &reason);
        if (r < 0)
                return error_oom(reterr);
        if (r == 0)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage of type '%s' cannot be used: %s",
                                    rootfs->backend->name, reason);
        return rootfs->backend->open(rootfs->source, mount, ret_tree_fd, reterr);
}

char *rootfs_path_move(const char *path, const char *from, const char *to)
{
        const char *rest = startswith(path, from);

        if (!rest || (*rest && *rest != '/'))
                return strdup(path);
        return string_format("%s%s", to, rest);
}

static bool is_below(const char *path, const char *directory)
{
        const char *rest = startswith(path, directory);

        return rest && (*rest == '/' || *rest == '\0');
}

static int check_path(const char *text, const char *path, const char *directory, Error *reterr)
{
        _cleanup_(free_p) char *real = text[0] == '/' ? realpath(text, NULL) : NULL;

        if ((!is_below(text, path) || is_below(text, directory)) &&
            (!real || !is_below(real, path) || is_below(real, directory)))
                return 0;
        return error_at(
                reterr,
                error_public(reterr, ERROR_INVALID_CONFIG,
                             "The root file system '%s' would lie in the directory of another "
                             "container: only an overlay may have it as a lower layer",
                             text),
                NULL, "lxc.rootfs.path");
}

int rootfs_check_place(const char *rootfs_path,
                       const char *path,
                       const char *directory,
                       Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        const char *source;
        const Backend *backend = named(rootfs_path, &source);
        bool layered = backend ? backend == &backend_overlay || backend == &backend_overlayfs ||
                                         backend == &backend_aufs
                               : strchr(source, ':') != NULL;
        int r;

        if (!layered)
                return check_path(source, path, directory, reterr);
        r = overlay_parse(source, &overlay, reterr);
        return r < 0 ? r : check_path(overlay.upper, path, directory, reterr);
}
