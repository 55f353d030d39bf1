/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/suggest.h"

#include "base/strv.h"
#include "config/keys.h"

#define SIZE_MAX_NAME 64
#define DISTANCE_MAX 2

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
        unsigned least = a < b ? a : b;

        return least < c ? least : c;
}

/* Levenshtein's distance, a row of the table at a time. Both are shorter than SIZE_MAX_NAME. */
static unsigned distance(const char *a, const char *b)
{
        unsigned row[SIZE_MAX_NAME + 1];
        size_t n = strlen(b);

        for (size_t i = 0; i <= n; i++)
                row[i] = (unsigned) i;
        for (size_t i = 0; a[i]; i++) {
                unsigned diagonal = row[0];

                row[0] = (unsigned) i + 1;
                for (size_t k = 0; k < n; k++) {
                        unsigned above = row[k + 1];

                        row[k + 1] = min3(above + 1, row[k] + 1, diagonal + (a[i] != b[k]));
                        diagonal = above;
                }
        }
        return row[n];
}

const char *config_key_suggest(const char *name)
{
        const char *nearest = NULL;
        unsigned least = DISTANCE_MAX + 1;

        if (strlen(name) >= SIZE_MAX_NAME)
                return NULL;
        for (size_t i = 0; i < config_keys_n; i++) {
                unsigned d = distance(config_keys[i].name, name);

                if (d < least) {
                        least = d;
                        nearest = config_keys[i].name;
                }
        }
        return nearest;
}
