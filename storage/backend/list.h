/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The brief job "list-backends": the table of backends, and which this host can use. No parameters. Result:
 * backends, a list of {name, usable, reason}. */

#include "storage/job/job.h"

int list_backends_job(const JobRequest *request,
                      const Report *report,
                      json_t **ret_result,
                      Error *reterr);
