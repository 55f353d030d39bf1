/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* After the end of a run, however it ended: what its journal (runtime/record/undo.h) still lists is undone.
 * Can be called at any time, any number of times. */

#include "base/error.h"

typedef struct Supervisor Supervisor;

/* cleanup_main() - `nagaya-run --cleanup ID`, from ExecStopPost= of the unit. Return: the exit
 * status. */
int cleanup_main(const char *id);

/* cleanup_leftovers() - with the lock held and the directories open: kills what is left of the
 * payload, undoes, completes the record, removes the journal and the control socket. Failures are
 * logged. Return: 0, -errno of the first. */
int cleanup_leftovers(Supervisor *s);
