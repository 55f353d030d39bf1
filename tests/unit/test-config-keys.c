/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of keys: its form, and for every row parse, print, get, clear and the law that parsing
 * what was printed gives the same. */

#include "config-fixture.h"

#include "config/keys.h"
#include "config/net-keys.h"
#include "config/value.h"

typedef struct Sample {
        const char *key;
        const char *value;
        const char *text; /* what the getter gives */
} Sample;

/* clang-format off */
static const Sample samples[] = {
        { "lxc.apparmor.allow_incomplete",  "1", "1" },
        { "lxc.apparmor.allow_nesting",     "1", "1" },
        { "lxc.apparmor.profile",           "generated", "generated" },
        { "lxc.apparmor.raw",               "deny mount,", "deny mount,\n" },
        { "lxc.arch",                       "amd64", "x86_64" },
        { "lxc.arch",                       "i386", "i686" },
        { "lxc.arch",                       "armhf", "armhf" },
        { "lxc.autodev",                    "0", "0" },
        { "lxc.autodev.tmpfs.size",         "1000000", "1000000" },
        { "lxc.cap.drop",                   "sys_admin chown 12", "chown\nnet_admin\nsys_admin\n" },
        { "lxc.cap.drop",                   "60", "60\n" },
        { "lxc.cap.keep",                   "none", "none\n" },
        { "lxc.cap.keep",                   "kill chown", "chown\nkill\n" },
        { "lxc.cgroup.memory.limit_in_bytes", "64M", "64M\n" },
        { "lxc.cgroup.dir",                 "a/b", "a/b" },
        { "lxc.cgroup.dir.container",       "c", "c" },
        { "lxc.cgroup.dir.container.inner", "i", "i" },
        { "lxc.cgroup.dir.monitor",         "m", "m" },
        { "lxc.cgroup.dir.monitor.pivot",   "p", "p" },
        { "lxc.cgroup.relative",            "1", "1" },
        { "lxc.cgroup2.memory.max",         "1G", "1G\n" },
        { "lxc.cgroup2",                    NULL, "" },
        { "lxc.console.buffer.size",        "auto", "131072" },
        { "lxc.console.buffer.size",        "5000", "8192" },
        { "lxc.console.logfile",            "/var/log/c", "/var/log/c" },
        { "lxc.console.path",               "none", "none" },
        { "lxc.console.rotate",             "1", "1" },
        { "lxc.console.size",               "3 MB", "4194304" },
        { "lxc.environment",                "A=b c", "A=b c\n" },
        { "lxc.environment.hooks",          "A", "A\n" },
        { "lxc.environment.runtime",        "A=", "A=\n" },
        { "lxc.ephemeral",                  "1", "1" },
        { "lxc.execute.cmd",                "/bin/x y", "/bin/x y" },
        { "lxc.group",                      "a b", "a\nb\n" },
        { "lxc.hook",                       NULL, "" },
        { "lxc.hook.autodev",               "/h a b", "/h a b\n" },
        { "lxc.hook.clone",                 "/h", "/h\n" },
        { "lxc.hook.destroy",               "/h", "/h\n" },
        { "lxc.hook.mount",                 "/h", "/h\n" },
        { "lxc.hook.post-stop",             "/h", "/h\n" },
        { "lxc.hook.pre-mount",             "/h", "/h\n" },
        { "lxc.hook.pre-start",             "/h", "/h\n" },
        { "lxc.hook.start",                 "/h", "/h\n" },
        { "lxc.hook.start-host",            "/h", "/h\n" },
        { "lxc.hook.stop",                  "/h", "/h\n" },
        { "lxc.hook.version",               "1", "1" },
        { "lxc.idmap",                      "u 0 100000 65536", "u 0 100000 65536\n" },
        { "lxc.include",                    NULL, "" },
        { "lxc.init.cmd",                   "/bin/init 3", "/bin/init 3" },
        { "lxc.init.cwd",                   "/srv", "/srv" },
        { "lxc.init.gid",                   "7", "7" },
        { "lxc.init.groups",                "1, 2 ,3", "1,2,3" },
        { "lxc.init.uid",                   "7", "7" },
        { "lxc.keyring.session",            "0", "0" },
        { "lxc.log.file",                   "/l", "/l" },
        { "lxc.log.level",                  "info", "INFO" },
        { "lxc.log.level",                  "8", "FATAL" },
        { "lxc.log.syslog",                 "local7", "local7" },
        { "lxc.monitor.signal.pdeath",      "SIGTERM", "15" },
        { "lxc.monitor.unshare",            "1", "1" },
        { "lxc.mount.auto",                 "proc:mixed sys cgroup:rw:force cgroup-full:ro shmounts:/a:/b",
                                            "proc:mixed\nsys\ncgroup:rw:force\ncgroup-full:ro\nshmounts:/a:/b\n" },
        { "lxc.mount.entry",                "/srv srv none bind 0 0", "/srv srv none bind 0 0\n" },
        { "lxc.mount.fstab",                "/f", "/f" },
        { "lxc.namespace.clone",            "pid mnt", "mnt\npid\n" },
        { "lxc.namespace.keep",             "net", "net\n" },
        { "lxc.namespace.share.net",        "other", "other" },
        { "lxc.net.3.type",                 "empty", "empty" },
        { "lxc.net",                        NULL, "" },
        { "lxc.no_new_privs",               "1", "1" },
        { "lxc.prlimit.nofile",             "1234:unlimited", "1234:unlimited" },
        { "lxc.prlimit.nproc",              "10:10", "10" },
        { "lxc.proc.oom_score_adj",         "10", "10" },
        { "lxc.pty.max",                    "1024", "1024" },
        { "lxc.rootfs.managed",             "0", "0" },
        { "lxc.rootfs.mount",               "/m", "/m" },
        { "lxc.rootfs.options",             "ro", "ro" },
        { "lxc.rootfs.path",                "overlay:/low:/up", "/low:/up" },
        { "lxc.rootfs.path",                "/a:b", "/a:b" },
        { "lxc.sched.core",                 "1", "1" },
        { "lxc.seccomp.allow_nesting",      "1", "1" },
        { "lxc.seccomp.notify.cookie",      "c", "c" },
        { "lxc.seccomp.notify.proxy",       "unix:@a", "unix:@a" },
        { "lxc.seccomp.profile",            "/s", "/s" },
        { "lxc.selinux.context",            "u:r:t", "u:r:t" },
        { "lxc.selinux.context.keyring",    "u:r:t", "u:r:t" },
        { "lxc.signal.halt",                "SIGRTMIN+3", "37" },
        { "lxc.signal.halt",                "sigrtmax-14", "50" },
        { "lxc.signal.reboot",              "sigint", "2" },
        { "lxc.signal.stop",                "9", "9" },
        { "lxc.start.auto",                 "1", "1" },
        { "lxc.start.delay",                "5", "5" },
        { "lxc.start.order",                "-3", "-3" },
        { "lxc.sysctl.net.ipv4.ip_forward", "1", "1" },
        { "lxc.time.offset.boot",           "10s", "10 s" },
        { "lxc.time.offset.monotonic",      "-7ms", "-7 ms" },
        { "lxc.tty.dir",                    "lxc", "lxc" },
        { "lxc.tty.max",                    "4", "4" },
        { "lxc.uts.name",                   "ct01", "ct01" },
};
/* clang-format on */

