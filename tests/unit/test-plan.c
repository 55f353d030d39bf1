/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plan is a pure function, so its text can be compared: NAME.conf (and NAME.fstab) of
 * tests/data/plan against NAME.plan, warnings first. PLAN_WRITE=1 in the environment writes the
 * expected texts anew, for a reader to compare. */

#include <glib.h>
#include <string.h>

#include "base/strv.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "runtime/plan/apparmor-profile.h"
#include "runtime/plan/plan.h"
#include "runtime/payload/stage.h"

static char variable_own[] = "FROM_HOST=value", variable_path[] = "PATH=/bin",
            variable_notify[] = "NOTIFY_SOCKET=/x";
static char *const host_environment[] = { variable_own, variable_path, variable_notify, NULL };

static const PlanInput input_default = {
        .id = "ct01",
        .name = "ct01",
        .directory = "/var/lib/lxc/ct01",
        .config_file = "/var/lib/lxc/ct01/config",
        .lxcpath = "/var/lib/lxc",
        .environment = host_environment,
};

static char *data_path(const char *name)
{
        const char *root = g_getenv("SOURCE_ROOT");

        g_assert_nonnull(root);
        return g_build_filename(root, "tests/data/plan", name, NULL);
}

static Config *parse(const char *text)
{
        Error error = ERROR_NULL;
        Config *config = NULL;

        if (config_parse_text(text, "test.conf", &config, NULL, &error) < 0)
                g_error("%s", error_message(&error));
        return config;
}

/* NULL when there is no such file. */
static char *read_data(const char *name, const char *suffix)
{
        g_autofree char *file = g_strconcat(name, suffix, NULL);
        g_autofree char *path = data_path(file);
        char *text = NULL;

        (void) g_file_get_contents(path, &text, NULL, NULL);
        return text;
}

static char *plan_text(const Config *config, const PlanInput *input)
{
        _cleanup_(plan_free_p) Plan *plan = NULL;
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(free_p) char *text = NULL;
        GString *all = g_string_new(NULL);
        Error error = ERROR_NULL;

        if (plan_make(config, input, &plan, &warnings, &error) < 0)
                g_error("%s", error_message(&error));
        strv_foreach(warning, warnings)
                g_string_append_printf(all, "warning: %s\n", *warning);
        text = plan_print(plan);
        g_assert_nonnull(text);
        g_string_append(all, text);
        return g_string_free(all, FALSE);
}

static void test_golden(const void *data)
{
        const char *name = data;
        g_autofree char *raw = read_data(name, ".conf");
        g_autofree char *fstab = read_data(name, ".fstab");
        g_autofree char *expected = read_data(name, ".plan");
        g_autofree char *directory = data_path("");
        _cleanup_(config_free_p) Config *config = NULL;
        PlanInput input = input_default;
        g_autofree char *text = NULL, *again = NULL;
        g_auto(GStrv) parts = NULL;
        g_autofree char *conf = NULL;

        g_assert_nonnull(raw);
        parts = g_strsplit(raw, "@DATA@", -1);
        conf = g_strjoinv(directory, parts);
        config = parse(conf);
        input.fstab = fstab;
        text = plan_text(config, &input);
        again = plan_text(config, &input);
        g_assert_cmpstr(text, ==, again);
        if (g_getenv("PLAN_WRITE")) {
                g_autofree char *file = g_strconcat(name, ".plan", NULL);
                g_autofree char *path = data_path(file);

                g_assert_true(g_file_set_contents(path, text, -1, NULL));
                return;
        }
        g_assert_cmpstr(text, ==, expected);
}

#define ROOT "lxc.rootfs.path = /srv/root\n"

