/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/net-keys.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <sys/random.h>

#include "base/parse.h"
#include "base/strv.h"

static int keep(const char *value, char **ret)
{
        *ret = strdup(value);
        return *ret ? 0 : -ENOMEM;
}

static int check_words(const char *value, const char *words, char **ret)
{
        size_t n = strlen(value);

        /* `words` begins and ends with a blank. */
        for (const char *p = words; (p = strstr(p, value)); p++)
                if (p > words && p[-1] == ' ' && p[n] == ' ' && !strchr(value, ' '))
                        return keep(value, ret);
        return -EINVAL;
}

static int check_type(const char *value, char **ret)
{
        return net_type_bit(value) ? keep(value, ret) : -EINVAL;
}

/* Any value meant "bring it up" since 0.x. */
static int check_flags(const char *value, char **ret)
{
        return keep("up", ret);
}

static int check_interface(const char *value, char **ret)
{
        size_t n = strlen(value);

        if (n >= IFNAMSIZ || streq(value, ".") || streq(value, ".."))
                return -EINVAL;
        for (const char *p = value; *p; p++)
                if (!isgraph((unsigned char) *p) || *p == '/' || *p == ':')
                        return -EINVAL;
        return keep(value, ret);
}

static int check_uint(const char *value, char **ret)
{
        uint32_t number;

        return parse_u32(value, &number) < 0 ? -EINVAL : keep(value, ret);
}

static int check_bool(const char *value, char **ret)
{
        return check_words(value, " 0 1 ", ret);
}

static int check_veth_mode(const char *value, char **ret)
{
        return check_words(value, " bridge router ", ret);
}

static int check_macvlan_mode(const char *value, char **ret)
{
        return check_words(value, " private vepa bridge passthru ", ret);
}

static int check_ipvlan_mode(const char *value, char **ret)
{
        return check_words(value, " l3 l3s l2 ", ret);
}

static int check_ipvlan_isolation(const char *value, char **ret)
{
        return check_words(value, " bridge private vepa ", ret);
}

static int check_vlan_id(const char *value, char **ret)
{
        uint32_t id;

        return parse_u32(value, &id) < 0 || id > 4094 ? -EINVAL : keep(value, ret);
}

static int check_veth_vlan_id(const char *value, char **ret)
{
        return streq(value, "none") ? keep(value, ret) : check_vlan_id(value, ret);
}

static int check_hwaddr(const char *value, char **ret)
{
        return net_hwaddr_fill(value, ret);
}

/* The prefix length that an address without one had before CIDR; 0: none. */
static unsigned classful_prefix(const struct in_addr *address)
{
        uint32_t host = ntohl(address->s_addr);

        if (IN_CLASSA(host))
                return 8;
        if (IN_CLASSB(host))
                return 16;
        return IN_CLASSC(host) ? 24 : 0;
}

/* Splits "ADDRESS[/PREFIX]"; *ret_prefix is UINT_MAX without one. The text is canonical. */
static int
parse_address(int family, const char *value, char text[INET6_ADDRSTRLEN], unsigned *ret_prefix)
{
        unsigned max = family == AF_INET ? 32 : 128;
        unsigned char address[sizeof(struct in6_addr)];
        const char *slash = strchr(value, '/');
        size_t n = slash ? (size_t) (slash - value) : strlen(value);
        uint32_t prefix = UINT32_MAX;

        if (n >= INET6_ADDRSTRLEN)
                return -EINVAL;
        memcpy(text, value, n);
        text[n] = '\0';
        if (inet_pton(family, text, address) != 1)
                return -EINVAL;
        if (slash && (parse_u32(slash + 1, &prefix) < 0 || prefix > max))
                return -EINVAL;
        if (!inet_ntop(family, address, text, INET6_ADDRSTRLEN))
                return -EINVAL;
        *ret_prefix = prefix;
        return 0;
}

static int format_address(const char *address, unsigned prefix, const char *more, char **ret)
{
        const char *blank = *more ? " " : "";

        *ret = string_format("%s/%u%s%s", address, prefix, blank, more);
        return *ret ? 0 : -ENOMEM;
}

