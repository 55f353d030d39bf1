/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The layers of "overlay:LOWER[:LOWER...]:UPPER" (overlayfs: and aufs: alike), the topmost lower
 * first. A colon in a path is written "\:", a backslash "\\". */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "storage/backend/backend.h"

typedef struct Overlay {
        char *name; /* what it is called in /proc/mounts; NULL: the topmost lower */
        char **lowers;
        char *upper;
        char *work; /* beside the upper: "work" of a "delta", "olwork" of any other */
} Overlay;

#define OVERLAY_NULL ((Overlay){ .lowers = NULL })

/* overlay_parse() - Return: 0, ERROR_INVALID_CONFIG, -ENOMEM. */
int overlay_parse(const char *source, Overlay *ret, Error *reterr);
void overlay_done(Overlay *overlay);

/* overlay_print() - the source again. The caller frees; NULL when out of memory. */
char *overlay_print(char *const *lowers, const char *upper);

/* overlay_prepare() - make the upper and work directories where they are missing; the upper like the
 * topmost lower, whose owner and mode the root has. Return: 0, -errno. */
int overlay_prepare(const Overlay *overlay, Error *reterr);

/* overlay_mount() - by paths, which may be "/proc/self/fd/N". `user`: marks are kept in user.*, the only
 * ones that a user namespace can write, else in trusted.*. Return: tree fd, -errno (also -EROFS: the
 * kernel would only let it be read). */
int overlay_mount(const Overlay *overlay, const RootfsMount *mount, Error *reterr);

/* overlay_move() - the source when the directory `from` has become `to`. The caller frees. Return: 0,
 * ERROR_INVALID_CONFIG, -ENOMEM. */
int overlay_move(const char *source, const char *from, const char *to, char **ret, Error *reterr);

/* overlay_rename_layers(), overlay_needs_source() - rename() and needs_dependency() of a backend with layers,
 * whose sources begin with `prefix`. One over another shares that one's lowers and has a copy of its changes:
 * it does not need it. */
int overlay_rename_layers(const char *prefix,
                          const char *source,
                          const char *from_directory,
                          const Volume *volume,
                          char **ret_rootfs_path,
                          Error *reterr);
bool overlay_needs_source(const Rootfs *from, const Rootfs *snapshot);

/* aufs_options() - what aufs is mounted with. Return: 0, -ENOMEM. */
int aufs_options(const Overlay *overlay, const RootfsMount *mount, char ***ret);
