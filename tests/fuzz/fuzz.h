/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a fuzzing engine, or driver.c in its place, calls for each input. Return: 0. A property that
 * does not hold aborts. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#pragma GCC visibility push(default)
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#pragma GCC visibility pop

/* Like assert(), and never compiled out. */
#define MUST(condition)                                                                            \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        (void) fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)