static int check_ipv4_address(const char *value, char **ret)
{
        char address[INET6_ADDRSTRLEN], broadcast[INET6_ADDRSTRLEN] = "";
        _cleanup_(strv_free_p) char **words = NULL;
        struct in_addr binary;
        unsigned prefix, none;

        if (strv_split(&words, value, " \t") < 0)
                return -ENOMEM;
        if (strv_length(words) < 1 || strv_length(words) > 2)
                return -EINVAL;
        if (parse_address(AF_INET, words[0], address, &prefix) < 0)
                return -EINVAL;
        if (words[1] && (parse_address(AF_INET, words[1], broadcast, &none) < 0 || none <= 32))
                return -EINVAL;
        if (prefix > 32) {
                (void) inet_pton(AF_INET, address, &binary);
                prefix = classful_prefix(&binary);
        }
        return format_address(address, prefix, broadcast, ret);
}

static int check_ipv6_address(const char *value, char **ret)
{
        char address[INET6_ADDRSTRLEN];
        unsigned prefix;

        if (parse_address(AF_INET6, value, address, &prefix) < 0)
                return -EINVAL;
        return format_address(address, prefix > 128 ? 64 : prefix, "", ret);
}

static int check_gateway(int family, const char *value, char **ret)
{
        char address[INET6_ADDRSTRLEN];
        unsigned prefix;

        if (streq(value, "auto") || streq(value, "dev"))
                return keep(value, ret);
        if (parse_address(family, value, address, &prefix) < 0 || prefix <= 128)
                return -EINVAL;
        return keep(address, ret);
}

static int check_ipv4_gateway(const char *value, char **ret)
{
        return check_gateway(AF_INET, value, ret);
}

static int check_ipv6_gateway(const char *value, char **ret)
{
        return check_gateway(AF_INET6, value, ret);
}

static int check_route(int family, const char *value, char **ret)
{
        char address[INET6_ADDRSTRLEN];
        unsigned prefix;

        if (parse_address(family, value, address, &prefix) < 0 || prefix > 128)
                return -EINVAL;
        return format_address(address, prefix, "", ret);
}

static int check_ipv4_route(const char *value, char **ret)
{
        return check_route(AF_INET, value, ret);
}

static int check_ipv6_route(const char *value, char **ret)
{
        return check_route(AF_INET6, value, ret);
}

static bool is_hwaddr(const char *value)
{
        for (size_t i = 0; i < 17; i++) {
                char c = value[i];

                if (i % 3 == 2 ? c != ':' : !isxdigit((unsigned char) c) && c != 'x' && c != 'X')
                        return false;
        }
        return value[17] == '\0';
}

int net_hwaddr_fill(const char *value, char **ret)
{
        _cleanup_(free_p) char *filled = NULL;
        unsigned char random[17];

        if (!is_hwaddr(value))
                return -EINVAL;
        filled = strdup(value);
        if (!filled)
                return -ENOMEM;
        if (strpbrk(value, "xX") && getrandom(random, sizeof(random), 0) != sizeof(random))
                return -EIO;
        for (size_t i = 0; i < sizeof(random); i++) {
                /* The lowest bit of the first byte says multicast. */
                unsigned digit = i == 1 ? random[i] & 0xeU : random[i] & 0xfU;

                if (filled[i] == 'x' || filled[i] == 'X')
                        filled[i] = "0123456789abcdef"[digit];
        }
        *ret = TAKE_PTR(filled);
        return 0;
}

#define INTERFACE "the name of a network interface, 1 to 15 characters"
#define ROUTER (NET_VETH | NET_IPVLAN)

