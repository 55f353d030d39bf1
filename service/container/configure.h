/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A change of a container's configuration file: the service has no right to write there, so it is a
 * brief job of nagaya-work's (storage/configure.h). The call is answered at its end. */

#include "container/call.h"
#include "container/container.h"

/* configure() - `change` with the call's own fields. live_file (may be NULL): the control group file
 * that the running container is given the call's `value` of first; if that fails nothing is written,
 * and if the writing fails it is taken back. The call's result gets those of its fields that the
 * change tells: effect, version, changed. Return: 0, -errno. */
int configure(
        Call *call, Container *container, const char *change, const char *live_file, Error *reterr);
