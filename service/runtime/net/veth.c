/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/net/veth.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/bridge.h"
#include "runtime/net/router.h"

/* When the name that would be ours is taken. */
#define ATTEMPTS_MAX 8

/* --- the bridge ------------------------------------------------------------------------------- */

static int check_bridge(const Nic *nic, const LinkInfo *bridge, Error *reterr)
{
        const NetVlans *vlans = &nic->plan->veth.vlans;

        if (streq(bridge->kind, "openvswitch"))
                return error_code(reterr, ERROR_NOT_SUPPORTED, EOPNOTSUPP,
                                  "'%s' is a bridge of Open vSwitch, which is not supported: make "
                                  "a bridge of the kernel's (ip link add NAME type bridge) and "
                                  "name that in 'lxc.net.%u.link'",
                                  bridge->name, nic->plan->index);
        if (!streq(bridge->kind, "bridge"))
                return error_code(reterr, 0, ENOTSUP,
                                  "'%s' is no bridge: 'lxc.net.%u.link' of a veth names one, "
                                  "unless 'lxc.net.%u.veth.mode = router'",
                                  bridge->name, nic->plan->index, nic->plan->index);
        if ((vlans->kind != VLAN_BRIDGE || vlans->n_tagged > 0) && !bridge->vlan_filtering)
                return error_code(reterr, 0, ENOTSUP,
                                  "The bridge '%s' knows no VLANs, which 'lxc.net.%u.veth.vlan' "
                                  "sets: ip link set %s type bridge vlan_filtering 1",
                                  bridge->name, nic->plan->index, bridge->name);
        return 0;
}

static int
set_vlans(const NicContext *context, const Nic *nic, const LinkInfo *bridge, Error *reterr)
{
        const NetVlans *vlans = &nic->plan->veth.vlans;
        LinkInfo port;
        int r;

        if (vlans->kind == VLAN_BRIDGE && vlans->n_tagged == 0)
                return 0;
        r = link_get(context->host, nic->host_name, &port, reterr);
        if (r == 0 && vlans->kind != VLAN_BRIDGE && bridge->default_vlan > 0 &&
            bridge->default_vlan != vlans->id)
                r = bridge_vlan_remove(context->host, port.index, bridge->default_vlan, reterr);
        if (r == 0 && vlans->kind == VLAN_ID)
                r = bridge_vlan_add(context->host, port.index, vlans->id, true, reterr);
        for (size_t i = 0; i < vlans->n_tagged && r == 0; i++)
                r = bridge_vlan_add(context->host, port.index, vlans->tagged[i], false, reterr);
        return r;
}

/* --- the pair --------------------------------------------------------------------------------- */

static int
create_pair(const NicContext *context, const Nic *nic, const LinkInfo *link, Error *reterr)
{
        const NetVeth *veth = &nic->plan->veth;
        LinkSpec peer = nic_spec(context, nic), pair = LINK_SPEC_NULL;
        char address[HARDWARE_TEXT_MAX];
        int r;

        if (peer.mtu == 0 && link)
                peer.mtu = link->mtu;
        peer.n_rx_queues = veth->n_rx_queues;
        peer.n_tx_queues = veth->n_tx_queues;

        pair.kind = "veth";
        pair.name = nic->host_name;
        pair.address = veth->host_address;
        pair.mtu = peer.mtu;
        pair.n_rx_queues = veth->n_rx_queues;
        pair.n_tx_queues = veth->n_tx_queues;
        pair.master = link && !veth->router ? link->index : 0;
        pair.up = true;
        pair.peer = &peer;

        hardware_address_print(veth->host_address, sizeof(veth->host_address), address);
        r = net_effect_add(context->effects, context->undo, UNDO_LINK, reterr, EFFECT_LINK,
                           nic->host_name, address);
        if (r < 0)
                return r;
        r = nic_create(context, &pair, reterr);
        if (r < 0)
                net_effect_drop(context->effects, context->undo);
        return r;
}

/* Left over by a run of ours that could not clean up? */
static bool remove_leftover(const NicContext *context, const Nic *nic)
{
        char address[HARDWARE_TEXT_MAX];
        LinkInfo link;

        hardware_address_print(nic->plan->veth.host_address, sizeof(nic->plan->veth.host_address),
                               address);
        return link_get(context->host, nic->host_name, &link, NULL) == 0 &&
               streq(link.kind, "veth") && link_is_ours(&link, address) &&
               link_delete(context->host, link.index, link.name, NULL) == 0;
}

static int make_pair(const NicContext *context, Nic *nic, const LinkInfo *link, Error *reterr)
{
        const PlanNet *plan = nic->plan;
        unsigned attempt = 0;
        int r;

        memcpy(nic->host_name, plan->veth.host_name, IFNAMSIZ);
        while ((r = create_pair(context, nic, link, reterr)) == -EEXIST && attempt < ATTEMPTS_MAX) {
                attempt++;
                if (remove_leftover(context, nic))
                        continue;
                if (plan->veth.host_name_given)
                        return error_code(reterr, 0, EEXIST,
                                          "There is an interface '%s' on this host already, which "
                                          "'lxc.net.%u.veth.pair' names",
                                          nic->host_name, plan->index);
                net_host_name(context->id, plan->index, attempt, nic->host_name);
        }
        return r;
}

int net_veth_make(const NicContext *context, Nic *nic, Error *reterr)
{
        const PlanNet *plan = nic->plan;
        bool has_link = plan->link[0];
        LinkInfo link;
        int r = 0;

        if (has_link)
                r = nic_link(context, nic, &link, reterr);
        if (r == 0 && has_link && !plan->veth.router)
                r = check_bridge(nic, &link, reterr);
        if (r == 0)
                r = make_pair(context, nic, has_link ? &link : NULL, reterr);
        if (r == 0 && has_link && !plan->veth.router)
                r = set_vlans(context, nic, &link, reterr);
        return r < 0 ? r : net_router_set_up(context, nic, reterr);
}
