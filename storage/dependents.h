/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What other containers a container is tied to, by the records of LXC (storage/kinship.h).
 *
 * A base's record may tell of clones that are not there: it is written before the clone is published,
 * and corrected after the clone is gone. Hence who reads it looks whether they are. */

#include "base/error.h"
#include "storage/kinship.h"
#include "storage/job/site.h"

/* dependents_find() - the clones that are there and are made of `base`, whose directory is open as
 * dir_fd. *ret_unknown: how many more a mere count tells of. Return: 0, -errno. */
int dependents_find(
        const Kin *base, int dir_fd, Kinship *ret, unsigned *ret_unknown, Error *reterr);

/* dependents_check() - may the container go? `own_snapshots`: may they stay? Without, those that are made
 * of it do not count. Under kin_lock_wait(). Return: 0, ERROR_HAS_DEPENDENTS with their names, -errno. */
int dependents_check(const Site *site, int dir_fd, bool own_snapshots, Error *reterr);

/* Changes of a base's record, durable, one at a time for each base. _enter: `clone` is made of `base`
 * from now on; where that lies on the file system of synced_fd, the caller syncs it. _leave: not any more.
 * _rename: under another name (of either of them). A base that is not there is left alone by the last two.
 * Return: 0, ERROR_NO_SUCH_CONTAINER (_enter), -errno. */
int dependents_enter(const Kin *base, const Kin *clone, int synced_fd, Error *reterr);
int dependents_leave(const Kin *base, const Kin *clone, Error *reterr);
int dependents_rename(const Kin *base, const Kin *from, const Kin *to, Error *reterr);

/* A clone's own record. Without any base there is no file. `durable` false: in a draft, for its config
 * names its bases as well. Return: 0, -errno. */
int bases_read(int dir_fd, Kinship *ret, Error *reterr);
int bases_write(int dir_fd, const Kinship *bases, bool durable, Error *reterr);
