/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/backend.h"

#include "base/strv.h"
#include "interfaces/errors.h"

#define BEST "btrfs,zfs,lvm,dir,rbd"

const Backend *const backends[] = {
        &backend_dir,  &backend_none, &backend_btrfs,   &backend_zfs,
        &backend_lvm,  &backend_loop, &backend_overlay, &backend_overlayfs,
        &backend_aufs, &backend_nbd,  &backend_rbd,     NULL,
};

int backend_is_usable(const Backend *backend, char **ret_reason)
{
        return backend->probe ? backend->probe(ret_reason) : 1;
}

const Backend *backend_by_name(const char *name, size_t size)
{
        for (const Backend *const *row = backends; *row; row++)
                if (strlen((*row)->name) == size && memcmp((*row)->name, name, size) == 0)
                        return *row;
        return NULL;
}

static bool is_for(const Backend *backend, BackendUse use)
{
        return use == BACKEND_CREATE ? backend->can_create : backend->can_clone;
}

/* Return: the row, or NULL with ERROR_INVALID_ARGS. */
static const Backend *find_row(const char *name, BackendUse use, Error *reterr)
{
        const Backend *backend = backend_by_name(name, strlen(name));

        if (!backend)
                (void) error_public(reterr, ERROR_INVALID_ARGS,
                                    "There is no storage backend '%.40s' (ListBackends tells them)",
                                    name);
        else if (!is_for(backend, use))
                (void) error_public(reterr, ERROR_INVALID_ARGS,
                                    use == BACKEND_CREATE
                                            ? "Storage backend '%s' is not for new containers: it "
                                              "needs one to be laid over, or to be made by hand"
                                            : "Storage backend '%s' is not for clones",
                                    name);
        else
                return backend;
        return NULL;
}

/* Return: > 0 usable, 0 not (ERROR_NOT_SUPPORTED in the error), -ENOMEM. */
static int check_usable(const Backend *backend, Error *reterr)
{
        _cleanup_(free_p) char *reason = NULL;
        int r = backend_is_usable(backend, &reason);

        if (r < 0)
                return error_oom(reterr);
        if (r == 0) {
                if (reterr)
                        error_done(reterr);
                (void) error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage backend '%s' cannot be used: %s", backend->name,
                                    reason);
        }
        return r;
}

int backend_candidates(const char *name, BackendUse use, BackendList *ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **names = NULL;

        ret->n = 0;
        if (!name || !*name)
                name = "dir";
        if (use == BACKEND_CREATE && streq(name, "best"))
                name = BEST;
        if (strv_split(&names, name, ",") < 0)
                return error_oom(reterr);
        if (strv_length(names) == 0 || strv_length(names) > BACKEND_LIST_MAX)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "'%.40s' is not a list of storage backends", name);
        /* A misspelt name is told even when one before it could be used. */
        strv_foreach(item, names) {
                ret->items[ret->n] = find_row(*item, use, reterr);
                if (!ret->items[ret->n++])
                        return -EINVAL;
        }
        return 0;
}

int backend_find(const char *name, BackendUse use, BackendList *ret, Error *reterr)
{
        BackendList all;
        int r = backend_candidates(name, use, &all, reterr);

        if (r < 0)
                return r;
        ret->n = 0;
        for (size_t i = 0; i < all.n; i++) {
                r = check_usable(all.items[i], reterr);
                if (r < 0)
                        return r;
                if (r > 0)
                        ret->items[ret->n++] = all.items[i];
        }
        if (ret->n == 0)
                return -EOPNOTSUPP;
        if (reterr)
                error_done(reterr);
        return 0;
}

const char *backend_path(const char *rootfs_path)
{
        const char *colon = strchr(rootfs_path, ':');

        return colon && backend_by_name(rootfs_path, (size_t) (colon - rootfs_path)) ? colon + 1
                                                                                     : rootfs_path;
}