static const struct {
        const char *text, *key, *sentence;
        ErrorCode code;
} refusals[] = {
        { "lxc.uts.name = x\n", "lxc.rootfs.path",
          "'lxc.rootfs.path' is not set: a container without a root file system of its own is not "
          "supported",
          ERROR_NOT_SUPPORTED },
        { "lxc.rootfs.path = overlay:/a\n", "lxc.rootfs.path",
          "The root file system '/a' is not LOWER:UPPER: it has one layer only",
          ERROR_INVALID_CONFIG },
        { "lxc.rootfs.path = overlay:/a:/b/../c\n", "lxc.rootfs.path",
          "The root file system '/a:/b/../c' is not LOWER:UPPER: '/b/../c' is not the absolute "
          "path of "
          "a directory, without '..' and a slash at its end",
          ERROR_INVALID_CONFIG },
        { "lxc.rootfs.path = overlay:/a:/b\nlxc.rootfs.options = idmap=/proc/1/ns/user\n",
          "lxc.rootfs.options",
          "'lxc.rootfs.options' has 'idmap=/proc/1/ns/user', which storage of type 'overlay' "
          "cannot "
          "take: only idmap=container",
          ERROR_INVALID_CONFIG },
        { "lxc.rootfs.path = loop:rootdev\n", "lxc.rootfs.path",
          "'lxc.rootfs.path' and 'lxc.rootfs.mount' must be absolute paths", ERROR_INVALID_CONFIG },
        { "lxc.rootfs.path = relative\n", "lxc.rootfs.path",
          "'lxc.rootfs.path' and 'lxc.rootfs.mount' must be absolute paths", ERROR_INVALID_CONFIG },
        { ROOT "lxc.rootfs.options = idmap=container\n", "lxc.rootfs.options",
          "Mount option 'idmap=container' needs the container's own ranges of ids: set 'lxc.idmap'",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.rootfs.options = idmap=other\n", "lxc.rootfs.options",
          "Mount option 'idmap=other' is neither idmap=container nor idmap=PATH, the absolute path "
          "of a user namespace",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.mount.entry = tmpfs tmp tmpfs idmap=/proc/1/ns/user 0 0\n", "lxc.mount.entry",
          "Mount option 'idmap=/proc/1/ns/user' is only for a bind mount of a path of the host",
          ERROR_INVALID_CONFIG },
        { "lxc.rootfs.path = dir:/srv/root\nlxc.rootfs.options = compress=zstd\n",
          "lxc.rootfs.options",
          "'lxc.rootfs.options' has 'compress=zstd', which a directory cannot take",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.idmap = u 0 100000 65536\n", "lxc.idmap",
          "'lxc.idmap' maps no group 0 of the container: expected a line 'g 0 OUTSIDE COUNT'",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.idmap = u 1 100000 65536\nlxc.idmap = g 0 100000 65536\n", "lxc.idmap",
          "'lxc.idmap' maps no user 0 of the container: expected a line 'u 0 OUTSIDE COUNT'",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.idmap = u 0 100000 10\nlxc.idmap = g 0 100000 10\nlxc.init.uid = 10\n",
          "lxc.init.uid", "'lxc.init.uid = 10' is not in a range of 'lxc.idmap'",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.idmap = u 0 100000 10\nlxc.idmap = g 0 100000 10\n"
               "lxc.namespace.keep = user\n",
          "lxc.namespace.keep",
          "'lxc.namespace.keep' leaves out the user namespace that 'lxc.idmap' asks for",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.namespace.clone = user mnt pid cgroup\n", "lxc.namespace.clone",
          "'lxc.namespace.clone' asks for a user namespace, which needs its ranges of ids: set "
          "'lxc.idmap'",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.namespace.share.user = other\n", "lxc.namespace.share",
          "'lxc.namespace.share.user = other' is not supported: a container always has a root of "
          "its own, and the ids of 'lxc.idmap'",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.namespace.share.time = ct02\nlxc.time.offset.boot = 1h\n",
          "lxc.namespace.share",
          "'lxc.namespace.share.time = ct02' takes the clocks of another, and 'lxc.time.offset' "
          "sets clocks of its own: remove one",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.namespace.keep = pid\n", "lxc.namespace.keep",
          "'lxc.namespace.keep' leaves out the pid namespace: a container without one of its own "
          "is "
          "not supported",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.apparmor.profile = lxc-container-default\n", "lxc.apparmor.profile",
          "'lxc.apparmor.profile = lxc-container-default' cannot be honoured: the kernel does not "
          "enforce AppArmor; set 'unconfined' to start without",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.selinux.context = system_u:system_r:x\n", "lxc.selinux.context",
          "'lxc.selinux.context = system_u:system_r:x' cannot be honoured: the kernel does not "
          "enforce SELinux; remove the key to start without",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.selinux.context.keyring = system_u:system_r:x\n", "lxc.selinux.context.keyring",
          "'lxc.selinux.context.keyring = system_u:system_r:x' cannot be honoured: the kernel does "
          "not enforce SELinux; remove the key to start without",
          ERROR_NOT_SUPPORTED },
        { ROOT "lxc.mount.auto = shmounts:/srv:/mnt/..\n", "lxc.mount.auto",
          "'lxc.mount.auto = shmounts:/srv:/mnt/..' does not name a directory of the host, and "
          "behind a colon one of the container",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.console.path = tty7\n", "lxc.console.path",
          "'lxc.console.path = tty7' is neither 'none' nor the absolute path of a device or a file",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.mount.entry = /a ../b none bind 0 0\n", "lxc.mount.entry",
          "Mount target '../b' has '..' in it", ERROR_INVALID_CONFIG },
        { ROOT "lxc.mount.entry = /a /srv/root none bind 0 0\n", "lxc.mount.entry",
          "Mount target '' is the container's root itself", ERROR_INVALID_CONFIG },
        { ROOT "lxc.mount.entry = a b none bind 0 0\n", "lxc.mount.entry",
          "Mount source 'a' is neither absolute nor has the option 'relative'",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.mount.entry = /a b none bind,create=link 0 0\n", "lxc.mount.entry",
          "Mount option 'create=link' is neither create=dir nor create=file",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.cgroup2.devices.allow = x 1:2 r\n", "lxc.cgroup2",
          "'lxc.cgroup2.devices.allow = x 1:2 r' is not a device rule: expected 'a', or TYPE "
          "MAJOR:MINOR ACCESS as in 'c 1:3 rwm'",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.tty.max = 201\n", "lxc.tty.max", "'lxc.tty.max = 201' is over 200",
          ERROR_INVALID_CONFIG },
        { ROOT "lxc.init.cmd = init\n", "lxc.init.cmd",
          "'lxc.init.cmd = init' is not an absolute path with arguments", ERROR_INVALID_CONFIG },
        { ROOT "lxc.environment = NOT_THERE\n", "lxc.environment",
          "'lxc.environment' takes 'NOT_THERE' from the environment, where it is not set",
          ERROR_INVALID_CONFIG },
};

