/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/clone-plan.h"

#include "base/cleanup.h"
#include "interfaces/errors.h"

/* What nobody has asked for otherwise. NULL: there is no such clone. */
static const struct {
        const Backend *from;
        const Backend *copy;
        const Backend *share;
} defaults[] = {
        { &backend_dir, &backend_dir, &backend_overlay },
        { &backend_none, &backend_dir, &backend_overlay },
        { &backend_overlay, NULL, &backend_overlay },
        { &backend_overlayfs, NULL, &backend_overlay },
        { &backend_aufs, NULL, &backend_aufs },
        { &backend_btrfs, &backend_btrfs, &backend_btrfs },
        { &backend_lvm, &backend_lvm, &backend_lvm },
        { &backend_zfs, &backend_zfs, &backend_zfs },
        { &backend_loop, &backend_loop, NULL },
};

/* Who can share with whom. */
static const struct {
        const Backend *from, *to;
} shares[] = {
        { &backend_dir, &backend_overlay },
        { &backend_dir, &backend_overlayfs },
        { &backend_dir, &backend_aufs },
        { &backend_overlay, &backend_overlay },
        { &backend_overlay, &backend_overlayfs },
        { &backend_overlayfs, &backend_overlay },
        { &backend_overlayfs, &backend_overlayfs },
        { &backend_aufs, &backend_aufs },
        { &backend_btrfs, &backend_btrfs },
        { &backend_lvm, &backend_lvm },
        { &backend_zfs, &backend_zfs },
};

/* What a copy can be put into. Layers are no place for one. */
static const Backend *const copies[] = {
        &backend_dir, &backend_btrfs, &backend_lvm, &backend_zfs, &backend_loop,
};

static bool can_share(const Backend *from, const Backend *to)
{
        if (from == &backend_none)
                from = &backend_dir;
        for (size_t i = 0; i < ELEMENTS(shares); i++)
                if (shares[i].from == from && shares[i].to == to)
                        return true;
        return false;
}

static bool can_copy_to(const Backend *to)
{
        for (size_t i = 0; i < ELEMENTS(copies); i++)
                if (copies[i] == to)
                        return true;
        return false;
}

static int refuse_share(const Backend *from, const Backend *to, Error *reterr)
{
        if (to == &backend_dir)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "A directory cannot be a snapshot of anything; leave out the "
                                    "backend, or make a copy");
        if (to == &backend_loop)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage of type 'loop' does not support snapshots; make a "
                                    "copy");
        return error_public(reterr, ERROR_NOT_SUPPORTED,
                            "A snapshot of storage of type '%s' cannot be of type '%s'; leave out "
                            "the backend, or make a copy",
                            from->name, to->name);
}

static int refuse_copy(const Backend *from, const Backend *to, Error *reterr)
{
        if (to && !can_copy_to(to))
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage of type '%s' is for snapshots only", to->name);
        return error_public(reterr, ERROR_NOT_SUPPORTED,
                            "Storage of type '%s' can only be cloned as a snapshot, or as a copy "
                            "in another kind of storage ('dir', say)",
                            from->name);
}

/* Return: the place in `defaults`; ELEMENTS() when it cannot be cloned at all. */
static size_t find(const Backend *from)
{
        size_t i = 0;

        while (i < ELEMENTS(defaults) && defaults[i].from != from)
                i++;
        return i;
}

int clone_plan(
        const Backend *from, const Backend *to, CloneWish wish, ClonePlan *ret, Error *reterr)
{
        size_t i = find(from);
        const Backend *target = to;

        if (i == ELEMENTS(defaults))
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Containers in storage of type '%s' cannot be cloned",
                                    from->name);
        if (wish == CLONE_WISH_EITHER) {
                /* An overlay of a directory changes with it. */
                target = defaults[i].copy ? defaults[i].copy : defaults[i].share;
                wish = can_share(from, target) ? CLONE_WISH_SHARE : CLONE_WISH_COPY;
        }
        if (!target)
                target = wish == CLONE_WISH_SHARE ? defaults[i].share : defaults[i].copy;
        if (wish == CLONE_WISH_SHARE && (!target || !can_share(from, target)))
                return refuse_share(from, target ? target : from, reterr);
        if (wish == CLONE_WISH_COPY && (!target || !can_copy_to(target)))
                return refuse_copy(from, to, reterr);
        *ret = (ClonePlan){ .backend = target, .share = wish == CLONE_WISH_SHARE };
        return 0;
}
