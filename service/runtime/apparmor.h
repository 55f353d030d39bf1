/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the supervisor does for the AppArmor profile of a run. */

#include "runtime/plan/plan.h"
#include "runtime/record/undo.h"

/* apparmor_prepare() - a generated profile is loaded, which the journal of the run remembers; any other
 * must be loaded already, but for the default one, without which there is none. Waits for
 * apparmor_parser. Return: > 0 one was loaded, 0, -errno. */
int apparmor_prepare(Plan *plan, Undo *undo, Error *reterr);