static void test_refusals(void)
{
        for (size_t i = 0; i < ELEMENTS(refusals); i++) {
                _cleanup_(config_free_p) Config *config = parse(refusals[i].text);
                _cleanup_(plan_free_p) Plan *plan = NULL;
                _cleanup_(error_done) Error error = ERROR_NULL;
                int r = plan_make(config, &input_default, &plan, NULL, &error);

                g_assert_cmpint(r, <, 0);
                g_assert_null(plan);
                g_assert_cmpstr(error_message(&error), ==, refusals[i].sentence);
                g_assert_cmpstr(error.object, ==, refusals[i].key);
                g_assert_cmpint(error.code, ==, refusals[i].code);
        }
}

#define RANGES ROOT "lxc.idmap = u 0 100000 65536\nlxc.idmap = g 0 200000 65536\n"

static const struct {
        const char *users, *groups, *sentence;
} grants[] = {
        { "root:100000:65536\n", "root:200000:65536\n", NULL },
        /* Lines of others, of the number, broken ones, and ranges side by side. */
        { "alice:1:9\n:\nroot:x:1\nroot:100000:5\n0:100005:99999\n", "0:200000:65536", NULL },
        { "root:100000:65535\n", "root:200000:65536\n",
          "'/var/lib/lxc/ct01/config', line 2: 'lxc.idmap = u 0 100000 65536' maps users 100000 to "
          "165535, which '/etc/subuid' does not give to 'root': expected there a line "
          "'root:FIRST:COUNT' that holds them, or here a range within one" },
        { "root:100000:65536\n", "alice:200000:65536\n",
          "'/var/lib/lxc/ct01/config', line 3: 'lxc.idmap = g 0 200000 65536' maps groups 200000 "
          "to "
          "265535, which '/etc/subgid' does not give to 'root': expected there a line "
          "'root:FIRST:COUNT' that holds them, or here a range within one" },
        { NULL, NULL,
          "'/var/lib/lxc/ct01/config', line 2: 'lxc.idmap = u 0 100000 65536' maps users 100000 to "
          "165535, which '/etc/subuid' does not give to 'root': expected there a line "
          "'root:FIRST:COUNT' that holds them, or here a range within one" },
};

