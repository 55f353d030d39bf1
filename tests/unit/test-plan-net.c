/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a plan's interfaces are checked for, their names, and who may set what of them. What a good
 * configuration becomes is in tests/data/plan/network.plan. */

#include <glib.h>
#include <string.h>

#include "base/strv.h"
#include "config/keys.h"
#include "config/net-keys.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "runtime/plan/plan.h"

static const PlanInput input = {
        .id = "ct01",
        .name = "ct01",
        .directory = "/var/lib/lxc/ct01",
        .config_file = "/var/lib/lxc/ct01/config",
        .lxcpath = "/var/lib/lxc",
};

static Plan *make(const char *text, Error *reterr)
{
        g_autofree char *whole = g_strconcat("lxc.rootfs.path = /srv/root\n", text, NULL);
        _cleanup_(config_free_p) Config *config = NULL;
        Plan *plan = NULL;

        g_assert_cmpint(config_parse_text(whole, "test.conf", &config, NULL, reterr), ==, 0);
        (void) plan_make(config, &input, &plan, NULL, reterr);
        return plan;
}

#define VETH "lxc.net.0.type = veth\n"
#define UP VETH "lxc.net.0.flags = up\n"
#define ADDRESS "lxc.net.0.ipv4.address = 10.0.3.5/24\n"

static const struct {
        const char *text, *key, *sentence;
} refusals[] = {
        { "lxc.net.3.type = macvlan\n", "lxc.net.3.link",
          "'lxc.net.3.link' is missing: a nic of type 'macvlan' needs the interface of the host "
          "that it is made of" },
        { "lxc.net.3.type = ipvlan\n", "lxc.net.3.link",
          "'lxc.net.3.link' is missing: a nic of type 'ipvlan' needs the interface of the host "
          "that it is made of" },
        { "lxc.net.3.type = vlan\n", "lxc.net.3.link",
          "'lxc.net.3.link' is missing: a nic of type 'vlan' needs the interface of the host that "
          "it is made of" },
        { "lxc.net.3.type = phys\n", "lxc.net.3.link",
          "'lxc.net.3.link' is missing: a nic of type 'phys' needs the interface of the host that "
          "it is made of" },
        { "lxc.net.3.type = phys\nlxc.net.3.link = +\n", "lxc.net.3.link",
          "'lxc.net.3.link' is not the name of an interface: '+'" },
        { VETH ADDRESS "lxc.net.0.ipv4.gateway = 10.0.3.1\n", "lxc.net.0.ipv4.gateway",
          "'lxc.net.0.ipv4.gateway' needs an interface that is brought up: set 'lxc.net.0.flags = "
          "up'" },
        { UP "lxc.net.0.ipv4.gateway = 10.0.3.1\n", "lxc.net.0.ipv4.gateway",
          "'lxc.net.0.ipv4.gateway' needs an address of the same kind: set "
          "'lxc.net.0.ipv4.address'" },
        { UP ADDRESS "lxc.net.0.ipv6.gateway = dev\n", "lxc.net.0.ipv6.gateway",
          "'lxc.net.0.ipv6.gateway' needs an address of the same kind: set "
          "'lxc.net.0.ipv6.address'" },
        { UP ADDRESS "lxc.net.0.ipv4.gateway = auto\n", "lxc.net.0.ipv4.gateway",
          "'lxc.net.0.ipv4.gateway' is 'auto', the address that 'lxc.net.0.link' has on the host: "
          "only a nic of type 'veth' or 'macvlan' with a link has that" },
        { VETH "lxc.net.0.hwaddr = 01:00:5e:00:00:01\n", "lxc.net.0.hwaddr",
          "'lxc.net.0.hwaddr' is '01:00:5e:00:00:01', an address of many (multicast): the lowest "
          "bit of its first byte must be 0" },
        { VETH "lxc.net.0.name = lo\n", "lxc.net.0.name", "'lxc.net.0.name' cannot be 'lo'" },
        { VETH "lxc.net.0.name = a%sb\n", "lxc.net.0.name", "'lxc.net.0.name' cannot be 'a%sb'" },
        { VETH "lxc.net.0.name = a%d%d\n", "lxc.net.0.name", "'lxc.net.0.name' cannot be 'a%d%d'" },
        { VETH "lxc.net.0.name = x\nlxc.net.1.type = veth\nlxc.net.1.name = x\n", "lxc.net.1.name",
          "'lxc.net.1.name' is 'x', as another nic's is" },
        { VETH "lxc.net.0.veth.pair = x\nlxc.net.1.type = veth\nlxc.net.1.veth.pair = x\n",
          "lxc.net.1.veth.pair", "'lxc.net.1.veth.pair' is 'x', as that of 'lxc.net.0' is" },
        { VETH "lxc.net.0.veth.pair = x%d\n", "lxc.net.0.veth.pair",
          "'lxc.net.0.veth.pair' cannot be 'x%d'" },
        { VETH "lxc.net.0.veth.vlan.id = 4\n", "lxc.net.0.veth.vlan.id",
          "'lxc.net.0.veth.vlan.id' is a VLAN of a bridge's port: it needs 'lxc.net.0.link' and "
          "'lxc.net.0.veth.mode = bridge'" },
        { "lxc.net.0.type = ipvlan\nlxc.net.0.link = e\nlxc.net.0.l2proxy = 1\n",
          "lxc.net.0.l2proxy",
          "'lxc.net.0.l2proxy' needs 'lxc.net.0.ipvlan.mode = l3s' and "
          "'lxc.net.0.ipvlan.isolation = bridge'" },
        { VETH "lxc.net.0.veth.mode = router\nlxc.net.0.l2proxy = 1\n", "lxc.net.0.l2proxy",
          "'lxc.net.0.l2proxy' needs 'lxc.net.0.link'" },
};

