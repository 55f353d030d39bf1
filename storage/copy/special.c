/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is never opened: opening a device or a FIFO has effects, and a symlink cannot be. All calls name
 * one component below a directory fd and do not follow it. */

#include <fcntl.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "storage/copy/private.h"

static int make_symlink(Hand *hand, const Place *place, const char *name)
{
        char target[PATH_MAX];
        ssize_t n;

        n = readlinkat(hand->top->object.from_fd, name, target, sizeof(target));
        if (n < 0 && errno == EINVAL)
                return copy_fail_changed(hand, name);
        if (n < 0 || (size_t) n >= sizeof(target))
                return copy_fail(hand, n < 0 ? -errno : -ENAMETOOLONG, COPY_FROM, "read the link",
                                 name);
        target[n] = '\0';
        return symlinkat(target, place->dir_fd, place->name) < 0 ? -errno : 0;
}

/* A device with the number 0:0 is a whiteout of an overlay: it needs no care. */
static int make_node(const struct statx *from, const Place *place)
{
        dev_t device = makedev(from->stx_rdev_major, from->stx_rdev_minor);
        mode_t mode = from->stx_mode & (S_IFMT | 0777);

        return mknodat(place->dir_fd, place->name, mode, device) < 0 ? -errno : 0;
}

/* Return: 1 made, 0 only named, -errno: told. */
static int make_special(Hand *hand, const struct statx *from, const Place *place, const char *name)
{
        int r;

        r = S_ISLNK(from->stx_mode) ? make_symlink(hand, place, name) : make_node(from, place);
        if (r == 0)
                return 1;
        if (r == -EEXIST && place_is_shared(place))
                return 0;
        return copy_fail(hand, r, COPY_TO, "make", name);
}

int copy_special(Hand *hand, const char *name)
{
        struct statx from;
        Place place;
        int r;

        if (statx(hand->top->object.from_fd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                  STATX_BASIC_STATS, &from) < 0)
                return errno == ENOENT ? 0 : copy_fail(hand, -errno, COPY_FROM, "look at", name);
        if (from.stx_attributes & STATX_ATTR_MOUNT_ROOT)
                return -EXDEV;
        if (S_ISREG(from.stx_mode) || S_ISDIR(from.stx_mode))
                return copy_fail_changed(hand, name);
        r = copy_place(hand, &from, name, &place);
        if (r == 0)
                r = make_special(hand, &from, &place, name);
        if (r > 0)
                r = copy_special_attributes(hand, &from, &place, name);
        if (r >= 0)
                r = copy_link(hand, &place, name);
        if (r >= 0)
                copy_account(hand->copy, 1, 0);
        return r;
}
