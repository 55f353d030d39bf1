/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the service manager knows of a failed start, as a sentence for who asked. */

#include "container/units.h"

/* Return: -errno, always; *reterr is ERROR_START_FAILED. */
int unit_outcome_error(const char *unit, const UnitOutcome *outcome, Error *reterr);
