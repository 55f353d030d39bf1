/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/net/script.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strv.h"

bool net_script_make(const Nic *nic, bool up, NetScript *ret)
{
        const PlanNet *plan = nic->plan;
        NetScript script = {
                .up = up,
                .index = plan->index,
                .line = up ? plan->script_up : plan->script_down,
        };

        /* As LXC: nothing went up, nothing comes down. */
        if (!script.line || (!up && plan->type == NET_EMPTY))
                return false;
        (void) snprintf(script.type, sizeof(script.type), "%s", net_type_name(plan->type));
        if (plan->type != NET_EMPTY)
                memcpy(script.link, nic->link, IFNAMSIZ);
        if (plan->type == NET_VETH)
                memcpy(script.host_name, nic->host_name, IFNAMSIZ);
        *ret = script;
        return true;
}

static const char *or_dash(const char *word)
{
        return *word ? word : "-";
}

int net_script_note(const NicContext *context, const NetScript *script, Error *reterr)
{
        return net_effect_add(context->effects, context->undo, UNDO_NET_SCRIPT, reterr,
                              EFFECT_SCRIPT, script->index, script->type, or_dash(script->link),
                              or_dash(script->host_name), script->line);
}

int net_script_parse(const char *object, NetScript *ret, Error *reterr)
{
        NetScript script = { .up = false };
        int at = 0;

        if (sscanf(object, "%u %15s %15s %15s %n", &script.index, script.type, script.link,
                   script.host_name, &at) != 4 ||
            at == 0)
                return error_errno(reterr, EBADMSG, "'%s' is no script of a nic", object);
        if (streq(script.link, "-"))
                script.link[0] = '\0';
        if (streq(script.host_name, "-"))
                script.host_name[0] = '\0';
        script.line = object + at;
        *ret = script;
        return 0;
}

static int add_words(const NetScript *script, NetScriptWords *words)
{
        /* LXC tells the parent of these only. */
        bool tells_parent = streq(script->type, "veth") || streq(script->type, "macvlan") ||
                            streq(script->type, "phys");

        if (strv_add(&words->arguments, script->type) < 0 ||
            strv_addf(&words->environment, "LXC_NET_TYPE=%s", script->type) < 0)
                return -ENOMEM;
        if (script->link[0] && strv_add(&words->arguments, script->link) < 0)
                return -ENOMEM;
        if (script->host_name[0] && strv_add(&words->arguments, script->host_name) < 0)
                return -ENOMEM;
        if (script->link[0] && tells_parent &&
            strv_addf(&words->environment, "LXC_NET_PARENT=%s", script->link) < 0)
                return -ENOMEM;
        if (script->host_name[0] &&
            strv_addf(&words->environment, "LXC_NET_PEER=%s", script->host_name) < 0)
                return -ENOMEM;
        return 0;
}

static void log_output(HookType type, const char *line, void *userdata)
{
        static const char *const fields[] = { "HOOK=net", NULL };

        log_event(LOG_INFO, fields, "Network script: %s", line);
}

int net_script_call(const NetScript *script,
                    const HookSet *set,
                    NetScriptWords *words,
                    HookCall *ret,
                    Error *reterr)
{
        if (add_words(script, words) < 0)
                return error_oom(reterr);
        *ret = (HookCall){
                .set = set,
                .section = "net",
                .name = script->up ? "up" : "down",
                .line = script->line,
                .arguments = words->arguments,
                .environment = set->version > 0 ? words->environment : NULL,
                .output = log_output,
        };
        return 0;
}

void net_script_words_done(NetScriptWords *words)
{
        (void) strv_free(words->arguments);
        (void) strv_free(words->environment);
        *words = (NetScriptWords){ NULL, NULL };
}

int net_script_failed(const NetScript *script, int r, Error *reterr)
{
        char key[64];

        (void) snprintf(key, sizeof(key), "lxc.net.%u.script.%s", script->index,
                        script->up ? "up" : "down");
        return error_prefix(reterr, r, "%s", key);
}
