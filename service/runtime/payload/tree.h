/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Trees of the host that a child in a user namespace cannot open or copy itself: host root makes
 * detached copies of them before the clone, the child inherits the fds and attaches them. They are
 * attached nowhere on the host, and end with the last fd. What a pre-mount hook mounts on their
 * sources comes too late for them. */

#include "runtime/payload/launch.h"
#include "runtime/payload/layer.h"

typedef struct Trees {
        int root;      /* the root file system */
        Layers layers; /* or, in a user namespace, what it is made of */
        int sys;       /* the host's /sys, where the network namespace is the host's */
        int cgroup;  /* the payload's group, where there is no cgroup namespace to mount it from */
        int cgroups; /* the host's hierarchy */
        int *mounts; /* of plan->mounts, by number: -EBADF made by the child, < 0 what failed */
        size_t n_mounts;
} Trees;

#define TREES_NULL                                                                                 \
        ((Trees){ .root = -EBADF,                                                                  \
                  .layers = LAYERS_NULL,                                                           \
                  .sys = -EBADF,                                                                   \
                  .cgroup = -EBADF,                                                                \
                  .cgroups = -EBADF })

/* tree_open_source() - the source of a bind mount (O_PATH). One below the root file system is the
 * container's: there no symlink leads out. Return: fd, -errno. */
int tree_open_source(const Plan *plan, const char *source);

/* tree_open_root() - the root file system, detached. Return: tree fd, -errno. */
int tree_open_root(const Launch *launch, Error *reterr);

/* Does the plan want any? Is this mount one of them? */
bool trees_wanted(const Launch *launch);

/* trees_make() - with the maps of foreign user namespaces (idmap=PATH). What cannot be opened is
 * told by the child, when its turn comes. Return: 0, -errno. */
int trees_make(const Launch *launch, Trees *ret, Error *reterr);

/* trees_add_cgroup() - what of the control groups the plan wants shown and the container cannot
 * mount. */
int trees_add_cgroup(const Plan *plan, int cgroup_fd, Trees *trees, Error *reterr);

/* trees_map() - the maps of the container's own (idmap=container), which must be written by then. */
int trees_map(const Plan *plan, Trees *trees, int user_namespace_fd, Error *reterr);

/* trees_close_others() - close all fds from `first` on but the trees. */
int trees_close_others(const Trees *trees, int first);

void trees_done(Trees *trees);