static void test_subordinate_ids(void)
{
        for (size_t i = 0; i < ELEMENTS(grants); i++) {
                _cleanup_(config_free_p) Config *config = parse(RANGES);
                _cleanup_(plan_free_p) Plan *plan = NULL;
                _cleanup_(error_done) Error error = ERROR_NULL;
                SubIds ids = {
                        .uid = 0,
                        .name = g_strdup("root"),
                        .users = g_strdup(grants[i].users),
                        .groups = g_strdup(grants[i].groups),
                };
                PlanInput input = input_default;
                int r;

                input.subids = &ids;
                input.config_text = RANGES;
                r = plan_make(config, &input, &plan, NULL, &error);
                if (grants[i].sentence)
                        g_assert_cmpstr(error_message(&error), ==, grants[i].sentence);
                g_assert_cmpint(r, ==, grants[i].sentence ? -EINVAL : 0);
                if (r < 0)
                        g_assert_cmpint(error.code, ==, ERROR_INVALID_CONFIG);
                subids_done(&ids);
        }
}

/* newuidmap(1): a user may map himself, and nobody else. */
static void test_own_id(void)
{
        const SubIds ids = { .uid = 1000 };

        g_assert_true(subids_allow(&ids, false, 1000, 1));
        g_assert_false(subids_allow(&ids, false, 1000, 2));
        g_assert_false(subids_allow(&ids, false, 0, 1));
        g_assert_false(subids_allow(&ids, true, 1000, 1));
}

static const struct {
        const char *text;
        LabelModule module;
        bool mounts;       /* AppArmor sees mounts */
        const char *label; /* NULL: none */
        int error;
} labels[] = {
        { "", LABEL_NONE, false, NULL, 0 },
        { "lxc.apparmor.profile = unconfined\n", LABEL_NONE, false, NULL, 0 },
        { "lxc.apparmor.profile = unchanged\n", LABEL_NONE, false, NULL, 0 },
        { "lxc.apparmor.profile = generated\n", LABEL_NONE, false, NULL, 0 },
        { "", LABEL_APPARMOR, true, "lxc-container-default-cgns", 0 },
        { "", LABEL_APPARMOR, false, "lxc-container-default-cgns", 0 },
        { "lxc.apparmor.profile = unconfined\n", LABEL_APPARMOR, true, NULL, 0 },
        { "lxc.apparmor.profile = unchanged\n", LABEL_APPARMOR, true, NULL, 0 },
        { "lxc.apparmor.profile = mine\n", LABEL_APPARMOR, true, "mine", 0 },
        { "lxc.apparmor.profile = mine\n", LABEL_APPARMOR, false, NULL, -EOPNOTSUPP },
        { "lxc.apparmor.profile = mine\nlxc.apparmor.allow_incomplete = 1\n", LABEL_APPARMOR, false,
          "mine", 0 },
        { "lxc.apparmor.profile = generated\n", LABEL_APPARMOR, true, "nagaya-ct01", 0 },
        { "lxc.selinux.context = a:b:c\n", LABEL_SELINUX, false, "a:b:c", 0 },
        { "lxc.selinux.context = unconfined\n", LABEL_SELINUX, false, NULL, 0 },
        { "lxc.selinux.context = a:b:c\n", LABEL_APPARMOR, true, NULL, -EOPNOTSUPP },
        { "lxc.apparmor.profile = mine\n", LABEL_SELINUX, false, NULL, -EOPNOTSUPP },
};

