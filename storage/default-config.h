/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the configuration of a new container begins with: the host's default.conf, and where it has
 * none, our own: an interface on the default bridge, if there is one. */

#include "base/error.h"
#include "storage/job/report.h"

/* default_config_read() - the text; `path` (may be NULL, then *ret is NULL) is the host's file. What the
 * container will not have, or will not find when it starts, is told to the job's owner. The caller
 * frees. Return: 0, ERROR_ACCESS_DENIED (others than root may change the file), -errno. */
int default_config_read(const char *path, const Report *report, char **ret, Error *reterr);
