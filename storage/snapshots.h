/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The snapshots of a container, as LXC keeps them: each a container of its own, `snapN` in the
 * directory LXCPATH/NAME/snaps, or in LXCPATHsnaps/NAME where LXC 1.0 has made that. Beside its config
 * and root file system it has the files `ts` (when, local time, YYYY:MM:DD HH:MM:SS) and, if one was
 * given, `comment`. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "storage/job/site.h"

#define SNAPSHOT_TIME "ts"
#define SNAPSHOT_COMMENT "comment"
#define SNAPSHOT_COMMENT_MAX (64 * 1024)
/* Characters of a `ts`. */
#define SNAPSHOT_TIME_FORMAT "%Y:%m:%d %H:%M:%S"

typedef struct SnapshotPlace {
        int fd; /* a directory, readable */
        char *path;
} SnapshotPlace;

#define SNAPSHOT_PLACE_NULL ((SnapshotPlace){ .fd = -EBADF })

/* snapshot_place_open() - of the container LXCPATH/NAME, whose directory is open as dir_fd (not O_PATH).
 * make: it is made where it is missing. Return: 0, -ENOENT without a sentence (it has none), -errno. */
int snapshot_place_open(const char *container_path,
                        const char *name,
                        int dir_fd,
                        bool make,
                        SnapshotPlace *ret,
                        Error *reterr);
void snapshot_place_done(SnapshotPlace *place);

typedef struct Snapshot {
        char *name;
        char *comment;      /* NULL: none, or not asked for */
        uint64_t time_usec; /* since 1970; 0: not known */
} Snapshot;

typedef struct SnapshotList {
        Snapshot *items; /* snap2 before snap10 */
        size_t n;
} SnapshotList;

void snapshot_list_done(SnapshotList *list);

/* with_details: the time and the comment, too. Return: 0, -errno. */
int snapshot_list(const SnapshotPlace *place, bool with_details, SnapshotList *ret, Error *reterr);

/* snapshot_name_check() - one that may be looked up. Return: 0, ERROR_NO_SUCH_SNAPSHOT. */
int snapshot_name_check(const char *name, Error *reterr);

/* Return: 0 (it has none), ERROR_HAS_SNAPSHOTS, -errno. */
int snapshots_check(const Site *site, int dir_fd, Error *reterr);
