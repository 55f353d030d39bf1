/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who owns a container: a uid in the extended attribute security.nagaya.owner of its directory, in
 * decimal. On a file system without such attributes: in the file .nagaya-owner of the directory,
 * root's and 0600. Neither is there: root owns it.
 *
 * security.* rather than trusted.*: the latter is invisible without CAP_SYS_ADMIN, which the
 * service does not hold, and an owner that cannot be read would silently be root. Writing needs
 * CAP_SYS_ADMIN on the host in either case, so nothing in a container can forge it. */

#include <sys/types.h>

#include "base/error.h"

/* `dir_fd` is a container's directory (not O_PATH). Return: 0, -EBADMSG (what is there is no uid),
 * -errno. */
int owner_read(int dir_fd, uid_t *ret, Error *reterr);

/* 0 removes the record. Return: 0, -errno. */
int owner_write(int dir_fd, uid_t owner, Error *reterr);