static void test_rows_are_sorted(void)
{
        for (size_t i = 1; i < config_keys_n; i++)
                g_assert_cmpstr(config_keys[i - 1].name, <, config_keys[i].name);
}

static void test_rows_are_whole(void)
{
        for (size_t i = 0; i < config_keys_n; i++) {
                const ConfigKey *row = &config_keys[i];

                g_assert_true(g_str_has_prefix(row->name, "lxc."));
                g_assert_cmpint(strlen(row->help), >, 5);
                g_assert_nonnull(row->type->expected);
                g_assert_nonnull(row->type->parse);
                g_assert_nonnull(row->type->print);
                g_assert_true(row->type->clear || row->type->size > 0);
                g_assert_true(row->match == KEY_EXACT || row->type->knows);
                g_assert_cmpint(row->offset, <, sizeof(Config));
        }
}

static void test_every_row_is_found(void)
{
        for (size_t i = 0; i < config_keys_n; i++) {
                const ConfigKey *row = &config_keys[i];
                g_autofree char *below = g_strdup_printf("%s.x/%%", row->name);
                KeyRef key;

                g_assert_true(config_key_find(row->name, &key));
                g_assert_true(key.row == row);
                g_assert_cmpstr(key.subkey, ==, "");
                g_assert_false(config_key_find(below, &key));
        }
}

