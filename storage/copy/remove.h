/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Removal of trees that a container's root may have made: any names, any depth, any flags. */

#include "base/error.h"

/* remove_entry() - remove `name` (one component) in the directory and everything below it. No
 * symlink is followed and no mount point crossed (what is mounted stays, with the directories above
 * it, and the error says so). Goes on after a failure to remove what can be removed. Return: 0 (also
 * when it is absent), -errno of the first failure. */
int remove_entry(int dir_fd, const char *name, Error *reterr);
