/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/charge.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

typedef struct Charge {
        struct Charge *next;
        uid_t uid;
        unsigned n;
} Charge;

struct Charges {
        Charge *first; /* only users with something in flight: short */
};

Charges *charges_new(void)
{
        return calloc(1, sizeof(Charges));
}

Charges *charges_free(Charges *charges)
{
        if (!charges)
                return NULL;
        assert(!charges->first);
        free(charges);
        return NULL;
}

static Charge **find(Charges *charges, uid_t uid)
{
        Charge **link = &charges->first;

        while (*link && (*link)->uid != uid)
                link = &(*link)->next;
        return link;
}

int charge_take(Charges *charges, uid_t uid, unsigned limit)
{
        Charge **link = find(charges, uid);

        if (!*link) {
                Charge *charge = calloc(1, sizeof(*charge));

                if (!charge)
                        return -ENOMEM;
                charge->uid = uid;
                *link = charge;
        }
        if ((*link)->n >= limit)
                return -EDQUOT;
        (*link)->n++;
        return 0;
}

void charge_give(Charges *charges, uid_t uid)
{
        Charge **link = find(charges, uid);
        Charge *charge = *link;

        assert(charge && charge->n > 0);
        if (--charge->n > 0)
                return;
        *link = charge->next;
        free(charge);
}
