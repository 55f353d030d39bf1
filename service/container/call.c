/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/call.h"

#include "container/charge.h"
#include "container/manager.h"

Call *call_new(Manager *manager,
               const VerbTable *table,
               const Verb *verb,
               const CallOps *ops,
               void *transport,
               Peer *peer,
               json_t *parameters,
               FdArray *fds)
{
        Call *call = malloc(sizeof(*call));

        if (!call)
                return NULL;
        *call = (Call){
                .n_ref = 1,
                .manager = manager,
                .table = table,
                .verb = verb,
                .ops = ops,
                .transport = transport,
                .peer = *peer,
                .parameters = parameters,
        };
        peer->bus_name = NULL;
        if (fds) {
                call->fds = *fds;
                fds->n = 0;
        }
        return call;
}

Call *call_ref(Call *call)
{
        call->n_ref++;
        return call;
}

Call *call_unref(Call *call)
{
        if (!call || --call->n_ref > 0)
                return NULL;
        call->ops->free(call);
        if (call->charged)
                charge_give(call->manager->charges, call->peer.uid);
        json_decref(call->parameters);
        fd_array_done(&call->fds);
        free(call->peer.bus_name);
        free(call);
        return NULL;
}

static void answer(Call *call, json_t *result, FdArray *fds, bool continues)
{
        FdArray none = { .n = 0 };

        if (!result)
                result = json_object();
        if (!call->answered) {
                call->answered = !continues;
                call->ops->reply(call, result, fds ? fds : &none, continues);
        }
        if (fds)
                fd_array_done(fds);
        json_decref(result);
}

void call_reply(Call *call, json_t *result)
{
        answer(call, result, NULL, false);
}

void call_reply_fds(Call *call, json_t *result, FdArray *fds)
{
        answer(call, result, fds, false);
}

void call_reply_more(Call *call, json_t *result)
{
        answer(call, result, NULL, true);
}

void call_fail(Call *call, const Error *error)
{
        if (call->answered)
                return;
        call->answered = true;
        call->ops->fail(call, error);
}

void call_hangup(Call *call)
{
        _cleanup_(call_unref_p) Call *held = NULL;

        if (call->gone)
                return;
        held = call_ref(call);
        call->gone = true;
        if (call->answered)
                return;
        call->answered = true;
        if (call->on_gone)
                call->on_gone(call, call->on_gone_userdata);
}

const char *call_string(const Call *call, const char *field)
{
        return json_string_value(json_object_get(call->parameters, field));
}

bool call_flag(const Call *call, const char *field)
{
        return json_is_true(json_object_get(call->parameters, field));
}

int64_t call_integer(const Call *call, const char *field, int64_t fallback)
{
        const json_t *value = json_object_get(call->parameters, field);

        return json_is_integer(value) ? json_integer_value(value) : fallback;
}

bool call_has(const Call *call, const char *field)
{
        const json_t *value = json_object_get(call->parameters, field);

        return value && !json_is_null(value);
}
