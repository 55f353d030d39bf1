/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What each user has in flight, so that none can fill the service. */

#include <sys/types.h>

typedef struct Charges Charges;

Charges *charges_new(void);
/* Asserts that everything was given back. */
Charges *charges_free(Charges *charges);

/* Return: 0, -EDQUOT at the limit, -ENOMEM. */
int charge_take(Charges *charges, uid_t uid, unsigned limit);
void charge_give(Charges *charges, uid_t uid);
