/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls that wait for the same thing. One that goes away leaves the list by itself. */

#include "container/call.h"

typedef struct Waiters {
        Call **calls;
        size_t n;
} Waiters;

/* Takes a reference. Return: 0, -ENOMEM. */
int waiters_add(Waiters *waiters, Call *call);

/* Answers all and empties the list. `result` (may be NULL) is borrowed. */
void waiters_reply(Waiters *waiters, json_t *result);
void waiters_fail(Waiters *waiters, const Error *error);

/* Hands each to `visit`, which answers it, and empties the list. */
void waiters_each(Waiters *waiters, void (*visit)(Call *call, void *userdata), void *userdata);

/* To those that take several replies only; nobody leaves. */
void waiters_reply_more(const Waiters *waiters, json_t *result);

/* To a list that was empty. */
void waiters_move(Waiters *to, Waiters *from);

/* Without an answer. */
void waiters_done(Waiters *waiters);
