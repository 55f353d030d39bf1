/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/net/nic.h"

#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "runtime/net/phys.h"
#include "runtime/net/router.h"
#include "runtime/net/veth.h"

int nic_link(const NicContext *context, const Nic *nic, LinkInfo *ret, Error *reterr)
{
        int r = link_get(context->host, nic->plan->link, ret, reterr);

        if (r != -ENODEV)
                return r;
        return error_code(reterr, 0, ENODEV,
                          "There is no interface '%s' on this host, which 'lxc.net.%u.link' names",
                          nic->plan->link, nic->plan->index);
}

/* What the kernel calls unknown, in the words of its configuration. */
static int explain(const LinkSpec *spec, int r, Error *reterr)
{
        static const struct {
                const char *kind, *what, *option;
        } features[] = {
                { "veth", "pairs of virtual interfaces", "CONFIG_VETH" },
                { "macvlan", "interfaces of type macvlan", "CONFIG_MACVLAN" },
                { "ipvlan", "interfaces of type ipvlan", "CONFIG_IPVLAN" },
                { "vlan", "802.1Q VLANs", "CONFIG_VLAN_8021Q" },
        };

        for (size_t i = 0; r == -EOPNOTSUPP && i < ELEMENTS(features); i++)
                if (streq(features[i].kind, spec->kind))
                        return error_code(reterr, ERROR_NOT_SUPPORTED, EOPNOTSUPP,
                                          "This kernel has no %s (%s)", features[i].what,
                                          features[i].option);
        return r;
}

int nic_create(const NicContext *context, const LinkSpec *spec, Error *reterr)
{
        return explain(spec, link_create(context->host, spec, reterr), reterr);
}

LinkSpec nic_spec(const NicContext *context, const Nic *nic)
{
        const PlanNet *plan = nic->plan;
        LinkSpec spec = LINK_SPEC_NULL;

        spec.name = nic->name;
        spec.netns_fd = context->netns_fd;
        spec.mtu = plan->mtu;
        if (plan->hardware_address_given)
                spec.address = plan->hardware_address;
        return spec;
}

/* Is born in the container and ends with it: nothing of it is on the host. */
static int make_upon(const NicContext *context, Nic *nic, const char *kind, Error *reterr)
{
        const PlanNet *plan = nic->plan;
        LinkSpec spec;
        LinkInfo parent;
        int r;

        r = nic_link(context, nic, &parent, reterr);
        if (r < 0)
                return r;
        spec = nic_spec(context, nic);
        spec.kind = kind;
        spec.parent = parent.index;
        if (plan->type == NET_VLAN)
                spec.vlan = plan->vlan;
        else
                spec.mode = plan->mode;
        spec.isolation = plan->isolation;
        return nic_create(context, &spec, reterr);
}

static int make_macvlan(const NicContext *context, Nic *nic, Error *reterr)
{
        return make_upon(context, nic, "macvlan", reterr);
}

static int make_vlan(const NicContext *context, Nic *nic, Error *reterr)
{
        return make_upon(context, nic, "vlan", reterr);
}

static int make_ipvlan(const NicContext *context, Nic *nic, Error *reterr)
{
        int r = make_upon(context, nic, "ipvlan", reterr);

        return r < 0 || !nic->plan->neighbour_proxy ? r : net_proxy_add(context, nic, true, reterr);
}

static const struct {
        NetTypes type;
        int (*make)(const NicContext *context, Nic *nic, Error *reterr);
} types[] = {
        { NET_VETH, net_veth_make }, { NET_MACVLAN, make_macvlan }, { NET_VLAN, make_vlan },
        { NET_IPVLAN, make_ipvlan }, { NET_PHYS, net_phys_give },
};

/* The first address that a gateway can have: of the link, not only on it. */
static int find_gateway(
        const NicContext *context, const char *link, size_t which, NetGateway *ret, Error *reterr)
{
        _cleanup_(free_p) Address *addresses = NULL;
        size_t n = 0;
        int r;

        r = addresses_get(context->host, &addresses, &n, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                const Address *address = &addresses[i];

                if (!streq(address->interface, link) ||
                    address->family != net_gateway_family(which) ||
                    (which == 1 && address->scope != 0))
                        continue;
                *ret = (NetGateway){ .kind = GATEWAY_ADDRESS, .address = *address };
                return 0;
        }
        return error_code(
                reterr, 0, EADDRNOTAVAIL,
                "'%s' has no %s address on this host, which 'auto' would make the gateway", link,
                which == 0 ? "IPv4" : "IPv6");
}

static int find_gateways(const NicContext *context, Nic *nic, Error *reterr)
{
        for (size_t i = 0; i < ELEMENTS(nic->gateways); i++) {
                int r = 0;

                nic->gateways[i] = nic->plan->gateways[i];
                if (nic->gateways[i].kind == GATEWAY_AUTO)
                        r = find_gateway(context, nic->plan->link, i, &nic->gateways[i], reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

int nic_make(const NicContext *context, Nic *nic, Error *reterr)
{
        int r;

        memcpy(nic->link, nic->plan->link, IFNAMSIZ);
        memcpy(nic->name, nic->plan->name, IFNAMSIZ);
        r = find_gateways(context, nic, reterr);
        for (size_t i = 0; i < ELEMENTS(types) && r == 0; i++)
                if (types[i].type == nic->plan->type)
                        return types[i].make(context, nic, reterr);
        return r;
}

void nic_show(const NicContext *context, const Nic *nic)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        char name[NET_ALTNAME_MAX];
        LinkInfo link;

        if (nic->plan->type != NET_VETH)
                return;
        net_altname(context->id, nic->name, name);
        if (link_get(context->host, nic->host_name, &link, &error) < 0 ||
            link_add_altname(context->host, link.index, name, &error) < 0)
                log_error_event(LOG_NOTICE, NULL, &error, NULL);
}
