/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What host root does for a child in a user namespace of its own: give it its ids and its control
 * group, and set what its own root has no right to. */

#include "runtime/payload/launch.h"
#include "runtime/payload/tree.h"

/* user_namespace_delegate() - the control group `cgroup_fd` becomes the container root's: to make
 * groups in it and to move processes there; its limits stay the host's. */
int user_namespace_delegate(const Plan *plan, int cgroup_fd, Error *reterr);

/* user_namespace_begin() - right after the clone: the maps, the trees, lxc.proc; then the child
 * goes on. Return: 0, -errno. */
int user_namespace_begin(const Plan *plan, const LaunchChild *child, Trees *trees, Error *reterr);

/* user_namespace_finish() - when the child is set up: its resource limits. */
int user_namespace_finish(const Plan *plan, pid_t pid, Error *reterr);
