/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: network interfaces, what each type has of its own. */

#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "runtime/plan/build.h"

typedef struct Word {
        const char *word;
        int value;
} Word;

/* The words themselves were checked when they were set. Return: the value; unset: that of the
 * first. */
static int find_word(const NetBuild *build, const char *subkey, const Word *words)
{
        const char *value = plan_net_get(build, subkey);

        for (const Word *word = words; value && word->word; word++)
                if (streq(word->word, value))
                        return word->value;
        return words->value;
}

/* --- veth ------------------------------------------------------------------------------------- */

static int build_pair(const NetBuild *build)
{
        const char *given = plan_net_get(build, "veth.pair");
        const Plan *plan = build->plan->plan;
        NetVeth *veth = &build->net->veth;

        net_host_address(plan->id, build->net->index, veth->host_address);
        if (!given) {
                net_host_name(plan->id, build->net->index, 0, veth->host_name);
                return 0;
        }
        for (size_t i = 0; i < plan->n_nets; i++)
                if (streq(plan->nets[i].veth.host_name, given))
                        return plan_net_invalid(build, "veth.pair",
                                                "is '%s', as that of 'lxc.net.%u' is", given,
                                                plan->nets[i].index);
        if (strchr(given, '%'))
                return plan_net_invalid(build, "veth.pair", "cannot be '%s'", given);
        (void) snprintf(veth->host_name, sizeof(veth->host_name), "%s", given);
        veth->host_name_given = true;
        return 0;
}

static int build_vlans(const NetBuild *build)
{
        const char *id = plan_net_get(build, "veth.vlan.id");
        NetVlans *vlans = &build->net->veth.vlans;
        uint32_t number = 0;
        int r;

        r = plan_net_numbers(build, "veth.vlan.tagged.id", &vlans->tagged, &vlans->n_tagged);
        if (r < 0)
                return r;
        if (id && !streq(id, "none")) {
                (void) parse_u32(id, &number);
                vlans->kind = VLAN_ID;
                vlans->id = (uint16_t) number;
        } else if (id) {
                vlans->kind = VLAN_NONE;
        }
        if (vlans->kind == VLAN_BRIDGE && vlans->n_tagged == 0)
                return 0;
        if (build->net->veth.router || !build->net->link[0])
                return plan_net_invalid(build, id ? "veth.vlan.id" : "veth.vlan.tagged.id",
                                        "is a VLAN of a bridge's port: it needs "
                                        "'lxc.net.%u.link' and 'lxc.net.%u.veth.mode = bridge'",
                                        build->net->index, build->net->index);
        return 0;
}

static int build_veth(const NetBuild *build)
{
        static const Word modes[] = { { "bridge", false }, { "router", true }, { NULL, 0 } };
        NetVeth *veth = &build->net->veth;
        int r;

        veth->router = find_word(build, "veth.mode", modes);
        r = build_pair(build);
        if (r == 0)
                r = build_vlans(build);
        if (r == 0)
                r = plan_net_addresses(build, "veth.ipv4.route", AF_INET, &veth->routes,
                                       &veth->n_routes);
        if (r == 0)
                r = plan_net_addresses(build, "veth.ipv6.route", AF_INET6, &veth->routes,
                                       &veth->n_routes);
        if (r == 0)
                r = plan_net_number(build, "veth.n_rxqueues", &veth->n_rx_queues);
        if (r == 0)
                r = plan_net_number(build, "veth.n_txqueues", &veth->n_tx_queues);
        return r;
}

/* --- the others ------------------------------------------------------------------------------- */

static int build_macvlan(const NetBuild *build)
{
        static const Word modes[] = {
                { "private", MACVLAN_MODE_PRIVATE },
                { "vepa", MACVLAN_MODE_VEPA },
                { "bridge", MACVLAN_MODE_BRIDGE },
                { "passthru", MACVLAN_MODE_PASSTHRU },
                { NULL, 0 },
        };

        build->net->mode = find_word(build, "macvlan.mode", modes);
        return 0;
}

static int build_ipvlan(const NetBuild *build)
{
        static const Word modes[] = {
                { "l3", IPVLAN_MODE_L3 },
                { "l3s", IPVLAN_MODE_L3S },
                { "l2", IPVLAN_MODE_L2 },
                { NULL, 0 },
        };
        static const Word isolations[] = {
                { "bridge", 0 },
                { "private", IPVLAN_F_PRIVATE },
                { "vepa", IPVLAN_F_VEPA },
                { NULL, 0 },
        };

        build->net->mode = find_word(build, "ipvlan.mode", modes);
        build->net->isolation = (uint16_t) find_word(build, "ipvlan.isolation", isolations);
        return 0;
}

static int build_vlan(const NetBuild *build)
{
        uint32_t id = 0;
        int r = plan_net_number(build, "vlan.id", &id);

        build->net->vlan = (uint16_t) id;
        return r;
}

/* Answers for the container's addresses on the link, so that its neighbours find the way. */
static int build_neighbour_proxy(const NetBuild *build)
{
        const char *value = plan_net_get(build, "l2proxy");
        PlanNet *net = build->net;

        if (!value || streq(value, "0"))
                return 0;
        if (net->type == NET_VETH && !net->veth.router)
                return plan_net_warn(build, "l2proxy",
                                     "on a bridge the container answers for itself");
        if (net->type == NET_IPVLAN && (net->mode != IPVLAN_MODE_L3S || net->isolation != 0))
                return plan_net_invalid(build, "l2proxy",
                                        "needs 'lxc.net.%u.ipvlan.mode = l3s' and "
                                        "'lxc.net.%u.ipvlan.isolation = bridge'",
                                        net->index, net->index);
        if (!net->link[0])
                return plan_net_invalid(build, "l2proxy", "needs 'lxc.net.%u.link'", net->index);
        net->neighbour_proxy = true;
        return 0;
}

static const struct {
        NetTypes type;
        int (*build)(const NetBuild *build);
} types[] = {
        { NET_VETH, build_veth },
        { NET_MACVLAN, build_macvlan },
        { NET_IPVLAN, build_ipvlan },
        { NET_VLAN, build_vlan },
};

int plan_net_type(const NetBuild *build)
{
        for (size_t i = 0; i < ELEMENTS(types); i++)
                if (types[i].type == build->net->type) {
                        int r = types[i].build(build);

                        return r < 0 ? r : build_neighbour_proxy(build);
                }
        return 0;
}
