/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The file in a container's directory which says that its rename is under way, or was when somebody
 * killed it: what it was called. */

#include "base/error.h"

#define RENAME_MARK ".#renamed"

typedef struct RenameMark {
        char *directory; /* the old one */
        char *id;        /* the old one */
        char *new_id;
} RenameMark;

void rename_mark_done(RenameMark *mark);

/* Return: > 0 read, 0 there is none, -EBADMSG, -errno. */
int rename_mark_read(int dir_fd, RenameMark *ret);

/* Return: 0, -errno. */
int rename_mark_write(int dir_fd, const RenameMark *mark);
int rename_mark_remove(int dir_fd);
