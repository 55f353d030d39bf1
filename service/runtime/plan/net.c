/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: network interfaces, what all types have in common. */

#include "runtime/plan/net.h"

#include <arpa/inet.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "runtime/plan/build.h"

static const char *const type_names[] = { "veth",  "macvlan", "vlan",  "phys",
                                          "empty", "none",    "ipvlan" };

const char *net_type_name(NetTypes type)
{
        return type_names[__builtin_ctz(type)];
}

static void net_done(PlanNet *net)
{
        free(net->addresses);
        free(net->script_up);
        free(net->script_down);
        free(net->veth.routes);
        free(net->veth.vlans.tagged);
        *net = (PlanNet){ 0 };
}

void plan_nets_free(PlanNet *nets, size_t n)
{
        for (size_t i = 0; i < n; i++)
                net_done(&nets[i]);
        free(nets);
}

int plan_net_invalid(const NetBuild *build, const char *subkey, const char *format, ...)
{
        _cleanup_(free_p) char *text = NULL;
        char key[64];
        va_list ap;

        va_start(ap, format);
        text = string_vformat(format, ap);
        va_end(ap);
        if (!text)
                return plan_oom(build->plan);
        (void) snprintf(key, sizeof(key), "lxc.net.%u.%s", build->net->index, subkey);
        return plan_invalid(build->plan, key, "'%s' %s", key, text);
}

int plan_net_warn(const NetBuild *build, const char *subkey, const char *why)
{
        return plan_warn(build->plan, "'lxc.net.%u.%s' has no effect: %s", build->net->index,
                         subkey, why);
}

const char *plan_net_get(const NetBuild *build, const char *subkey)
{
        return net_config_get(build->config, subkey);
}

/* The values of a list in the order of the file. */
static const char *next_value(const NetBuild *build, const char *subkey, size_t *at)
{
        const KeyValueList *keys = &build->config->keys;

        while (*at < keys->n) {
                const KeyValue *pair = &keys->items[(*at)++];

                if (streq(pair->key, subkey))
                        return pair->value;
        }
        return NULL;
}

int plan_net_addresses(
        const NetBuild *build, const char *subkey, int family, Address **list, size_t *n)
{
        const char *text;
        size_t at = 0;

        while ((text = next_value(build, subkey, &at))) {
                Address *grown = reallocarray(*list, *n + 1, sizeof(Address));

                if (!grown)
                        return plan_oom(build->plan);
                *list = grown;
                if (address_parse(family, text, &grown[*n]) < 0)
                        return plan_net_invalid(build, subkey, "is not an address: '%s'", text);
                (*n)++;
        }
        return 0;
}

int plan_net_numbers(const NetBuild *build, const char *subkey, uint16_t **list, size_t *n)
{
        const char *text;
        size_t at = 0;
        uint32_t number;

        while ((text = next_value(build, subkey, &at))) {
                uint16_t *grown = reallocarray(*list, *n + 1, sizeof(uint16_t));

                if (!grown)
                        return plan_oom(build->plan);
                *list = grown;
                if (parse_u32(text, &number) < 0 || number > UINT16_MAX)
                        return plan_net_invalid(build, subkey, "is not a number: '%s'", text);
                grown[(*n)++] = (uint16_t) number;
        }
        return 0;
}

int plan_net_number(const NetBuild *build, const char *subkey, uint32_t *ret)
{
        const char *text = plan_net_get(build, subkey);

        if (text && parse_u32(text, ret) < 0)
                return plan_net_invalid(build, subkey, "is not a number: '%s'", text);
        return 0;
}

/* --- the link --------------------------------------------------------------------------------- */

static int build_link(const NetBuild *build)
{
        const char *link = plan_net_get(build, "link");
        PlanNet *net = build->net;
        size_t n = link ? strlen(link) : 0;

        if (!link)
                return net->type & (NET_VETH | NET_EMPTY)
                               ? 0
                               : plan_net_invalid(build, "link",
                                                  "is missing: a nic of type '%s' needs the "
                                                  "interface of the host that it is made of",
                                                  net_type_name(net->type));
        if (net->type == NET_PHYS && link[n - 1] == '+') {
                net->wildcard = true;
                n--;
        }
        if (n == 0 || n >= sizeof(net->link))
                return plan_net_invalid(build, "link", "is not the name of an interface: '%s'",
                                        link);
        memcpy(net->link, link, n);
        net->link[n] = '\0';
        return 0;
}

/* --- what is inside --------------------------------------------------------------------------- */

static int build_hardware_address(const NetBuild *build)
{
        const char *text = plan_net_get(build, "hwaddr");
        unsigned char *bytes = build->net->hardware_address;

        if (!text)
                return 0;
        if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &bytes[0], &bytes[1], &bytes[2],
                   &bytes[3], &bytes[4], &bytes[5]) != 6)
                return plan_net_invalid(build, "hwaddr", "is not a hardware address: '%s'", text);
        if (bytes[0] & 1)
                return plan_net_invalid(build, "hwaddr",
                                        "is '%s', an address of many (multicast): the lowest bit "
                                        "of its first byte must be 0",
                                        text);
        build->net->hardware_address_given = true;
        return 0;
}

