/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The job "clone": a new container out of another one, whole or not at all. The job is the new
 * container's.
 *
 * Parameters: source (id), sourceDirectory; snapshot (bool: share with the source what has not changed,
 * else a copy); backend (a name, a list of names); size (bytes); keepName, keepMac, allowRunning,
 * ephemeral, tmpfs (bools); mounts, hookArguments (lists of strings).
 *
 * Result: name, method ("copy" "reflink" "overlay" "snapshot").
 *
 * Order of effects: storage/replica.h. Before: the source and the new name are locked; a running source
 * is frozen until its files are copied, or this process ends. */

#include "storage/job/job.h"

/* Return: 0, ERROR_CONTAINER_EXISTS, ERROR_CONTAINER_RUNNING, ERROR_NO_SUCH_CONTAINER, ERROR_BUSY,
 * ERROR_INVALID_NAME, ERROR_INVALID_ARGS, ERROR_INVALID_CONFIG, ERROR_HOOK_FAILED,
 * ERROR_NOT_SUPPORTED, -errno. */
int clone_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr);
