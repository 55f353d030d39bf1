/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* LXC's records of which containers are made of which: `lxc_snapshots` in a base tells of its clones,
 * `lxc_rdepends` in a clone of its bases. Each container is a pair of lines, LXCPATH and NAME. LXC
 * 1.x wrote a mere count into lxc_snapshots; such a file stays a count, "0" when there is none. */

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct Kin {
        char *path; /* LXCPATH; of a snapshot: LXCPATH/CONTAINER/snaps */
        char *name;
} Kin;

typedef struct Kinship {
        Kin *items;
        size_t n;
        bool counted; /* only a count is known */
        unsigned count;
} Kinship;

void kinship_done(Kinship *kinship);

/* Return: 0, -EBADMSG (neither a count nor pairs), -ENOMEM. */
int kinship_parse(const char *text, Kinship *ret);

/* The caller frees; "" when the file should not be there. NULL when out of memory. */
char *kinship_print(const Kinship *kinship);

bool kin_equal(const Kin *a, const Kin *b);
bool kinship_contains(const Kinship *kinship, const Kin *kin);

/* kinship_add() - a pair that is there already is not added again; a count grows. kinship_remove() - a
 * count shrinks, but not below 0. Return: 0, -ENOMEM. */
int kinship_add(Kinship *kinship, const Kin *kin);
void kinship_remove(Kinship *kinship, const Kin *kin);

/* kinship_rename() - `from` becomes `to`, which is added when `from` is not there; a count stays.
 * Return: 0, -ENOMEM. */
int kinship_rename(Kinship *kinship, const Kin *from, const Kin *to);