static void test_refusals(void)
{
        for (size_t i = 0; i < ELEMENTS(refusals); i++) {
                _cleanup_(error_done) Error error = ERROR_NULL;

                g_assert_null(make(refusals[i].text, &error));
                g_assert_cmpstr(error_message(&error), ==, refusals[i].sentence);
                g_assert_cmpstr(error.object, ==, refusals[i].key);
                g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
        }
}

static void test_too_many(void)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(plan_free_p) Plan *plan = NULL;
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < NET_INTERFACES_MAX; i++)
                g_string_append_printf(text, "lxc.net.%u.type = veth\n", i);
        plan = make(text->str, &error);
        g_assert_nonnull(plan);
        g_assert_cmpstr(plan->nets[NET_INTERFACES_MAX - 1].name, ==, "eth63");
        g_string_append(text, "lxc.net.64.type = veth\n");
        g_assert_null(make(text->str, &error));
        g_assert_cmpstr(error_message(&error), ==,
                        "65 nics are more than the 64 that a container can have");
        g_string_free(text, TRUE);
}

static void test_no_namespace_no_interface(void)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(plan_free_p) Plan *plan = make(VETH "lxc.namespace.keep = net\n", &error);

        g_assert_nonnull(plan);
        g_assert_cmpuint(plan->n_nets, ==, 0);
        g_assert_false(plan->loopback);
}

static void test_host_names_do_not_collide(void)
{
        g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        char name[IFNAMSIZ];

        for (unsigned i = 0; i < 5000; i++)
                for (unsigned nic = 0; nic < 4; nic++) {
                        g_autofree char *id = g_strdup_printf("a-long-name-of-a-container-%u", i);

                        net_host_name(id, nic, 0, name);
                        g_assert_cmpuint(strlen(name), ==, IFNAMSIZ - 1);
                        g_assert_true(g_hash_table_add(names, g_strdup(name)));
                }
        /* Not by accident the same for another id, nic or attempt. */
        for (unsigned i = 0; i < 3; i++) {
                net_host_name(i == 0 ? "x" : "y", i == 1, i == 2, name);
                g_assert_true(g_hash_table_add(names, g_strdup(name)));
        }
}

static void test_altname_fits(void)
{
        char name[NET_ALTNAME_MAX], id[300];

        memset(id, 'x', sizeof(id) - 1);
        id[sizeof(id) - 1] = '\0';
        net_altname(id, "eth0", name);
        g_assert_cmpuint(strlen(name), ==, NET_ALTNAME_MAX - 1);
        g_assert_true(g_str_has_suffix(name, "xxx-eth0"));
        net_altname("srv/ct01", "eth0", name);
        g_assert_cmpstr(name, ==, "nagaya-srv-ct01-eth0");
}

/* What ties a nic to the host is not the owner's to set; what is inside of it is. */
static void test_owner_safe(void)
{
        static const struct {
                const char *key, *value;
                bool safe;
        } cases[] = {
                { "type", "empty", true },
                { "type", "none", false },
                { "type", "veth", false },
                { "type", "macvlan", false },
                { "type", "ipvlan", false },
                { "type", "vlan", false },
                { "type", "phys", false },
                { "flags", "up", true },
                { "name", "eth7", true },
                { "ipv4.gateway", "10.0.3.1", true },
                { "ipv6.gateway", "fd00::1", true },
                { "script.up", "/bin/true", false },
                { "script.down", "/bin/true", false },
                { "link", "lxcbr0", false },
                { "hwaddr", "00:16:3e:00:00:01", false },
                { "mtu", "1400", false },
                { "ipv4.address", "10.0.3.5/24", false },
                { "ipv6.address", "fd00::5/64", false },
                { "l2proxy", "1", false },
                { "veth.mode", "router", false },
                { "veth.pair", "eth0", false },
                { "veth.ipv4.route", "10.0.0.0/8", false },
                { "veth.ipv6.route", "fd00::/8", false },
                { "veth.vlan.id", "1", false },
                { "veth.vlan.tagged.id", "1", false },
                { "veth.n_rxqueues", "4096", false },
                { "veth.n_txqueues", "4096", false },
                { "macvlan.mode", "bridge", false },
                { "ipvlan.mode", "l2", false },
                { "ipvlan.isolation", "bridge", false },
                { "vlan.id", "1", false },
        };
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (size_t i = 0; i < ELEMENTS(cases); i++) {
                g_autofree char *key = g_strconcat("lxc.net.0.", cases[i].key, NULL);

                g_hash_table_add(seen, (void *) cases[i].key);
                g_test_message("%s = %s", key, cases[i].value);
                g_assert_true(config_key_is_owner_safe(key, cases[i].value) == cases[i].safe);
        }
        /* A key that is added to the table wants a line here. */
        for (size_t i = 0; i < net_keys_n; i++)
                if (!g_hash_table_contains(seen, net_keys[i].name))
                        g_error("lxc.net.N.%s: may the owner set it?", net_keys[i].name);
}

int main(int argc, char *argv[])
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/plan-net/refusals", test_refusals);
        g_test_add_func("/plan-net/too-many", test_too_many);
        g_test_add_func("/plan-net/no-namespace-no-interface", test_no_namespace_no_interface);
        g_test_add_func("/plan-net/host-names-do-not-collide", test_host_names_do_not_collide);
        g_test_add_func("/plan-net/altname-fits", test_altname_fits);
        g_test_add_func("/plan-net/owner-safe", test_owner_safe);
        return g_test_run();
}
