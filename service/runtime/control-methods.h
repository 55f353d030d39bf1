/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The methods of org.nagaya1.Supervisor: from JSON to typed values and to whom it concerns. */

#include "runtime/control.h"

/* For a Supervisor as userdata. Ended by a NULL name. */
extern const ControlMethod control_methods[];
