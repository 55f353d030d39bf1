/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a template sees: a draft already stands under its final name. Every path that the template
 * writes into the new container is then the final one, although nobody else sees the container
 * before it is whole. */

#include "base/error.h"
#include "storage/draft.h"
#include "storage/job/site.h"

/* view_enter() - move this process into a mount namespace of its own, in which site->directory is the
 * draft. The other containers of the path are there by symlinks; what is mounted later is private
 * and goes with the namespace. Paths and fds from before stay good. *ret_host_fd is the namespace from
 * before. Return: 0, -errno. */
int view_enter(const Site *site, const Draft *draft, int *ret_host_fd, Error *reterr);

/* view_leave() - go back to where view_enter() was called. What was mounted is unmounted when this
 * returns, unless something else still runs there. Return: 0, -errno. */
int view_leave(int host_fd, Error *reterr);
