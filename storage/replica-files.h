/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a container's files is copied into another one, and how it is told. */

#include <stdbool.h>

#include "storage/clone-config.h"
#include "storage/job/report.h"

/* replica_copy_tree() - a whole tree, told as progress. *ret_shared: most of
 * it is the source's own blocks. Return: 0, -errno. */
int replica_copy_tree(int from_fd,
                      int to_fd,
                      const char *from,
                      const Report *report,
                      bool *ret_shared,
                      Error *reterr);

/* replica_copy_items() - from the directory of the source into that of the clone. What is not there is
 * left out: a start will tell. No symlink is followed. Return: 0, -errno. */
int replica_copy_items(
        const CloneItems *items, const CloneConfig *spec, int from_fd, int to_fd, Error *reterr);