/* clang-format off */
const NetKey net_keys[] = {
        { "type",                NULL,   NET_ALL,     false, NULL,      "veth, macvlan, vlan, phys, empty, none or ipvlan", check_type },
        { "script.up",           NULL,   NET_ALL,     false, NULL,      "a command",                          keep },
        { "script.down",         NULL,   NET_ALL,     false, NULL,      "a command",                          keep },
        { "flags",               NULL,   NET_ALL,     false, NULL,      "up",                                 check_flags },
        { "link",                NULL,   NET_ALL,     false, NULL,      INTERFACE,                            check_interface },
        { "name",                NULL,   NET_ALL,     false, NULL,      INTERFACE,                            check_interface },
        { "hwaddr",              NULL,   NET_ALL,     false, NULL,      "a hardware address such as 00:16:3e:xx:xx:xx", check_hwaddr },
        { "mtu",                 NULL,   NET_ALL,     false, NULL,      "a number of bytes",                  check_uint },
        { "ipv6.address",        "ipv6", NET_ALL,     true,  NULL,      "an IPv6 address, with /PREFIX or without", check_ipv6_address },
        { "ipv6.gateway",        NULL,   NET_ALL,     false, NULL,      "an IPv6 address, 'auto' or 'dev'",   check_ipv6_gateway },
        { "ipv4.address",        "ipv4", NET_ALL,     true,  NULL,      "an IPv4 address, with /PREFIX or without, and a broadcast address or none", check_ipv4_address },
        { "ipv4.gateway",        NULL,   NET_ALL,     false, NULL,      "an IPv4 address, 'auto' or 'dev'",   check_ipv4_gateway },
        { "l2proxy",             NULL,   ROUTER,      false, "0",       "0 or 1",                             check_bool },
        { "veth.mode",           NULL,   NET_VETH,    false, "bridge",  "bridge or router",                   check_veth_mode },
        { "veth.pair",           NULL,   NET_VETH,    false, NULL,      INTERFACE,                            check_interface },
        { "veth.ipv4.route",     NULL,   NET_VETH,    true,  NULL,      "an IPv4 network ADDRESS/PREFIX",     check_ipv4_route },
        { "veth.ipv6.route",     NULL,   NET_VETH,    true,  NULL,      "an IPv6 network ADDRESS/PREFIX",     check_ipv6_route },
        { "veth.vlan.id",        NULL,   NET_VETH,    false, NULL,      "a VLAN from 0 to 4094, or 'none'",   check_veth_vlan_id },
        { "veth.vlan.tagged.id", NULL,   NET_VETH,    true,  NULL,      "a VLAN from 0 to 4094",              check_vlan_id },
        { "veth.n_rxqueues",     NULL,   NET_VETH,    false, NULL,      "a number",                           check_uint },
        { "veth.n_txqueues",     NULL,   NET_VETH,    false, NULL,      "a number",                           check_uint },
        { "macvlan.mode",        NULL,   NET_MACVLAN, false, "private", "private, vepa, bridge or passthru",  check_macvlan_mode },
        { "ipvlan.mode",         NULL,   NET_IPVLAN,  false, "l3",      "l3, l3s or l2",                      check_ipvlan_mode },
        { "ipvlan.isolation",    NULL,   NET_IPVLAN,  false, "bridge",  "bridge, private or vepa",            check_ipvlan_isolation },
        { "vlan.id",             NULL,   NET_VLAN,    false, NULL,      "a VLAN from 0 to 4094",              check_vlan_id },
};
/* clang-format on */
const size_t net_keys_n = ELEMENTS(net_keys);

const NetKey *net_key_find(const char *name)
{
        for (size_t i = 0; i < net_keys_n; i++)
                if (streq(net_keys[i].name, name))
                        return &net_keys[i];
        return NULL;
}

const NetKey *net_key_find_legacy(const char *suffix)
{
        for (size_t i = 0; i < net_keys_n; i++)
                if (net_keys[i].legacy && streq(net_keys[i].legacy, suffix))
                        return &net_keys[i];
        return net_key_find(suffix);
}

unsigned net_type_bit(const char *type)
{
        static const char *const names[] = { "veth",  "macvlan", "vlan",  "phys",
                                             "empty", "none",    "ipvlan" };

        for (size_t i = 0; i < ELEMENTS(names); i++)
                if (streq(names[i], type))
                        return 1U << i;
        return 0;
}
