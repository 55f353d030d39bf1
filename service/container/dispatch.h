/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every call goes through, whatever door it came in by: the types of its arguments, limits,
 * authority, then the verb; errors are mapped and logged in one place. */

#include "container/call.h"

/* dispatch() - check and run; always leads to an answer. Takes no reference of the caller's away:
 * call_unref() is still the caller's. */
void dispatch(Call *call);

/* What a user may have in flight, all verbs and both doors together; beyond it: LimitsExceeded. */
#define CALLS_PER_USER_MAX 256
#define CALLS_OF_ROOT_MAX 4096