/* LXC's default: the highest of the network. */
static void set_broadcast(Address *address)
{
        in_addr_t own;

        if (address->family != AF_INET || address->broadcast.s_addr != INADDR_ANY ||
            address->prefix > 30)
                return;
        memcpy(&own, address->bytes, sizeof(own));
        address->broadcast.s_addr = own | htonl(UINT32_MAX >> address->prefix);
}

static int build_addresses(const NetBuild *build)
{
        PlanNet *net = build->net;
        int r;

        r = plan_net_addresses(build, "ipv4.address", AF_INET, &net->addresses, &net->n_addresses);
        if (r == 0)
                r = plan_net_addresses(build, "ipv6.address", AF_INET6, &net->addresses,
                                       &net->n_addresses);
        for (size_t i = 0; i < net->n_addresses && r == 0; i++)
                set_broadcast(&net->addresses[i]);
        return r;
}

static bool has_address(const PlanNet *net, int family)
{
        for (size_t i = 0; i < net->n_addresses; i++)
                if (net->addresses[i].family == family)
                        return true;
        return false;
}

static int parse_gateway(const NetBuild *build, const char *key, size_t which, const char *value)
{
        NetGateway *gateway = &build->net->gateways[which];

        if (streq(value, "dev")) {
                gateway->kind = GATEWAY_DEVICE;
        } else if (streq(value, "auto")) {
                gateway->kind = GATEWAY_AUTO;
        } else {
                gateway->kind = GATEWAY_ADDRESS;
                gateway->address.family = net_gateway_family(which);
                gateway->address.prefix = (unsigned) address_size(gateway->address.family) * 8;
                if (inet_pton(gateway->address.family, value, gateway->address.bytes) != 1)
                        return plan_net_invalid(build, key, "is not an address: '%s'", value);
        }
        return 0;
}

static int check_gateway(const NetBuild *build, const char *key, size_t which)
{
        const PlanNet *net = build->net;

        if (!net->up)
                return plan_net_invalid(build, key,
                                        "needs an interface that is brought up: set "
                                        "'lxc.net.%u.flags = up'",
                                        net->index);
        if (!has_address(net, net_gateway_family(which)))
                return plan_net_invalid(build, key,
                                        "needs an address of the same kind: set "
                                        "'lxc.net.%u.%s.address'",
                                        net->index, which == 0 ? "ipv4" : "ipv6");
        if (net->gateways[which].kind == GATEWAY_AUTO &&
            (!net->link[0] || !(net->type & (NET_VETH | NET_MACVLAN))))
                return plan_net_invalid(build, key,
                                        "is 'auto', the address that 'lxc.net.%u.link' has on the "
                                        "host: only a nic of type 'veth' or 'macvlan' with a link "
                                        "has that",
                                        net->index);
        return 0;
}

