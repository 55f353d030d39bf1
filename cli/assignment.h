/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* KEY=VALUE on the command line, {"key": , "value": } on the wire. */

#include "cli/options.h"
#include "interfaces/json.h"

/* assignments_put() - all values of the option `name` as the list `field`; nothing when it was not
 * given. Return: 0, -errno. */
int assignments_put(json_t *parameters,
                    const char *field,
                    const Arguments *arguments,
                    const char *name,
                    Error *reterr);
