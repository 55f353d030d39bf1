/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/ask.h"

#include "container/manager.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

static void on_answer(void *userdata, const Error *problem)
{
        _cleanup_(call_unref_p) Call *call = userdata;

        call->query = NULL;
        call->on_gone = NULL;
        call->answered_query(call, problem);
}

static void on_gone(Call *call, void *userdata)
{
        call->on_gone = NULL;
        call->manager->authority.cancel(call->query);
        call->query = NULL;
        (void) call_unref(call);
}

int call_ask(Call *call,
             Action action,
             const AuthorityDetails *details,
             bool interactive,
             CallAnswered answered,
             Error *reterr)
{
        const Authority *authority = &call->manager->authority;
        char whole[64];
        int r;

        if (!authority->check)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "Only root may do this while polkit cannot be asked");
        (void) snprintf(whole, sizeof(whole), ACTION_NAMESPACE "%s", action_name(action));
        r = authority->check(authority->userdata, &call->peer, whole, details, interactive,
                             on_answer, call, &call->query, reterr);
        if (r < 0)
                return error_set_code(reterr, r, ERROR_ACCESS_DENIED);
        (void) call_ref(call);
        call->answered_query = answered;
        call->on_gone = on_gone;
        return 0;
}
