/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is to be removed goes by one rename into `.#trash` beside the containers, is gone for
 * everybody, and is removed from there without haste. What a killed process left behind (things in
 * the trash, drafts that nobody builds any more) is collected later: who works on an entry holds a
 * flock(2) on its directory. */

#include "base/error.h"

#define TRASH_NAME ".#trash"

/* Every name of ours in a container path begins so; none can be a container's. */
#define TRASH_PREFIX ".#"
#define DRAFT_SUFFIX ".new"
#define DRAFT_TAG_SIZE 16 /* ".#NAME.TAG.new" */
/* A draft that has this is the old half of a restore (storage/restore.h). */
#define DRAFT_SNAPSHOTS "snaps"

/* trash_put() - move `name` of the directory into its trash, or, where a full disk has no room for that,
 * out of the way under a name that is collected like it. Return: 0, -ENOENT, -EBUSY (a mount
 * point), -errno. */
int trash_put(int parent_fd, const char *name, Error *reterr);

/* trash_put_into() - `name` of another directory; where that is on another file system, into a trash of its
 * own, which is emptied at once. */
int trash_put_into(int dir_fd, const char *name, int parent_fd, Error *reterr);

/* trash_make() - a fresh directory in the trash, for parts of something that stays. It is not emptied
 * while the fd is open. Return: fd, -errno. */
int trash_make(int parent_fd, Error *reterr);

/* trash_hold_new() - make the directory `name`, mode 0700, and lock it before a collector finds it: what it
 * locks it takes away. Return: fd, -EAGAIN (a collector was quicker, or the name is taken: try another
 * one), -errno. */
int trash_hold_new(int parent_fd, const char *name);

/* trash_settle() - before a job: what a killed one left is not removed yet, but no longer in the way of
 * others. Snapshots in the old half of a restore are given back, and storage elsewhere, whose name may be
 * used again, is gone together with the record of it. Return: as trash_collect(). */
int trash_settle(int parent_fd, Error *reterr);

/* trash_collect() - remove what is in the trash, and abandoned drafts. Return: 0, -errno of the first
 * failure (the rest is done all the same). */
int trash_collect(int parent_fd, Error *reterr);
