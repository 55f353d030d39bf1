/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a container and its snapshots are made of, so that the bases can be told when they are gone. */

#include "storage/kinship.h"
#include "storage/job/report.h"
#include "storage/job/site.h"
#include "storage/snapshots.h"

typedef struct Tie {
        Kin clone; /* the container, or a snapshot of it */
        Kinship bases;
} Tie;

typedef struct Ties {
        Tie *items;
        size_t n;
        SnapshotPlace snapshots; /* of the container; path NULL: it has none */
} Ties;

#define TIES_NULL ((Ties){ .snapshots = { .fd = -EBADF } })

void ties_done(Ties *ties);

/* ties_add() - of one whose directory is open as dir_fd. A record that cannot be read counts as none:
 * what its bases tell of then is not there, which does no harm. Return: 0, -ENOMEM. */
int ties_add(Ties *ties, int dir_fd, const char *path, const char *name);

/* ties_find() - of a container and of all its snapshots. Return: 0, -errno. */
int ties_find(const Site *site, int dir_fd, Ties *ret, Error *reterr);

/* Tells the bases. What cannot be told is reported. */
void ties_undo(const Ties *ties, const Report *report);
