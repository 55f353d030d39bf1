/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/forward.h"

#include <string.h>

#include "base/process.h"
#include "container/manager.h"
#include "container/supervisor.h"
#include "interfaces/errors.h"

/* Longer than anything a supervisor waits for itself (30 s until all tasks are frozen). */
#define ANSWER_USEC (40 * USEC_PER_SEC)

typedef struct Forwarded {
        Call *call;
        Link *link;
        char *container; /* id: the object may be gone when the answer comes */
} Forwarded;

static void forwarded_free(Forwarded *forwarded)
{
        forwarded->call->on_gone = NULL;
        (void) link_free(forwarded->link);
        (void) call_unref(forwarded->call);
        free(forwarded->container);
        free(forwarded);
}

static void on_gone(Call *call, void *userdata)
{
        forwarded_free(userdata);
}

static void
on_reply(void *userdata, json_t *parameters, FdArray *fds, bool continues, const Error *error)
{
        Forwarded *forwarded = userdata;
        Call *call = forwarded->call;
        Container *container = manager_container(call->manager, forwarded->container);
        Error lost = ERROR_NULL;

        if (container)
                supervisor_catch_up(container);
        if (!error)
                call_reply_fds(call, json_incref(parameters), fds);
        else if (error->errnum == ECONNRESET && error->code == ERROR_FAILED) {
                (void) error_public(&lost, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' ended meanwhile", forwarded->container);
                call_fail(call, &lost);
                error_done(&lost);
        } else
                call_fail(call, error);
        forwarded_free(forwarded);
}

static json_t *forwarded_parameters(const Call *call)
{
        json_t *copy = json_copy(call->parameters);

        (void) json_object_del(copy, call->table->object);
        (void) json_object_del(copy, "allowInteractiveAuthentication");
        return copy;
}

int forward(Call *call, Container *container, const char *member, Error *reterr)
{
        Forwarded *forwarded = calloc(1, sizeof(*forwarded));
        int r;

        if (!forwarded)
                return error_oom(reterr);
        forwarded->call = call_ref(call);
        forwarded->container = strdup(container->id);
        if (!forwarded->container) {
                forwarded_free(forwarded);
                return error_oom(reterr);
        }
        r = supervisor_call(container, member, forwarded_parameters(call), &call->fds, on_reply,
                            forwarded, &forwarded->link, reterr);
        if (r == 0)
                r = link_limit(forwarded->link, ANSWER_USEC, reterr);
        if (r < 0) {
                forwarded_free(forwarded);
                return r;
        }
        call->on_gone = on_gone;
        call->on_gone_userdata = forwarded;
        return 0;
}
