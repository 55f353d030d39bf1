/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/run-net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/log.h"
#include "base/strv.h"
#include "runtime/run-steps.h"
#include "runtime/supervisor.h"
#include "runtime/payload/sync.h"

void run_net_done(RunNet *net)
{
        net_effects_done(&net->effects);
        (void) netlink_free(net->host);
        plan_nets_free(net->plans, net->n);
        free(net->nics);
        (void) fd_close(net->netns_fd);
        *net = RUN_NET_NULL;
}

/* --- up --------------------------------------------------------------------------------------- */

static int begin(Supervisor *s, Error *reterr)
{
        Plan *plan = s->run.plan;
        RunNet *net = &s->run.net;
        char path[64];

        net->nics = calloc(plan->n_nets, sizeof(Nic));
        if (!net->nics)
                return error_oom(reterr);
        net->plans = TAKE_PTR(plan->nets);
        net->n = plan->n_nets;
        plan->n_nets = 0;
        for (size_t i = 0; i < net->n; i++)
                net->nics[i].plan = &net->plans[i];
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/net", s->run.child.pid);
        net->netns_fd = open(path, O_RDONLY | O_CLOEXEC);
        return netlink_open(-EBADF, &net->host, reterr);
}

static NicContext context_of(Supervisor *s)
{
        RunNet *net = &s->run.net;

        return (NicContext){
                .id = s->id,
                .host = net->host,
                .netns_fd = net->netns_fd,
                .effects = &net->effects,
                .undo = &s->undo,
        };
}

static int make(Supervisor *s, Nic *nic, Error *reterr)
{
        NicContext context = context_of(s);
        NetScript script;
        int r;

        r = nic_make(&context, nic, reterr);
        if (r == 0 && net_script_make(nic, false, &script))
                r = net_script_note(&context, &script, reterr);
        return r;
}

/* Return: STEP_*. */
static int run_script(Supervisor *s, const NetScript *script, Error *reterr)
{
        _cleanup_(net_script_words_done) NetScriptWords words = { NULL, NULL };
        HookCall call;
        int r;

        r = net_script_call(script, s->run.hooks, &words, &call, reterr);
        if (r == 0)
                r = run_hook_one(s, &call, reterr);
        return r < 0 ? net_script_failed(script, r, reterr) : r;
}

static int tell_child(Supervisor *s, const Nic *nic, size_t number, Error *reterr)
{
        char gateways[ELEMENTS(nic->gateways)][INET6_ADDRSTRLEN] = { "", "" };
        SyncMessage message = {
                .type = SYNC_NETWORK,
                .value = (int) number,
                .text = { nic->name, gateways[0], gateways[1] },
        };
        int r;

        for (size_t i = 0; i < ELEMENTS(nic->gateways); i++)
                if (nic->gateways[i].kind == GATEWAY_ADDRESS)
                        (void) inet_ntop(net_gateway_family(i), nic->gateways[i].address.bytes,
                                         gateways[i], INET6_ADDRSTRLEN);
        r = sync_send(s->run.child.sync_fd, &message);
        /* A child that is gone has left its reason in the socket: run_receive() tells it. */
        return r < 0 && r != -EPIPE ? error_errno(reterr, -r, "Cannot tell init of its network")
                                    : 0;
}

static int bring_up(Supervisor *s, size_t number, Error *reterr)
{
        RunNet *net = &s->run.net;
        Nic *nic = &net->nics[number];
        NetScript script;
        int r = 0;

        if (!net->made) {
                r = make(s, nic, reterr);
                net->made = true;
        }
        if (r == 0 && net_script_make(nic, true, &script))
                r = run_script(s, &script, reterr);
        if (r != STEP_DONE)
                return r;
        net->made = false;
        return net_is_interface(nic->plan) ? tell_child(s, nic, number, reterr) : 0;
}

