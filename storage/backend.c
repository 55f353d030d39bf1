/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend.h"

#include "base/strv.h"
#include "interfaces/errors.h"

#define NOT_YET "This version of nagaya does not create it"
#define BEST "btrfs,zfs,lvm,dir"
#define NAMES_MAX 16

/* clang-format off */
const Backend backends[] = {
        { "dir",     "A directory",                                 NULL,    NULL, backend_dir_create  },
        { "none",    "A directory that the template makes itself",  NULL,    NULL, backend_none_create },
        { "btrfs",   "A btrfs subvolume",                           NOT_YET, NULL, NULL },
        { "zfs",     "A ZFS data set",                              NOT_YET, NULL, NULL },
        { "lvm",     "A logical volume, thick or thin",             NOT_YET, NULL, NULL },
        { "loop",    "A file with a file system in it",             NOT_YET, NULL, NULL },
        { "overlay", "A layer over another container",              NOT_YET, NULL, NULL },
        { "overlayfs", "The older name of overlay",                 NOT_YET, NULL, NULL },
        { "aufs",    "A layer over another container, by aufs",     NOT_YET, NULL, NULL },
        { "nbd",     "A disk image, by a network block device",     NOT_YET, NULL, NULL },
        { "rbd",     "A Ceph block device",                         NOT_YET, NULL, NULL },
        { NULL }
};
/* clang-format on */

int backend_is_usable(const Backend *backend, char **ret_reason)
{
        if (!backend->missing)
                return backend->probe ? backend->probe(ret_reason) : 1;
        *ret_reason = strdup(backend->missing);
        return *ret_reason ? 0 : -ENOMEM;
}

static int find_row(const char *name, const Backend **ret, Error *reterr)
{
        for (const Backend *backend = backends; backend->name; backend++)
                if (streq(backend->name, name)) {
                        *ret = backend;
                        return 0;
                }
        return error_public(reterr, ERROR_INVALID_ARGS,
                            "There is no storage backend '%.40s' (ListBackends tells them)", name);
}

/* Return: 0, ERROR_INVALID_ARGS, ERROR_NOT_SUPPORTED. */
static int find_usable(const char *name, const Backend **ret, Error *reterr)
{
        _cleanup_(free_p) char *reason = NULL;
        const Backend *backend;
        int r;

        r = find_row(name, &backend, reterr);
        if (r < 0)
                return r;
        r = backend_is_usable(backend, &reason);
        if (r < 0)
                return error_oom(reterr);
        if (r == 0)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage backend '%s' cannot be used: %s", name, reason);
        *ret = backend;
        return 0;
}

int backend_find(const char *name, const Backend **ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **names = NULL;
        const Backend *row, *found = NULL;
        int r = -EINVAL;

        if (!name || !*name)
                name = "dir";
        if (strv_split(&names, streq(name, "best") ? BEST : name, ",") < 0)
                return error_oom(reterr);
        if (strv_length(names) == 0 || strv_length(names) > NAMES_MAX)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "'%.40s' is not a list of storage backends", name);
        /* A misspelt name is told even when one before it could be used. */
        strv_foreach(item, names) {
                r = find_row(*item, &row, reterr);
                if (r < 0)
                        return r;
        }
        for (char **item = names; *item && !found; item++)
                r = find_usable(*item, &found, reterr);
        if (!found)
                return r;
        if (reterr)
                error_done(reterr);
        *ret = found;
        return 0;
}

const char *backend_path(const char *rootfs_path)
{
        for (const Backend *backend = backends; backend->name; backend++) {
                const char *rest = startswith(rootfs_path, backend->name);

                if (rest && *rest == ':')
                        return rest + 1;
        }
        return rootfs_path;
}
