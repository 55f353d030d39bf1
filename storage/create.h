/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The job "create": a new container, whole or not at all.
 *
 * Parameters: template (a name or an absolute path; without one the root file system stays
 * empty); templateArguments; backend; config [{key, value}], put at the end of the new config;
 * owner (a uid, default 0); defaultConfig (a file that begins the new config; may be absent). */

#include "storage/job/job.h"

/* Return: 0, ERROR_CONTAINER_EXISTS, ERROR_BUSY, ERROR_INVALID_NAME, ERROR_INVALID_ARGS,
 * ERROR_INVALID_CONFIG (in `config`), ERROR_NO_SUCH_TEMPLATE, ERROR_TEMPLATE_FAILED,
 * ERROR_NOT_SUPPORTED, -errno. */
int create_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr);