int run_net_up(Supervisor *s, Error *reterr)
{
        RunNet *net = &s->run.net;
        int r = STEP_DONE;
        char key[32];

        if (s->run.plan->n_nets > 0)
                r = begin(s, reterr);
        if (r < 0)
                return r;
        /* The child has ended; it is about to be heard why. */
        if (net->n > 0 && net->netns_fd < 0)
                return STEP_WAIT;
        for (; net->at < net->n && r == STEP_DONE; net->at += r == STEP_DONE)
                r = bring_up(s, net->at, reterr);
        if (r < 0) {
                (void) snprintf(key, sizeof(key), "lxc.net.%u", net->plans[net->at].index);
                (void) error_at(reterr, r, NULL, key);
        }
        return r;
}

int run_net_show(Supervisor *s, Error *reterr)
{
        NicContext context = context_of(s);
        RunNet *net = &s->run.net;
        bool inside = false;

        for (size_t i = 0; i < net->n; i++) {
                nic_show(&context, &net->nics[i]);
                inside |= net->plans[i].type & ~(NET_VETH | NET_EMPTY);
        }
        net->host = netlink_free(net->host);
        /* A veth goes with its end on the host. */
        if (!inside)
                net->netns_fd = fd_close(net->netns_fd);
        net->at = 0;
        return STEP_DONE;
}

/* --- down ------------------------------------------------------------------------------------- */

/* One after the other; what fails is logged. Return: STEP_*. */
static int run_down_scripts(Supervisor *s)
{
        RunNet *net = &s->run.net;

        for (; net->at < net->effects.n; net->at++) {
                _cleanup_(error_done) Error error = ERROR_NULL;
                const UndoEntry *entry = &net->effects.items[net->at];
                NetScript script;
                int r;

                if (entry->kind != UNDO_NET_SCRIPT)
                        continue;
                r = net_script_parse(entry->object, &script, &error);
                if (r == 0)
                        r = run_script(s, &script, &error);
                if (r == STEP_WAIT)
                        return STEP_WAIT;
                if (r < 0)
                        log_error_event(LOG_WARNING, NULL, &error, NULL);
        }
        return STEP_DONE;
}

typedef struct MadeUpon {
        int links[NET_INTERFACES_MAX];
        size_t n;
} MadeUpon;

static int find_made_upon(const LinkInfo *link, void *userdata)
{
        static const char *const kinds[] = { "macvlan", "ipvlan", "vlan" };
        MadeUpon *found = userdata;

        for (size_t i = 0; i < ELEMENTS(kinds); i++)
                if (streq(link->kind, kinds[i]) && found->n < ELEMENTS(found->links))
                        found->links[found->n++] = link->index;
        return 0;
}

/* What is made upon an interface of the host goes with its network namespace, but when the kernel
 * comes to it; the next run wants the same addresses on the same link. */
static void delete_made_upon(int netns_fd)
{
        _cleanup_(netlink_free_p) Netlink *inside = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        MadeUpon found = { .n = 0 };
        int r;

        r = netlink_open(netns_fd, &inside, &error);
        if (r == 0)
                r = links_each(inside, find_made_upon, &found, &error);
        for (size_t i = 0; i < found.n && r == 0; i++)
                r = link_delete(inside, found.links[i], "", &error);
        if (r < 0)
                log_error_event(LOG_WARNING, NULL, &error, NULL);
}

int run_net_down(Supervisor *s, Error *reterr)
{
        RunNet *net = &s->run.net;

        if (net->host) {
                /* The way up was not finished. */
                net->host = netlink_free(net->host);
                net->at = 0;
        }
        if (run_down_scripts(s) == STEP_WAIT)
                return STEP_WAIT;
        if (net->netns_fd >= 0)
                delete_made_upon(net->netns_fd);
        net_effects_undo(&net->effects, &s->undo, net->netns_fd);
        run_net_done(net);
        return STEP_DONE;
}

int run_net_undo_script(const HookSet *set, const char *object, Error *reterr)
{
        _cleanup_(net_script_words_done) NetScriptWords words = { NULL, NULL };
        NetScript script;
        HookCall call;
        int r;

        r = net_script_parse(object, &script, reterr);
        if (r == 0)
                r = net_script_call(&script, set, &words, &call, reterr);
        if (r == 0)
                r = hook_run(&call, reterr);
        return r < 0 ? net_script_failed(&script, r, reterr) : 0;
}
