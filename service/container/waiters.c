/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/waiters.h"

#include <string.h>

static void on_gone(Call *call, void *userdata)
{
        Waiters *waiters = userdata;

        call->on_gone = NULL;
        for (size_t i = 0; i < waiters->n; i++) {
                if (waiters->calls[i] != call)
                        continue;
                waiters->n--;
                memmove(waiters->calls + i, waiters->calls + i + 1,
                        (waiters->n - i) * sizeof(*waiters->calls));
                (void) call_unref(call);
                return;
        }
}

int waiters_add(Waiters *waiters, Call *call)
{
        Call **grown = realloc(waiters->calls, (waiters->n + 1) * sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        waiters->calls = grown;
        grown[waiters->n++] = call_ref(call);
        call->on_gone = on_gone;
        call->on_gone_userdata = waiters;
        return 0;
}

void waiters_move(Waiters *to, Waiters *from)
{
        *to = *from;
        *from = (Waiters){ 0 };
        for (size_t i = 0; i < to->n; i++)
                to->calls[i]->on_gone_userdata = to;
}

static Call *take_last(Waiters *waiters)
{
        Call *call = waiters->calls[--waiters->n];

        call->on_gone = NULL;
        return call;
}

void waiters_reply(Waiters *waiters, json_t *result)
{
        while (waiters->n > 0) {
                _cleanup_(call_unref_p) Call *call = take_last(waiters);

                call_reply(call, json_incref(result));
        }
}

void waiters_fail(Waiters *waiters, const Error *error)
{
        while (waiters->n > 0) {
                _cleanup_(call_unref_p) Call *call = take_last(waiters);

                call_fail(call, error);
        }
}

void waiters_each(Waiters *waiters, void (*visit)(Call *call, void *userdata), void *userdata)
{
        while (waiters->n > 0) {
                _cleanup_(call_unref_p) Call *call = take_last(waiters);

                visit(call, userdata);
        }
}

void waiters_reply_more(const Waiters *waiters, json_t *result)
{
        /* From the end: a peer that is found gone leaves the list. */
        for (size_t i = waiters->n; i-- > 0;)
                if (i < waiters->n && waiters->calls[i]->more)
                        call_reply_more(waiters->calls[i], json_incref(result));
}

void waiters_done(Waiters *waiters)
{
        while (waiters->n > 0)
                (void) call_unref(take_last(waiters));
        free(waiters->calls);
        waiters->calls = NULL;
}
