/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an administrator has made of a container's unit: enablement, a mask, drop-ins (also those of
 * `systemctl set-property`), in the directories of systemd.unit(5). */

#include "base/error.h"

/* systemd's, ended by NULL. */
extern const char *const unit_directories[];

/* unit_files_move() - the unit `to` gets all of it that `from` has; what it had itself stays where `from` has
 * nothing of the kind. `directories` (ended by NULL; NULL: systemd's) that are not there are passed over.
 * After a kill it may be done again. Return: > 0 moved, 0 there was nothing, -errno of the first failure (the
 * rest is copied all the same, but nothing is taken from `from`). */
int unit_files_move(const char *const *directories,
                    const char *from,
                    const char *to,
                    Error *reterr);

/* unit_files_remove() - all of it goes. Return: > 0 there was something, 0, -errno of the first failure (the
 * rest is removed all the same). */
int unit_files_remove(const char *const *directories, const char *unit, Error *reterr);
