/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of the host whose mounts a running container gets (lxc.mount.auto = shmounts:PATH):
 * the one mount that is made on the host for a container, since it is asked for there. */

#include "base/error.h"
#include "runtime/record/undo.h"

/* shared_mounts_make() - PATH is a shared mount: as it is one already, or a tmpfs from now on, which
 * the journal of the run remembers. Return: > 0 it was made, 0 it was one, -errno. */
int shared_mounts_make(const char *path, Undo *undo, Error *reterr);

/* shared_mounts_undo() - unmounts what was made, unless something else is mounted in it. Return: 0
 * (also when there is nothing), -errno. */
int shared_mounts_undo(const char *path, Error *reterr);