static void test_labels(void)
{
        for (size_t i = 0; i < ELEMENTS(labels); i++) {
                g_autofree char *text = g_strconcat(ROOT, labels[i].text, NULL);
                _cleanup_(config_free_p) Config *config = parse(text);
                _cleanup_(plan_free_p) Plan *plan = NULL;
                _cleanup_(error_done) Error error = ERROR_NULL;
                PlanInput input = input_default;

                input.labels = labels[i].module;
                input.apparmor_mounts = labels[i].mounts;
                g_assert_cmpint(plan_make(config, &input, &plan, NULL, &error), ==,
                                labels[i].error);
                if (!plan)
                        continue;
                g_assert_cmpstr(plan->security.label, ==, labels[i].label);
                g_assert_true(plan->security.label_optional ==
                              (labels[i].label && !*labels[i].text));
        }
}

static void test_generated_profile(void)
{
        static char raw_line[] = "deny /secret r,";
        char *raw[] = { raw_line, NULL };
        g_autofree char *plain = apparmor_profile_text("nagaya-ct01", false, raw);
        g_autofree char *nesting = apparmor_profile_text("nagaya-ct01", true, NULL);
        g_autofree char *name = apparmor_profile_name("-srv-my\\x2dct");

        g_assert_true(g_str_has_prefix(
                plain, "profile \"nagaya-ct01\" flags=(attach_disconnected, mediate_deleted) {\n"));
        g_assert_true(g_str_has_suffix(plain, "  deny /secret r,\n}\n"));
        g_assert_nonnull(strstr(plain, "deny /sys/kernel/security/**"));
        g_assert_null(strstr(plain, "  mount,\n"));
        g_assert_nonnull(strstr(nesting, "  mount,\n"));
        g_assert_null(strstr(nesting, "deny /sys/kernel/security/**"));
        g_assert_cmpstr(name, ==, "nagaya--srv-my_x2dct");
}

static void test_label_text(void)
{
        static const struct {
                const char *text, *label;
        } texts[] = {
                { "unconfined\n", NULL },
                { "unconfined", NULL },
                { "", NULL },
                { "nagaya-ct01 (enforce)\n", "nagaya-ct01" },
                { "a b (complain)", "a b" },
                { "odd(name)", "odd(name)" },
                { "unconfined_u:unconfined_r:unconfined_t:s0\n",
                  "unconfined_u:unconfined_r:unconfined_t:s0" },
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++) {
                g_autofree char *label = NULL;

                g_assert_cmpint(label_parse(texts[i].text, &label), ==, 0);
                g_assert_cmpstr(label, ==, texts[i].label);
        }
}

