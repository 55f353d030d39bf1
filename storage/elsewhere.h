/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host's own container path is collected whenever a job runner starts. Others are found by no list: so
 * while a job is at work in one, a note in the host's own tells of it, and whoever starts after a crash,
 * also of the machine, collects there, too. A note is a file with the container's id for a name, which its
 * job holds locked. */

#include "storage/job/site.h"

#define ELSEWHERE_NAME ".#elsewhere"

typedef struct Elsewhere {
        int dir_fd, fd;
        const char *id; /* borrowed */
} Elsewhere;

#define ELSEWHERE_NULL ((Elsewhere){ -EBADF, -EBADF, NULL })

/* elsewhere_begin() - durable. For a container in `container_path` itself (or where that is NULL), nothing.
 * Return: 0, -errno. */
int elsewhere_begin(const char *container_path, const char *id, const Site *site, Elsewhere *ret);

/* elsewhere_end() - forget: nothing is left there that a collector would have to do. Else the note stays for
 * the next one. */
void elsewhere_end(Elsewhere *elsewhere, bool forget);

/* Does what is to be done in this container path. Return: is nothing left to do? */
typedef bool (*ElsewhereCollect)(const char *path, const char *lock_dir);

/* elsewhere_collect() - for each note that nobody holds. */
void elsewhere_collect(int path_fd,
                       const char *container_path,
                       const char *lock_dir,
                       ElsewhereCollect collect);
