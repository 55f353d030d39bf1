/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stage: the network, seen from inside. The supervisor has made the interfaces meanwhile, each with
 * its name, hardware address and MTU; what is left is the container's own. */

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "kernel/link.h"
#include "kernel/route.h"
#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"

static int wait_for_interface(StageContext *context, size_t number, SyncMessage *ret, Error *reterr)
{
        int r = sync_receive(context->sync_fd, ret);

        if (r <= 0)
                return error_errno(reterr, r < 0 ? -r : EPIPE, "The supervisor is gone");
        if (ret->type != SYNC_NETWORK || ret->value != (int) number || !ret->text[0])
                return error_errno(reterr, EPROTO, "The supervisor says something unexpected");
        return 0;
}

static int bring_up(Netlink *netlink, const LinkInfo *link, Error *reterr)
{
        LinkChange change = LINK_CHANGE_NULL;

        change.up = true;
        return link_change(netlink, link->index, link->name, &change, reterr);
}

/* It was made with that address; a macvlan in passthru mode has its parent's all the same. */
static int
set_hardware_address(Netlink *netlink, const PlanNet *plan, const LinkInfo *link, Error *reterr)
{
        LinkChange change = LINK_CHANGE_NULL;

        if (!plan->hardware_address_given ||
            memcmp(link->address, plan->hardware_address, sizeof(plan->hardware_address)) == 0)
                return 0;
        change.address = plan->hardware_address;
        change.n_address = sizeof(plan->hardware_address);
        return link_change(netlink, link->index, link->name, &change, reterr);
}

/* One that is in none of the container's networks is reached directly, as LXC has it. */
static int add_gateway(Netlink *netlink, int link, int family, const char *text, Error *reterr)
{
        Address gateway = { .family = family, .prefix = (unsigned) address_size(family) * 8 };
        Route route = { .family = family, .gateway = &gateway, .link = link };
        Route way = { .to = &gateway, .link = link };
        int r;

        if (inet_pton(family, text, gateway.bytes) != 1)
                return error_errno(reterr, EPROTO, "'%s' is no gateway", text);
        r = route_add(netlink, &route, reterr);
        if (r != -ENETUNREACH && r != -EHOSTUNREACH && r != -EINVAL)
                return r;
        r = route_add(netlink, &way, reterr);
        return r < 0 && r != -EEXIST ? r : route_add(netlink, &route, reterr);
}

static int add_gateways(
        Netlink *netlink, const PlanNet *plan, int link, const char *const *texts, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(plan->gateways); i++) {
                Route device = { .family = net_gateway_family(i), .link = link };
                int r = 0;

                if (plan->gateways[i].kind == GATEWAY_DEVICE)
                        r = route_add(netlink, &device, reterr);
                else if (texts[i])
                        r = add_gateway(netlink, link, device.family, texts[i], reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int set_up(Netlink *netlink, const PlanNet *plan, const SyncMessage *message, Error *reterr)
{
        LinkInfo link;
        int r;

        r = link_get(netlink, message->text[0], &link, reterr);
        if (r == 0)
                r = set_hardware_address(netlink, plan, &link, reterr);
        for (size_t i = 0; i < plan->n_addresses && r == 0; i++)
                r = address_add(netlink, link.index, &plan->addresses[i], reterr);
        if (r == 0 && plan->up)
                r = bring_up(netlink, &link, reterr);
        if (r == 0)
                r = add_gateways(netlink, plan, link.index, message->text + 1, reterr);
        return r;
}

/* All that is left for most of them, and what it takes to load libmnl is saved. */
static bool only_up(const PlanNet *plan)
{
        return plan->n_addresses == 0 && plan->gateways[0].kind == GATEWAY_NONE &&
               plan->gateways[1].kind == GATEWAY_NONE &&
               !(plan->type == NET_MACVLAN && plan->hardware_address_given);
}

static int
set_up_one(Netlink **netlink, const PlanNet *plan, const SyncMessage *message, Error *reterr)
{
        const char *name = message->text[0];
        int r = 0;

        if (only_up(plan)) {
                r = plan->up ? link_up(name) : 0;
                return r < 0 ? error_errno(reterr, -r, "Cannot bring '%s' up", name) : 0;
        }
        if (!*netlink)
                r = netlink_open(-EBADF, netlink, reterr);
        return r < 0 ? r : set_up(*netlink, plan, message, reterr);
}

int stage_network(StageContext *context, Error *reterr)
{
        _cleanup_(netlink_free_p) Netlink *netlink = NULL;
        const Plan *plan = context->plan;
        char key[32];
        int r = 0;

        for (size_t i = 0; i < plan->n_nets && r == 0; i++) {
                SyncMessage message;

                if (!net_is_interface(&plan->nets[i]))
                        continue;
                r = wait_for_interface(context, i, &message, reterr);
                if (r == 0)
                        r = set_up_one(&netlink, &plan->nets[i], &message, reterr);
                if (r < 0) {
                        (void) snprintf(key, sizeof(key), "lxc.net.%u", plan->nets[i].index);
                        (void) error_at(reterr, r, NULL, key);
                }
        }
        return r;
}