static void test_subkeys_are_found(void)
{
        KeyRef key;

        g_assert_true(config_key_find("lxc.net.0.veth.ipv4.route", &key));
        g_assert_cmpstr(key.row->name, ==, "lxc.net");
        g_assert_cmpstr(key.subkey, ==, "0.veth.ipv4.route");
        g_assert_true(config_key_find("lxc.cgroup.memory.limit_in_bytes", &key));
        g_assert_cmpstr(key.row->name, ==, "lxc.cgroup");
        g_assert_true(config_key_find("lxc.cgroup2.io.max", &key));
        g_assert_cmpstr(key.row->name, ==, "lxc.cgroup2");
        g_assert_true(config_key_find("lxc.namespace.share.net", &key));
        g_assert_false(config_key_find("lxc.namespace.share.nothing", &key));
}

static void test_other_names_are_not_found(void)
{
        static const char *const names[] = { "",
                                             "lxc",
                                             "lxc.",
                                             "lxc.a",
                                             "lxc.net.",
                                             "lxc.networks",
                                             "lxc.uts.name.",
                                             "lxc.utsname",
                                             "LXC.UTS.NAME",
                                             "lxc.zzz" };
        KeyRef key;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                g_assert_false(config_key_find(names[i], &key));
}

/* No row may be without a sample: a new row brings its own. */
static void test_every_row_has_a_sample(void)
{
        for (size_t i = 0; i < config_keys_n; i++) {
                bool found = false;
                KeyRef key;

                for (size_t k = 0; k < G_N_ELEMENTS(samples); k++)
                        found = found || (config_key_find(samples[k].key, &key) &&
                                          key.row == &config_keys[i]);
                if (!found)
                        g_error("There is no sample of %s", config_keys[i].name);
        }
}

/* The same Config, seen through every getter and printed whole. */
static void assert_same(const Config *a, const Config *b)
{
        _cleanup_(free_p) char *whole_a = config_print(a), *whole_b = config_print(b);

        g_assert_cmpstr(whole_a, ==, whole_b);
        for (size_t i = 0; i < config_keys_n; i++) {
                _cleanup_(free_p) char *text = get_ok(a, config_keys[i].name);

                assert_get(b, config_keys[i].name, text);
        }
}

static void assert_round_trip(const Config *config)
{
        _cleanup_(free_p) char *text = config_print(config);
        _cleanup_(config_free_p) Config *again = parse_ok(text);

        assert_same(config, again);
}

static void test_samples(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
                g_autofree char *line = g_strdup_printf("%s = %s", samples[i].key,
                                                        samples[i].value ? samples[i].value : "");
                _cleanup_(config_free_p) Config *config = parse_ok(line);
                _cleanup_(free_p) char *printed = config_print(config);

                assert_get(config, samples[i].key, samples[i].text);
                assert_round_trip(config);
                if (samples[i].value)
                        g_assert_cmpstr(printed, !=, "");
        }
}

static void test_clearing_gives_the_default(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
                g_autofree char *line = NULL;
                _cleanup_(config_free_p) Config *config = NULL;
                _cleanup_(free_p) char *printed = NULL;

                if (!samples[i].value || strstr(samples[i].key, "fstab"))
                        continue;
                line = g_strdup_printf("%s = %s\n%s =\n", samples[i].key, samples[i].value,
                                       samples[i].key);
                config = parse_ok(line);
                printed = config_print(config);
                g_assert_cmpstr(printed, ==, "");
                g_assert_cmpmem(config, sizeof(*config), &config_defaults, sizeof(*config));
        }
}

/* Rules across keys (config/check.h) let only some pairs stand together. */
static bool conflicts(const char *key)
{
        return strstr(key, "lxc.cap.keep") || strstr(key, "lxc.namespace.keep") ||
               streq(key, "lxc.cgroup.dir");
}

static void test_round_trip_of_random_configs(void)
{
        for (int round = 0; round < 300; round++) {
                GString *text = g_string_new(NULL);
                _cleanup_(config_free_p) Config *config = NULL;

                for (int line = 0; line < 40; line++) {
                        int at = g_test_rand_int_range(0, G_N_ELEMENTS(samples));

                        if (samples[at].value && !conflicts(samples[at].key) &&
                            !streq(samples[at].key, "lxc.idmap"))
                                g_string_append_printf(text, "%s = %s\n", samples[at].key,
                                                       samples[at].value);
                }
                config = parse_ok(text->str);
                assert_round_trip(config);
                g_string_free(text, TRUE);
        }
}

