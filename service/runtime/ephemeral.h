/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The end of an ephemeral container (lxc.ephemeral): its clean-up removes it. */

#include "base/error.h"

/* ephemeral_remove() - as the job "destroy" does, in this process: needs nobody else. The container's
 * lock must be free. Blocks until its files are gone. Return: 0, as destroy_job(). */
int ephemeral_remove(const char *id, const char *directory, Error *reterr);
