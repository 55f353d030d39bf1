/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The file of a container's configuration. */

#include <limits.h>

#include "config/document.h"
#include "container/container.h"

void config_file_path(const Container *container, char ret[static PATH_MAX]);

/* config_file_read() - the text as it stands, and its version. Return: 0, ERROR_INVALID_CONFIG (not
 * in UTF-8), -errno. */
int config_file_read(const Container *container,
                     char **ret,
                     char ret_version[static DOCUMENT_VERSION_SIZE],
                     Error *reterr);