static void test_odd_values_round_trip(void)
{
        static const char *const values[] = {
                "\" a \"", "' a'",  "''x''", "\"\"x\"\"", "a'b",
                "#x",      "a = b", "=",     "\"'\"",     "\xc3\xa4",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
                g_autofree char *text = g_strdup_printf(
                        "lxc.uts.name = %s\nlxc.hook.start = %s\nlxc.sysctl.a.b = %s\n", values[i],
                        values[i], values[i]);
                _cleanup_(config_free_p) Config *config = parse_ok(text);

                assert_round_trip(config);
        }
}

static const char nets[] = "lxc.net.1.type = veth\n"
                           "lxc.net.1.link = br0\n"
                           "lxc.net.1.flags = up\n"
                           "lxc.net.1.name = eth1\n"
                           "lxc.net.1.mtu = 1400\n"
                           "lxc.net.1.hwaddr = 00:16:3e:01:02:03\n"
                           "lxc.net.1.ipv4.address = 10.0.0.5\n"
                           "lxc.net.1.ipv4.address = 192.168.1.7/26 192.168.1.63\n"
                           "lxc.net.1.ipv4.gateway = auto\n"
                           "lxc.net.1.ipv6.address = FE80:0::5\n"
                           "lxc.net.1.ipv6.gateway = fe80::1\n"
                           "lxc.net.1.script.up = /up a\n"
                           "lxc.net.1.script.down = /down\n"
                           "lxc.net.1.veth.pair = vethct\n"
                           "lxc.net.1.veth.mode = router\n"
                           "lxc.net.1.veth.ipv4.route = 10.1.0.0/16\n"
                           "lxc.net.1.veth.vlan.id = none\n"
                           "lxc.net.1.veth.vlan.tagged.id = 3\n"
                           "lxc.net.1.veth.vlan.tagged.id = 4\n"
                           "lxc.net.1.veth.n_rxqueues = 2\n"
                           "lxc.net.1.l2proxy = 1\n"
                           "lxc.net.0.type = macvlan\n"
                           "lxc.net.0.link = eth0\n"
                           "lxc.net.7.type = vlan\n"
                           "lxc.net.7.vlan.id = 4094\n"
                           "lxc.net.8.type = ipvlan\n"
                           "lxc.net.8.ipvlan.mode = l3s\n"
                           "lxc.net.8.ipvlan.isolation = vepa\n"
                           "lxc.net.9.type = phys\n"
                           "lxc.net.9.link = enp+\n";

static void test_nics(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok(nets);

        assert_get(config, "lxc.net", "macvlan\nveth\nvlan\nipvlan\nphys\n");
        assert_get(config, "lxc.net.1.ipv4.address", "10.0.0.5/8\n192.168.1.7/26\n");
        assert_get(config, "lxc.net.1.ipv6.address", "fe80::5/64\n");
        assert_get(config, "lxc.net.1.veth.vlan.tagged.id", "3\n4\n");
        assert_get(config, "lxc.net.0.macvlan.mode", "private");
        assert_get(config, "lxc.net.0.mtu", "");
        assert_get(config, "lxc.net.1.script.up", "/up a");
        g_assert_cmpstr(net_config_get(config_net(config, 1), "ipv4.gateway"), ==, "auto");
        g_assert_null(config_net(config, 2));
        assert_round_trip(config);
}

static void test_new_type_forgets_the_old_ones_data(void)
{
        _cleanup_(config_free_p) Config *config = parse_ok("lxc.net.0.type = veth\n"
                                                           "lxc.net.0.veth.pair = a\n"
                                                           "lxc.net.0.name = eth0\n"
                                                           "lxc.net.0.type = macvlan\n");
        const NetConfig *net = config_net(config, 0);

        g_assert_null(net_config_get(net, "veth.pair"));
        g_assert_cmpstr(net_config_get(net, "name"), ==, "eth0");
}