static void test_hook_environment(void)
{
        _cleanup_(config_free_p) Config *config =
                parse("lxc.rootfs.path = dir:/srv/root\nlxc.environment = A=1\n"
                      "lxc.environment.hooks = B=2\nlxc.environment.runtime = C=3\n"
                      "lxc.hook.version = 1\n");
        _cleanup_(hook_set_free_p) HookSet *set = NULL;
        HookInput input = plan_hook_input(&input_default);

        g_assert_cmpint(hook_set_make(config, &input, &set, NULL), ==, 0);
        g_assert_cmpstr(strv_env_get(set->environment, "LXC_NAME"), ==, "ct01");
        g_assert_cmpstr(strv_env_get(set->environment, "LXC_ROOTFS_PATH"), ==, "/srv/root");
        g_assert_cmpstr(strv_env_get(set->environment, "LXC_ROOTFS_MOUNT"), ==,
                        "/run/nagaya/rootfs");
        g_assert_cmpstr(strv_env_get(set->environment, "LXC_CONFIG_FILE"), ==,
                        "/var/lib/lxc/ct01/config");
        g_assert_cmpstr(strv_env_get(set->environment, "LXC_HOOK_VERSION"), ==, "1");
        g_assert_cmpstr(strv_env_get(set->environment, "PATH"), ==, "/bin");
        g_assert_null(strv_env_get(set->environment, "NOTIFY_SOCKET"));
        g_assert_null(strv_env_get(set->environment, "A"));
        g_assert_cmpstr(strv_env_get(set->inside, "A"), ==, "1");
        g_assert_cmpstr(strv_env_get(set->inside, "B"), ==, "2");
        g_assert_null(strv_env_get(set->inside, "C"));
}

/* Names are told to users; what the container may touch comes after what it must not see. */
static void test_stage_table(void)
{
        g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);
        static const char *const order[][2] = {
                { "user-namespace", "propagation" },
                { "propagation", "hook-pre-mount" },
                { "hook-pre-mount", "rootfs" },
                { "mount", "hook-mount" },
                { "hook-mount", "hook-autodev" },
                { "hook-autodev", "devices" },
                { "terminals", "pivot" },
                { "mount", "hook-start-path" },
                { "hook-start-path", "pivot" },
                { "sysctl", "pivot" },
                { "pivot", "stdio" },
                { "capabilities", "seccomp" },
                { "no-new-privs", "seccomp" },
                { "proc", "pivot" },
                { "label", "no-new-privs" },
                { "seccomp", "hook-start" },
                { "hook-start", "wait" },
                { "wait", "credentials" },
                { "credentials", "exec" },
        };

        for (size_t i = 0; stage_name(i); i++)
                g_assert_true(g_hash_table_insert(places, (void *) stage_name(i),
                                                  GSIZE_TO_POINTER(i + 1)));
        for (size_t i = 0; i < ELEMENTS(order); i++) {
                g_assert_true(g_hash_table_contains(places, order[i][0]));
                g_assert_cmpuint(GPOINTER_TO_SIZE(g_hash_table_lookup(places, order[i][0])), <,
                                 GPOINTER_TO_SIZE(g_hash_table_lookup(places, order[i][1])));
        }
}

int main(int argc, char *argv[])
{
        static const char *const names[] = {
                "busybox",
                "debian",
                "legacy",
                "loop",
                "overlay",
                "mounts",
                "limits",
                "init",
                "host-network",
                "network-mixed",
                "network",
                "network-warnings",
                "hooks",
                "cgroup-version-1",
                "user-namespace",
                "namespaces",
                "cgroup-namespace",
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < ELEMENTS(names); i++) {
                g_autofree char *path = g_strconcat("/plan/prints-as-expected/", names[i], NULL);

                g_test_add_data_func(path, names[i], test_golden);
        }
        g_test_add_func("/plan/what-cannot-be-honoured-is-refused-by-key", test_refusals);
        g_test_add_func("/plan/ranges-of-others-are-refused-by-file-and-line",
                        test_subordinate_ids);
        g_test_add_func("/plan/a-user-may-map-his-own-id", test_own_id);
        g_test_add_func("/plan/labels-are-what-the-kernel-can-enforce", test_labels);
        g_test_add_func("/plan/a-generated-profile", test_generated_profile);
        g_test_add_func("/plan/a-label-is-read-without-its-mode", test_label_text);
        g_test_add_func("/plan/hooks-get-lxc-variables-and-nothing-of-the-service-manager",
                        test_hook_environment);
        g_test_add_func("/plan/stages-have-names-and-their-order", test_stage_table);
        return g_test_run();
}
