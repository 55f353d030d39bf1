/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Methods of the control socket: one file of the payload's control group, under its name in version
 * 1 or 2. `userdata` is the Supervisor. */

#include "runtime/control.h"

/* file -> value */
int control_get_cgroup(ControlCall *call, void *userdata, Error *reterr);

/* file, value -> previous: what version 2 had there, where that is one line */
int control_set_cgroup(ControlCall *call, void *userdata, Error *reterr);
