/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Sets of capabilities as masks: bit N = capability N of <linux/capability.h>. */

#include <stdint.h>

/* Every capability this kernel knows. */
uint64_t capability_all(void);

/* capability_limit() - no program executed from now on can have more than `keep`: the others leave
 * the bounding set, nothing is inheritable or ambient. What this process itself still needs until
 * it executes init (`hold`) stays permitted and effective. Return: 0, -errno. */
int capability_limit(uint64_t keep, uint64_t hold);
