/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The name that a container's own files give it. */

#include "base/error.h"

/* hostname_write() - /etc/hostname in the root file system `root_fd` becomes `name`, without a newline, if
 * there is such a file. Links in it lead nowhere outside of it. Not durable, as all the files around it.
 * Return: > 0 done, 0 there is none (or what is there is no regular file), -errno. */
int hostname_write(int root_fd, const char *name, Error *reterr);

/* hostname_replace() - the same, if the file says `old` (with a newline or without). Killed, it has left a
 * file that says one of the two, and may be repeated. */
int hostname_replace(int root_fd, const char *old, const char *name, Error *reterr);
