/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The job "rename": a container gets another name in the same container path. The job is that of the old
 * name. Parameters: newName, newContainer (its id). Result: name (the new one), reload (bool: what the
 * service manager has read of units is not so any more).
 *
 * The directory is renamed, whatever storage it has, and what names it follows. Order of effects:
 *
 *      1       a file in the directory tells of the rename; everything so far can be ignored
 *      2       the bases are told of the new name, too
 *      3       the directory gets its new name, in one step
 *      4       what lies outside of it (a volume) gets its new name; the config, those of the snapshots and
 *              files that belong to them follow
 *      5       the containers that are made of it follow: their layers and their records
 *      6       the bases forget the old name
 *      7       the unit's enablement and drop-ins go to the new name's
 *      8       the file goes
 *
 * After a kill at 4 to 8 the container has its new name, and perhaps a config that does not fit, with which
 * it does not start; rename_resume() does the rest, each step of which may be done twice. Until then no
 * container can be destroyed that another one needs: who is made of it is looked for under both names.
 */

#include "storage/job/job.h"

/* Return: 0, ERROR_NO_SUCH_CONTAINER, ERROR_CONTAINER_EXISTS, ERROR_CONTAINER_RUNNING, ERROR_BUSY,
 * ERROR_INVALID_NAME, ERROR_INVALID_CONFIG, ERROR_HAS_DEPENDENTS (a mere count of them), -errno. */
int rename_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr);

/* rename_resume() - what a killed rename of this container, if there was one, has left to be done. Return: >= 0,
 * ERROR_BUSY (its job still runs), -errno. */
int rename_resume(const Site *site, int dir_fd, const char *lock_dir, Error *reterr);

/* rename_settle() - JobSettle. */
int rename_settle(const JobRequest *request, json_t **ret_result, Error *reterr);
