/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which storage a clone gets, and how: a copy of its own, or one that shares with its source what has
 * not changed. Pure: a table. */

#include <stdbool.h>

#include "storage/backend/rootfs.h"

typedef enum CloneWish {
        CLONE_WISH_COPY,
        CLONE_WISH_SHARE,  /* or be refused */
        CLONE_WISH_EITHER, /* in storage of the source's kind, and shared if that is possible */
} CloneWish;

typedef struct ClonePlan {
        const Backend *backend;
        bool share;
} ClonePlan;

/* clone_plan() - `to` NULL: as it suits the source. Return: 0, ERROR_NOT_SUPPORTED with what is possible
 * instead. */
int clone_plan(
        const Backend *from, const Backend *to, CloneWish wish, ClonePlan *ret, Error *reterr);
