/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The interfaces of a plan as text. */

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <string.h>

#include "runtime/plan/build.h"

static void print_hardware_address(FILE *out, const char *what, const unsigned char *bytes)
{
        (void) fprintf(out, " %s %02x:%02x:%02x:%02x:%02x:%02x", what, bytes[0], bytes[1], bytes[2],
                       bytes[3], bytes[4], bytes[5]);
}

static void print_address(FILE *out, const Address *address)
{
        char text[INET6_ADDRSTRLEN] = "";

        (void) inet_ntop(address->family, address->bytes, text, sizeof(text));
        (void) fprintf(out, "%s", text);
}

static void
print_networks(FILE *out, unsigned index, const char *name, const Address *list, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                Address broadcast = { .family = AF_INET };

                memcpy(broadcast.bytes, &list[i].broadcast, sizeof(list[i].broadcast));
                (void) fprintf(out, "net %u %s: ", index, name);
                print_address(out, &list[i]);
                (void) fprintf(out, "/%u", list[i].prefix);
                if (list[i].broadcast.s_addr != INADDR_ANY) {
                        (void) fprintf(out, " broadcast ");
                        print_address(out, &broadcast);
                }
                (void) fprintf(out, "\n");
        }
}

static void print_gateways(FILE *out, const PlanNet *net)
{
        for (size_t i = 0; i < ELEMENTS(net->gateways); i++) {
                const NetGateway *gateway = &net->gateways[i];

                if (gateway->kind == GATEWAY_NONE)
                        continue;
                (void) fprintf(out, "net %u gateway: ", net->index);
                if (gateway->kind == GATEWAY_ADDRESS)
                        print_address(out, &gateway->address);
                else if (gateway->kind == GATEWAY_AUTO)
                        (void) fprintf(out, "%s address of %s on the host",
                                       i == 0 ? "the IPv4" : "the IPv6", net->link);
                else
                        (void) fprintf(out, "%s, none but the interface", i == 0 ? "IPv4" : "IPv6");
                (void) fprintf(out, "\n");
        }
}

static void print_veth(FILE *out, const PlanNet *net)
{
        const NetVeth *veth = &net->veth;

        (void) fprintf(out, "net %u on the host: %s", net->index, veth->host_name);
        print_hardware_address(out, "address", veth->host_address);
        if (veth->router)
                (void) fprintf(out, " router");
        else if (net->link[0])
                (void) fprintf(out, " in %s", net->link);
        if (veth->vlans.kind == VLAN_NONE)
                (void) fprintf(out, " no untagged vlan");
        if (veth->vlans.kind == VLAN_ID)
                (void) fprintf(out, " vlan %u", veth->vlans.id);
        for (size_t i = 0; i < veth->vlans.n_tagged; i++)
                (void) fprintf(out, " tagged %u", veth->vlans.tagged[i]);
        if (veth->n_rx_queues)
                (void) fprintf(out, " rx queues %u", veth->n_rx_queues);
        if (veth->n_tx_queues)
                (void) fprintf(out, " tx queues %u", veth->n_tx_queues);
        (void) fprintf(out, "\n");
        print_networks(out, net->index, "route of the host", veth->routes, veth->n_routes);
}

static void print_macvlan(FILE *out, const PlanNet *net)
{
        static const struct {
                int mode;
                const char *name;
        } modes[] = {
                { MACVLAN_MODE_PRIVATE, "private" },
                { MACVLAN_MODE_VEPA, "vepa" },
                { MACVLAN_MODE_BRIDGE, "bridge" },
                { MACVLAN_MODE_PASSTHRU, "passthru" },
        };

        for (size_t i = 0; i < ELEMENTS(modes); i++)
                if (modes[i].mode == net->mode)
                        (void) fprintf(out, "net %u mode: %s\n", net->index, modes[i].name);
}

static void print_ipvlan(FILE *out, const PlanNet *net)
{
        static const char *const modes[] = {
                [IPVLAN_MODE_L2] = "l2",
                [IPVLAN_MODE_L3] = "l3",
                [IPVLAN_MODE_L3S] = "l3s",
        };

        (void) fprintf(out, "net %u mode: %s, isolation %s\n", net->index, modes[net->mode],
                       net->isolation == IPVLAN_F_PRIVATE ? "private"
                       : net->isolation == IPVLAN_F_VEPA  ? "vepa"
                                                          : "bridge");
}

static void print_vlan(FILE *out, const PlanNet *net)
{
        (void) fprintf(out, "net %u vlan: %u\n", net->index, net->vlan);
}

static const struct {
        NetTypes type;
        void (*print)(FILE *out, const PlanNet *net);
} types[] = {
        { NET_VETH, print_veth },
        { NET_MACVLAN, print_macvlan },
        { NET_IPVLAN, print_ipvlan },
        { NET_VLAN, print_vlan },
};

void plan_print_net(FILE *out, const PlanNet *net)
{
        (void) fprintf(out, "net %u: %s", net->index, net_type_name(net->type));
        if (net->name[0])
                (void) fprintf(out, " %s", net->name);
        if (net->link[0] && net->type != NET_VETH)
                (void) fprintf(out, " of %s%s", net->link, net->wildcard ? "..." : "");
        if (net->hardware_address_given)
                print_hardware_address(out, "address", net->hardware_address);
        if (net->mtu)
                (void) fprintf(out, " mtu %u", net->mtu);
        if (net->up)
                (void) fprintf(out, " up");
        if (net->neighbour_proxy)
                (void) fprintf(out, " answered for on %s", net->link);
        (void) fprintf(out, "\n");
        for (size_t i = 0; i < ELEMENTS(types); i++)
                if (types[i].type == net->type)
                        types[i].print(out, net);
        print_networks(out, net->index, "address", net->addresses, net->n_addresses);
        print_gateways(out, net);
        if (net->script_up)
                (void) fprintf(out, "net %u script up: %s\n", net->index, net->script_up);
        if (net->script_down)
                (void) fprintf(out, "net %u script down: %s\n", net->index, net->script_down);
}