static void test_hwaddr_template(void)
{
        for (int i = 0; i < 100; i++) {
                _cleanup_(config_free_p) Config *config =
                        parse_ok("lxc.net.0.type = veth\nlxc.net.0.hwaddr = xX:16:3e:xx:xx:x7\n");
                const char *address = net_config_get(config_net(config, 0), "hwaddr");

                g_assert_true(g_regex_match_simple(
                        "^[0-9a-f][02468ace]:16:3e:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]7$", address, 0,
                        0));
        }
}

static void test_every_nic_key_has_its_types(void)
{
        for (size_t i = 0; i < net_keys_n; i++) {
                g_assert_cmpint(net_keys[i].types, !=, 0);
                g_assert_nonnull(net_keys[i].check);
                g_assert_true(net_key_find(net_keys[i].name) == &net_keys[i]);
        }
}

static void test_owner_safe(void)
{
        g_assert_true(config_key_is_owner_safe("lxc.uts.name", "x"));
        g_assert_true(config_key_is_owner_safe("lxc.utsname", "x"));
        g_assert_true(config_key_is_owner_safe("lxc.environment", "A=b"));
        g_assert_false(config_key_is_owner_safe("lxc.environment", "A"));
        g_assert_true(config_key_is_owner_safe("lxc.mount.auto", "proc sys:ro"));
        g_assert_false(config_key_is_owner_safe("lxc.mount.auto", "proc cgroup-full"));
        g_assert_true(
                config_key_is_owner_safe("lxc.mount.entry", "none tmp tmpfs size=1m,nosuid 0 0"));
        g_assert_false(config_key_is_owner_safe("lxc.mount.entry", "/etc etc none bind 0 0"));
        g_assert_false(config_key_is_owner_safe("lxc.mount.entry", "x /etc tmpfs nosuid 0 0"));
        g_assert_false(config_key_is_owner_safe("lxc.mount.entry", "x tmp tmpfs bind 0 0"));
        g_assert_false(config_key_is_owner_safe("lxc.mount.entry", "x ../tmp tmpfs nosuid 0 0"));
        g_assert_true(config_key_is_owner_safe("lxc.net.0.type", "empty"));
        g_assert_false(config_key_is_owner_safe("lxc.net.0.type", "veth"));
        g_assert_false(config_key_is_owner_safe("lxc.net.0.type", "none"));
        g_assert_false(config_key_is_owner_safe("lxc.network.type", "none"));
        g_assert_false(config_key_is_owner_safe("lxc.net", ""));
        g_assert_false(config_key_is_owner_safe("lxc.keyring.session", "0"));
        g_assert_false(config_key_is_owner_safe("lxc.tty.max", "100000"));
        g_assert_false(config_key_is_owner_safe("lxc.hook.pre-start", "/bin/true"));
        g_assert_false(config_key_is_owner_safe("lxc.rootfs.path", "/"));
        g_assert_false(config_key_is_owner_safe("lxc.include", "/etc/x"));
        g_assert_false(config_key_is_owner_safe("lxc.nonsense", "1"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/config-keys/rows-are-sorted", test_rows_are_sorted);
        g_test_add_func("/config-keys/rows-are-whole", test_rows_are_whole);
        g_test_add_func("/config-keys/every-row-is-found", test_every_row_is_found);
        g_test_add_func("/config-keys/subkeys-are-found", test_subkeys_are_found);
        g_test_add_func("/config-keys/other-names-are-not-found", test_other_names_are_not_found);
        g_test_add_func("/config-keys/every-row-has-a-sample", test_every_row_has_a_sample);
        g_test_add_func("/config-keys/every-sample-is-got-and-printed", test_samples);
        g_test_add_func("/config-keys/clearing-gives-the-default", test_clearing_gives_the_default);
        g_test_add_func("/config-keys/random-configs-round-trip",
                        test_round_trip_of_random_configs);
        g_test_add_func("/config-keys/odd-values-round-trip", test_odd_values_round_trip);
        g_test_add_func("/config-keys/nics-round-trip", test_nics);
        g_test_add_func("/config-keys/a-new-type-forgets-the-old-ones-data",
                        test_new_type_forgets_the_old_ones_data);
        g_test_add_func("/config-keys/hardware-addresses-are-filled-in", test_hwaddr_template);
        g_test_add_func("/config-keys/every-nic-key-has-its-types",
                        test_every_nic_key_has_its_types);
        g_test_add_func("/config-keys/owners-may-set-what-stays-inside", test_owner_safe);
        return g_test_run();
}
