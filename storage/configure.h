/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The brief job "configure": the container's configuration file gets another text, checked as a whole
 * before, written atomically and durably, with the mode and owner that the file had.
 *
 * Parameters: change, one of
 *      set      key, value
 *      unset    key
 *      write    text
 *      convert  the names of today; what the file was is kept beside it, as config.backup
 * and version (optional): what the file must be at.
 *
 * Result: version (of what is now there), changed (bool; an unchanged file is not written). */

#include "storage/job/job.h"

/* Return: 0, ERROR_INVALID_CONFIG, ERROR_NO_SUCH_KEY (unset), ERROR_BUSY (another version),
 * ERROR_NO_SUCH_CONTAINER, ERROR_ACCESS_DENIED, ERROR_INVALID_ARGS, -errno. */
int configure_job(const JobRequest *request,
                  const Report *report,
                  json_t **ret_result,
                  Error *reterr);
