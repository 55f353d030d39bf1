/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What other containers a container is tied to, by the records of LXC: `lxc_snapshots` in a base
 * (a count, or pairs of lines LXCPATH, NAME of its clones), `lxc_rdepends` in a clone (pairs of lines
 * of its bases), snapshots in `snaps/` or, by LXC 1.0, LXCPATHsnaps/NAME. */

#include "base/error.h"
#include "storage/site.h"

/* dependents_count() - the clones that the text of a `lxc_snapshots` tells of. Pure. Return: >= 0;
 * text that is neither a count nor pairs counts as one, for it may mean one. */
int dependents_count(const char *text);

/* dependents_check() - may the container go? Return: 0, ERROR_HAS_DEPENDENTS, ERROR_NOT_SUPPORTED (it
 * is a clone itself, and its bases count it), -errno. */
int dependents_check(const Site *site, int dir_fd, Error *reterr);

/* Return: 0 (it has none), ERROR_HAS_SNAPSHOTS, -errno. */
int snapshots_check(const Site *site, int dir_fd, Error *reterr);
