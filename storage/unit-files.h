/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an administrator has made of a container's unit: enablement, a mask, drop-ins (also those of
 * `systemctl set-property`), in the directories of systemd.unit(5). */

#include "base/error.h"

/* unit_files_copy() - the unit `to` has the same of it as `from`; what it had itself stays where `from` has
 * nothing of the kind. `directories` (ended by NULL; NULL: systemd's) that are not there are passed over.
 * Return: 0, -errno of the first failure; the rest is done all the same. */
int unit_files_copy(const char *const *directories,
                    const char *from,
                    const char *to,
                    Error *reterr);