static int build_gateways(const NetBuild *build)
{
        static const char *const keys[] = { "ipv4.gateway", "ipv6.gateway" };

        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                const char *value = plan_net_get(build, keys[i]);
                int r;

                if (!value)
                        continue;
                r = parse_gateway(build, keys[i], i, value);
                if (r == 0)
                        r = check_gateway(build, keys[i], i);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_scripts(const NetBuild *build)
{
        PlanNet *net = build->net;

        if (string_set(&net->script_up, plan_net_get(build, "script.up")) < 0 ||
            string_set(&net->script_down, plan_net_get(build, "script.down")) < 0)
                return plan_oom(build->plan);
        return 0;
}

/* --- names ------------------------------------------------------------------------------------ */

static bool name_is_taken(const Plan *plan, const PlanNet *but, const char *name)
{
        for (size_t i = 0; i < plan->n_nets; i++)
                if (&plan->nets[i] != but && streq(plan->nets[i].name, name))
                        return true;
        return false;
}

/* As the kernel would, but known beforehand: the first number that is free. */
static int number_name(Plan *plan, PlanNet *net, const char *pattern)
{
        const char *number = strstr(pattern, "%d");
        char name[IFNAMSIZ + 16];

        for (unsigned i = 0; i <= NET_INTERFACES_MAX; i++) {
                (void) snprintf(name, sizeof(name), "%.*s%u%s", (int) (number - pattern), pattern,
                                i, number + 2);
                if (strlen(name) < IFNAMSIZ && !name_is_taken(plan, net, name)) {
                        memcpy(net->name, name, strlen(name) + 1);
                        return 0;
                }
        }
        return -ERANGE;
}

static int give_name(const NetBuild *build)
{
        const char *name = plan_net_get(build, "name");
        PlanNet *net = build->net;
        const char *percent;

        if (!net_is_interface(net) || (!name && net->wildcard))
                return 0;
        if (!name)
                name = net->type == NET_PHYS ? net->link : "eth%d";
        percent = strchr(name, '%');
        if (percent ? percent[1] != 'd' || strchr(percent + 1, '%') : streq(name, "lo"))
                return plan_net_invalid(build, "name", "cannot be '%s'", name);
        if (percent && number_name(build->plan->plan, net, name) < 0)
                return plan_net_invalid(build, "name", "leaves no free number: '%s'", name);
        if (!percent && name_is_taken(build->plan->plan, net, name))
                return plan_net_invalid(build, "name", "is '%s', as another nic's is", name);
        if (!percent)
                (void) snprintf(net->name, sizeof(net->name), "%s", name);
        return 0;
}

/* Given names first: a number that one of them has is not free. */
static int give_names(PlanBuild *build, const NetConfig *const *configs)
{
        Plan *plan = build->plan;

        for (unsigned numbered = 0; numbered < 2; numbered++)
                for (size_t i = 0; i < plan->n_nets; i++) {
                        NetBuild one = { build, configs[i], &plan->nets[i] };
                        const char *name = plan_net_get(&one, "name");
                        bool has_number =
                                name ? strchr(name, '%') != NULL : one.net->type != NET_PHYS;
                        int r = has_number == numbered ? give_name(&one) : 0;

                        if (r < 0)
                                return r;
                }
        return 0;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* An `empty` one is only the loopback interface, which is there anyway, and its scripts. */
static int check_empty(const NetBuild *build)
{
        static const char *const known[] = { "type", "flags", "script.up", "script.down" };
        const KeyValueList *keys = &build->config->keys;

        for (size_t i = 0; i < keys->n; i++) {
                bool has_effect = false;

                for (size_t k = 0; k < ELEMENTS(known); k++)
                        has_effect |= streq(keys->items[i].key, known[k]);
                if (!has_effect && plan_net_warn(build, keys->items[i].key,
                                                 "a nic of type 'empty' is no interface") < 0)
                        return -ENOMEM;
        }
        return build_scripts(build);
}

static int build_net(const NetBuild *build)
{
        static int (*const parts[])(const NetBuild *build) = {
                build_link,     build_hardware_address, build_addresses,
                build_gateways, build_scripts,          plan_net_type,
        };
        int r;

        if (build->net->type == NET_EMPTY)
                return check_empty(build);
        build->net->up = plan_net_get(build, "flags");
        r = plan_net_number(build, "mtu", &build->net->mtu);
        for (size_t i = 0; i < ELEMENTS(parts) && r == 0; i++)
                r = parts[i](build);
        return r;
}

static NetTypes type_of(const NetConfig *config)
{
        const char *type = net_config_get(config, "type");

        return type ? (NetTypes) net_type_bit(type) : NET_EMPTY;
}

bool plan_net_is_shared(const Config *config)
{
        for (size_t i = 0; i < config->n_nets; i++)
                if (type_of(&config->nets[i]) != NET_NONE)
                        return false;
        return config->n_nets > 0;
}

static int add_nets(PlanBuild *build, const NetConfig **configs)
{
        const Config *config = build->config;
        Plan *plan = build->plan;

        for (size_t i = 0; i < config->n_nets; i++) {
                NetBuild one = { build, &config->nets[i], &plan->nets[plan->n_nets] };
                int r;

                one.net->index = one.config->index;
                one.net->type = type_of(one.config);
                if (one.net->type == NET_NONE) {
                        r = plan_net_warn(&one, "type",
                                          "the host's network is shared only when no other nic "
                                          "is there");
                        if (r < 0)
                                return r;
                        continue;
                }
                configs[plan->n_nets++] = one.config;
                r = build_net(&one);
                if (r < 0)
                        return r;
                /* An empty one without a script is nothing at all. */
                if (!net_is_interface(one.net) && !one.net->script_up)
                        net_done(&plan->nets[--plan->n_nets]);
        }
        return 0;
}

int plan_build_nets(PlanBuild *build)
{
        const NetConfig *configs[NET_INTERFACES_MAX];
        const Config *config = build->config;
        int r;

        if (plan_net_is_shared(config) || config->n_nets == 0)
                return 0;
        if (!(build->plan->namespaces & CLONE_NEWNET))
                return plan_warn(build, "'lxc.net' has no effect: the container has no network "
                                        "namespace of its own");
        if (config->n_nets > NET_INTERFACES_MAX)
                return plan_refuse(build, "lxc.net",
                                   "%zu nics are more than the %d that a "
                                   "container can have",
                                   config->n_nets, NET_INTERFACES_MAX);
        build->plan->nets = calloc(config->n_nets, sizeof(PlanNet));
        if (!build->plan->nets)
                return plan_oom(build);
        r = add_nets(build, configs);
        return r < 0 ? r : give_names(build, configs);
}
