/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Authority comes before any effect: a verb's run() is not entered before every action of the verb,
 * of its options and of its values is granted. The questions are asked one after the other; while
 * one is open the call is held here. The container may go away meanwhile: it is looked up afterwards. */

#include "container/dispatch.h"

#include "base/log.h"
#include "container/ask.h"
#include "container/charge.h"
#include "container/check.h"
#include "container/manager.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"

static void ask_next(Call *call);

/* Everything a failed call goes through. The client's own mistakes are not worth a line. */
static void refuse(Call *call, Error *error)
{
        char verb[96];
        const char *fields[] = { verb, NULL };

        (void) snprintf(verb, sizeof(verb), "VERB=%s.%s", call->table->interface,
                        call->verb->member);
        if (error->code == ERROR_FAILED || error->code == ERROR_NO_MEMORY)
                log_error_event(LOG_ERR, fields, error, call->verb->member);
        else if (error->code == ERROR_ACCESS_DENIED)
                log_error_event(LOG_NOTICE, fields, error, call->verb->member);
        call_fail(call, error);
        error_done(error);
}

static void run(Call *call)
{
        Error error = ERROR_NULL;

        if (call->gone)
                return;
        if (call->table->run(call, &error) < 0)
                refuse(call, &error);
}

static unsigned actions_of(const Call *call)
{
        unsigned actions = 1u << call->verb->action;

        for (const Field *option = call->verb->options; option && option->name; option++)
                if (call_has(call, option->name))
                        actions |= 1u << option->action;
        if (call->verb->extra_action)
                actions |= 1u << call->verb->extra_action(call);
        return actions & ~(1u << ACTION_NONE);
}

static void on_answer(Call *call, const Error *problem)
{
        Error error = ERROR_NULL;

        if (problem) {
                (void) error_copy(&error, problem);
                refuse(call, &error);
                return;
        }
        ask_next(call);
}

/* The container that the action is about: what is made out of another one is meant itself. */
static const char *subject(const Call *call, Action action)
{
        const char *made = action == ACTION_CREATE ? call_string(call, "newName") : NULL;

        return made ? made : call_string(call, call->table->object ? call->table->object : "name");
}

static int ask(Call *call, Action action, Error *reterr)
{
        const char *id = subject(call, action);
        const Container *container = id ? manager_container(call->manager, id) : NULL;
        AuthorityDetails details = { .container = id, .verb = call->verb->member };
        char uid[16];

        if (container) {
                (void) snprintf(uid, sizeof(uid), "%u", container->owner);
                details.owner = details.owner_uid = uid;
                details.unprivileged = container->summary.unprivileged ? "true" : "false";
        }
        return call_ask(call, action, &details, call->interactive, on_answer, reterr);
}

static void ask_next(Call *call)
{
        Error error = ERROR_NULL;

        for (Action action = ACTION_NONE + 1; action < _ACTION_MAX; action++) {
                if (!(call->actions_wanted & (1u << action)))
                        continue;
                call->actions_wanted &= ~(1u << action);
                if (ask(call, action, &error) < 0)
                        refuse(call, &error);
                return;
        }
        run(call);
}

static int charge(Call *call, Error *reterr)
{
        unsigned limit = call->peer.uid == 0 ? CALLS_OF_ROOT_MAX : CALLS_PER_USER_MAX;
        int r;

        r = charge_take(call->manager->charges, call->peer.uid, limit);
        if (r == -EDQUOT)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "User %u has %u calls in flight; wait for their answers",
                                    call->peer.uid, limit);
        if (r < 0)
                return error_oom(reterr);
        call->charged = true; /* given back by call_unref() */
        return 0;
}

/* The name is told to polkit's rules: nothing reaches them that cannot be one. A directory that is
 * listed although its name is none may still be spoken of. */
static int check_name(const Call *call, Error *reterr)
{
        const char *id = call_string(call, call->table->object ? call->table->object : "name");
        const char *made = call_string(call, "newName");
        int r = made ? container_name_check(made, reterr) : 0;

        if (r < 0 || !id || manager_container(call->manager, id))
                return r;
        return container_id_check(id, reterr);
}

void dispatch(Call *call)
{
        Error error = ERROR_NULL;

        if (charge(call, &error) < 0 || call_check_parameters(call, &error) < 0 ||
            check_name(call, &error) < 0) {
                refuse(call, &error);
                return;
        }
        if (call_flag(call, "allowInteractiveAuthentication"))
                call->interactive = true;
        /* Root may everything; nobody is asked. */
        call->actions_wanted = call->peer.uid == 0 ? 0 : actions_of(call);
        ask_next(call);
}
