/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The layers of a root file system that is an overlay, for a container in a user namespace. There the
 * overlay must be mounted inside: one that host root mounts cannot have its ids mapped, and one over
 * mapped layers that host root mounts can only be read. But the layers are host root's to open and to
 * map. So host root makes detached copies of them, mapped, and the child attaches these and mounts the
 * overlay over them. Upper and work directory must be of one mount: that of the directory which holds
 * both. */

#include "base/error.h"
#include "runtime/plan/plan.h"

typedef struct Layers {
        char *name;      /* the topmost lower, for messages and /proc/mounts */
        int holder;      /* a copy of the directory that holds upper and work; < 0: no layers */
        int upper, work; /* below it (O_PATH) */
        int *lowers;
        size_t n_lowers;
} Layers;

#define LAYERS_NULL ((Layers){ .holder = -EBADF, .upper = -EBADF, .work = -EBADF })

/* layers_make() - of LOWER:...:UPPER. No fd is below `fd_min`. Return: 0, -errno. */
int layers_make(const char *source, int fd_min, Layers *ret, Error *reterr);

/* layers_map() - owners through the maps of a user namespace. Return: 0, -EINVAL (a file system
 * cannot), -errno. */
int layers_map(const Layers *layers, int user_namespace_fd);

/* layers_mount() - in the child: the overlay, detached. The layers end up attached at `target_fd`, where
 * the overlay will cover them. Return: tree fd, -errno. */
int layers_mount(const Layers *layers, int target_fd, const PlanMount *options, Error *reterr);

#define LAYERS_FIXED 3 /* holder, upper, work */

/* Up to n_lowers + LAYERS_FIXED fds, to be kept open. Return: how many. */
size_t layers_fds(const Layers *layers, int *ret);

void layers_done(Layers *layers);
