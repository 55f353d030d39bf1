/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is installed beside the programs (polkit actions, bus policy, units, directories) agrees with
 * the names and rows in the code. $SOURCE_ROOT is the source tree. */

#include <glib.h>
#include <string.h>

#include "container/verb.h"
#include "interfaces/names.h"

static char *read_source(const char *path)
{
        g_autofree char *whole = g_build_filename(g_getenv("SOURCE_ROOT"), path, NULL);
        g_autoptr(GError) error = NULL;
        char *text;

        if (!g_file_get_contents(whole, &text, NULL, &error))
                g_error("%s", error->message);
        return text;
}

/* --- authority --- */

typedef struct Expectation {
        const VerbTable *table;
        const char *member;
        Action action;
} Expectation;

/* Who may what, written down a second time: a new verb is a decision about this, too. */
static const Expectation expectations[] = {
        { &manager_table, "CreateContainer", ACTION_CREATE },
        { &manager_table, "GetContainer", ACTION_NONE },
        { &manager_table, "GetContainerByPID", ACTION_NONE },
        { &manager_table, "ListContainers", ACTION_NONE },
        { &manager_table, "ListTemplates", ACTION_NONE },
        { &manager_table, "ListBackends", ACTION_NONE },
        { &manager_table, "CheckHost", ACTION_INSPECT },
        { &manager_table, "ListJobs", ACTION_NONE },
        { &manager_table, "GetSystemConfig", ACTION_NONE },
        { &manager_table, "Monitor", ACTION_NONE },
        { &container_table, "Start", ACTION_CONTROL },
        { &container_table, "Stop", ACTION_CONTROL },
        { &container_table, "Reboot", ACTION_CONTROL },
        { &container_table, "Kill", ACTION_CONTROL },
        { &container_table, "Freeze", ACTION_CONTROL },
        { &container_table, "Thaw", ACTION_CONTROL },
        { &container_table, "Attach", ACTION_ATTACH },
        { &container_table, "OpenConsole", ACTION_ATTACH },
        { &container_table, "ResizeConsole", ACTION_ATTACH },
        { &container_table, "ReadConsoleLog", ACTION_ATTACH },
        { &container_table, "Clone", ACTION_STORAGE },
        { &container_table, "Rename", ACTION_CONFIGURE },
        { &container_table, "Destroy", ACTION_STORAGE },
        { &container_table, "CreateSnapshot", ACTION_STORAGE },
        { &container_table, "ListSnapshots", ACTION_INSPECT },
        { &container_table, "RestoreSnapshot", ACTION_STORAGE },
        { &container_table, "DestroySnapshot", ACTION_STORAGE },
        { &container_table, "GetConfig", ACTION_INSPECT },
        { &container_table, "ListConfigKeys", ACTION_INSPECT },
        { &container_table, "ReadConfig", ACTION_INSPECT },
        { &container_table, "SetConfig", ACTION_CONFIGURE },
        { &container_table, "UnsetConfig", ACTION_CONFIGURE },
        { &container_table, "WriteConfig", ACTION_CONFIGURE },
        { &container_table, "ConvertConfig", ACTION_CONFIGURE },
        { &container_table, "GetCgroup", ACTION_INSPECT },
        { &container_table, "SetCgroup", ACTION_CONFIGURE },
        { &container_table, "GetAddresses", ACTION_INSPECT },
        { &container_table, "Describe", ACTION_INSPECT },
        { &job_table, "Describe", ACTION_NONE },
        { &job_table, "Wait", ACTION_NONE },
        { &job_table, "Cancel", ACTION_NONE },
};

/* Public, or by another rule than one action: what it asks for depends on the call. */
static bool asks_by_the_call(const Verb *verb)
{
        return verb->extra_action != NULL;
}

static void test_verbs(void)
{
        size_t n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(expectations); i++) {
                const Expectation *e = &expectations[i];
                const Verb *verb = verb_find(e->table, e->member);

                if (!verb)
                        g_error("%s.%s has no row", e->table->interface, e->member);
                if (verb->action != e->action)
                        g_error("%s.%s needs '%s', not '%s'", e->table->interface, e->member,
                                action_name(e->action), action_name(verb->action));
        }
        for (const VerbTable *const *table = verb_tables; *table; table++)
                for (const Verb *verb = (*table)->verbs; verb->member; verb++, n++)
                        g_assert_nonnull(verb->run.on_manager);
        g_assert_cmpuint(n, ==, G_N_ELEMENTS(expectations));
        /* A job belongs to the one who started it, or to who could have started it. */
        g_assert_true(asks_by_the_call(verb_find(&job_table, "Wait")));
        g_assert_true(asks_by_the_call(verb_find(&job_table, "Cancel")));
        /* Root in a container without a user namespace is root. */
        g_assert_true(asks_by_the_call(verb_find(&container_table, "Attach")));
        g_assert_true(asks_by_the_call(verb_find(&container_table, "Start")));
        g_assert_true(asks_by_the_call(verb_find(&manager_table, "CreateContainer")));
        /* By what is set, and to which container. */
        g_assert_true(asks_by_the_call(verb_find(&container_table, "SetConfig")));
        g_assert_true(asks_by_the_call(verb_find(&container_table, "UnsetConfig")));
        g_assert_true(asks_by_the_call(verb_find(&container_table, "WriteConfig")));
        g_assert_true(asks_by_the_call(verb_find(&container_table, "ConvertConfig")));
        g_assert_true(asks_by_the_call(verb_find(&container_table, "SetCgroup")));
        g_assert_true(asks_by_the_call(verb_find(&container_table, "Rename")));
        /* A new container comes of it. */
        g_assert_true(asks_by_the_call(verb_find(&container_table, "Clone")));
}

typedef struct Option {
        const VerbTable *table;
        const char *member, *option;
        Action action;
} Option;

static const Option guarded_options[] = {
        { &manager_table, "ListContainers", "groups", ACTION_INSPECT },
        { &container_table, "Start", "config", ACTION_CONFIGURE },
        { &container_table, "Attach", "namespaces", ACTION_HOST },
        { &container_table, "Attach", "elevated", ACTION_HOST },
        { &container_table, "Destroy", "force", ACTION_CONTROL },
        { &container_table, "Clone", "path", ACTION_HOST },
        { &container_table, "Clone", "allowRunning", ACTION_CONTROL },
        { &container_table, "Clone", "mounts", ACTION_HOST },
        { &container_table, "Clone", "hookArguments", ACTION_HOST },
        { &container_table, "RestoreSnapshot", "newName", ACTION_CREATE },
};

static unsigned count_guarded(const Field *options)
{
        unsigned n = 0;

        for (; options && options->name; options++)
                n += options->action != ACTION_NONE;
        return n;
}

static void test_options(void)
{
        unsigned n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(guarded_options); i++) {
                const Option *o = &guarded_options[i];
                const Field *field = field_find(verb_find(o->table, o->member)->options, o->option);

                if (!field || field->action != o->action)
                        g_error("Option '%s' of %s must need '%s'", o->option, o->member,
                                action_name(o->action));
        }
        for (const VerbTable *const *table = verb_tables; *table; table++)
                for (const Verb *verb = (*table)->verbs; verb->member; verb++)
                        n += count_guarded(verb->options);
        g_assert_cmpuint(n, ==, G_N_ELEMENTS(guarded_options));
}

/* --- polkit --- */

typedef struct Policy {
        GHashTable *actions; /* id -> "any inactive active" */
        GString *defaults;
        char *id;
        bool in_default, has_message;
} Policy;

static void policy_start(GMarkupParseContext *context,
                         const char *element,
                         const char **names,
                         const char **values,
                         gpointer data,
                         GError **error)
{
        Policy *policy = data;

        if (strcmp(element, "action") == 0) {
                g_assert_cmpstr(names[0], ==, "id");
                policy->id = g_strdup(values[0]);
                policy->defaults = g_string_new(NULL);
                policy->has_message = false;
        }
        policy->in_default = g_str_has_prefix(element, "allow_");
        policy->has_message |= strcmp(element, "message") == 0;
        g_assert_cmpstr(element, !=, "annotate");
}

static void policy_text(
        GMarkupParseContext *context, const char *text, gsize size, gpointer data, GError **error)
{
        Policy *policy = data;

        if (policy->in_default)
                g_string_append_printf(policy->defaults, "%s%.*s", policy->defaults->len ? " " : "",
                                       (int) size, text);
}

static void
policy_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
        Policy *policy = data;

        policy->in_default = false;
        if (strcmp(element, "action") != 0)
                return;
        g_assert_true(policy->has_message);
        g_assert_true(g_hash_table_insert(policy->actions, policy->id,
                                          g_string_free(policy->defaults, FALSE)));
}

static GHashTable *read_policy(void)
{
        static const GMarkupParser parser = { policy_start, policy_end, policy_text, NULL, NULL };
        g_autofree char *text = read_source("polkit/org.nagaya1.policy");
        Policy policy = { .actions =
                                  g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free) };
        g_autoptr(GMarkupParseContext) context =
                g_markup_parse_context_new(&parser, 0, &policy, NULL);
        g_autoptr(GError) error = NULL;

        if (!g_markup_parse_context_parse(context, text, -1, &error))
                g_error("org.nagaya1.policy: %s", error->message);
        return policy.actions;
}

static bool is_used(Action action)
{
        for (size_t i = 0; i < G_N_ELEMENTS(expectations); i++)
                if (expectations[i].action == action)
                        return true;
        for (size_t i = 0; i < G_N_ELEMENTS(guarded_options); i++)
                if (guarded_options[i].action == action)
                        return true;
        return false;
}

/* An action that polkit does not know is always refused, one that nobody asks for is a promise not
 * kept. */
static void test_policy(void)
{
        g_autoptr(GHashTable) actions = read_policy();

        for (Action action = ACTION_NONE + 1; action < _ACTION_MAX; action++) {
                g_autofree char *id = g_strconcat(ACTION_NAMESPACE, action_name(action), NULL);
                bool may_keep = action == ACTION_INSPECT || action == ACTION_CONTROL;

                g_assert_true(is_used(action));
                g_assert_cmpstr(g_hash_table_lookup(actions, id), ==,
                                may_keep ? "auth_admin auth_admin auth_admin_keep"
                                         : "auth_admin auth_admin auth_admin");
        }
        g_assert_cmpuint(g_hash_table_size(actions), ==, _ACTION_MAX - 1);
}

/* Kept answers forget the container they were given for. */
static void test_rules(void)
{
        g_autofree char *text = read_source("polkit/50-nagaya.rules.example");

        g_assert_null(strstr(text, "Result.AUTH_ADMIN_KEEP"));
        g_assert_null(strstr(text, "Result.AUTH_SELF_KEEP"));
        for (const char *at = text; (at = strstr(at, "\"" ACTION_NAMESPACE)); at++) {
                size_t n = strcspn(at + 1, "\"");
                g_autofree char *id = g_strndup(at + 1, n);
                g_autoptr(GHashTable) actions = read_policy();

                g_assert_true(g_hash_table_contains(actions, id));
        }
}

/* --- the bus --- */

typedef struct BusPolicy {
        const char *context;
        unsigned owns, sends, others;
} BusPolicy;

static void bus_start(GMarkupParseContext *context,
                      const char *element,
                      const char **names,
                      const char **values,
                      gpointer data,
                      GError **error)
{
        BusPolicy *policy = data;
        g_autofree char *rule = NULL;

        if (strcmp(element, "busconfig") == 0)
                return;
        rule = g_strdup_printf("%s %s=%s", element, names[0], values[0]);
        if (strcmp(rule, "policy user=root") == 0)
                policy->context = "root";
        else if (strcmp(rule, "policy context=default") == 0)
                policy->context = "default";
        else if (strcmp(rule, "allow own=" BUS_NAME) == 0 && strcmp(policy->context, "root") == 0)
                policy->owns++;
        else if (strcmp(rule, "allow send_destination=" BUS_NAME) == 0 &&
                 strcmp(policy->context, "default") == 0)
                policy->sends++;
        else
                policy->others++;
}

/* Root alone owns the name, everybody reaches every member: polkit decides, not the bus. */
static void test_bus_policy(void)
{
        static const GMarkupParser parser = { bus_start, NULL, NULL, NULL, NULL };
        g_autofree char *text = read_source("service/bus/org.nagaya1.conf");
        BusPolicy policy = { .context = "" };
        g_autoptr(GMarkupParseContext) context =
                g_markup_parse_context_new(&parser, 0, &policy, NULL);
        g_autoptr(GError) error = NULL;

        if (!g_markup_parse_context_parse(context, text, -1, &error))
                g_error("org.nagaya1.conf: %s", error->message);
        g_assert_cmpuint(policy.owns, ==, 1);
        g_assert_cmpuint(policy.sends, ==, 1);
        g_assert_cmpuint(policy.others, ==, 0);
}

static void test_activation(void)
{
        g_autofree char *text = read_source("service/bus/org.nagaya1.service");

        g_assert_nonnull(strstr(text, "\nName=" BUS_NAME "\n"));
        g_assert_nonnull(strstr(text, "\nUser=root\n"));
        g_assert_nonnull(strstr(text, "\nSystemdService=nagaya.service\n"));
}

/* --- units --- */

static void assert_line(const char *path, const char *text, const char *line)
{
        g_autofree char *whole = g_strconcat("\n", line, "\n", NULL);

        if (!strstr(text, whole))
                g_error("%s: the line '%s' is missing", path, line);
}

static void test_sockets(void)
{
        g_autofree char *public = read_source("units/nagaya.socket");
        g_autofree char *work = read_source("units/nagaya-work.socket");

        assert_line("nagaya.socket", public, "ListenStream=" VARLINK_SOCKET);
        assert_line("nagaya.socket", public, "SocketMode=0666");
        for (const VerbTable *const *table = verb_tables; *table; table++) {
                g_autofree char *link =
                        g_strconcat("Symlinks=/run/varlink/registry/", (*table)->interface, NULL);

                assert_line("nagaya.socket", public, link);
        }
        assert_line("nagaya-work.socket", work, "ListenStream=" WORK_SOCKET);
        assert_line("nagaya-work.socket", work, "SocketMode=0600");
}

static void test_exit_status(void)
{
        g_autofree char *text = read_source("units/" UNIT_PREFIX UNIT_SUFFIX ".in");
        g_autofree char *success = g_strdup_printf("SuccessExitStatus=%d", EXIT_WANTED_END);
        g_autofree char *prevent = g_strdup_printf("RestartPreventExitStatus=%d", EXIT_WANTED_END);

        assert_line("nagaya@.service", text, success);
        assert_line("nagaya@.service", text, prevent);
}

/* A container inherits what its supervisor's unit forbids. */
static void test_nothing_inherited(void)
{
        static const char *const forbidden[] = { "NoNewPrivileges", "Protect",    "Private",
                                                 "Restrict",        "SystemCall", "Capability",
                                                 "Limit",           "UMask" };
        g_autofree char *text = read_source("units/" UNIT_PREFIX UNIT_SUFFIX ".in");
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; *line; line++)
                for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++)
                        if (g_str_has_prefix(*line, forbidden[i]) &&
                            !g_str_has_prefix(*line, "RestartPrevent"))
                                g_error("nagaya@.service: '%s' would reach the container", *line);
}

static void test_directories(void)
{
        static const char *const directories[] = { RUN_DIR,    CONTROL_DIR, RECORD_DIR,
                                                   TICKET_DIR, LOCK_DIR,    CACHE_DIR };
        g_autofree char *text = read_source("units/nagaya.tmpfiles.conf");

        for (size_t i = 0; i < G_N_ELEMENTS(directories); i++) {
                g_autofree char *pattern =
                        g_strdup_printf("^d %s +%s root root -$", directories[i],
                                        strcmp(directories[i], RUN_DIR) == 0 ? "0755" : "0700");

                if (!g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0))
                        g_error("nagaya.tmpfiles.conf: no line '%s'", pattern);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/authority/every-verb-asks-for-its-action", test_verbs);
        g_test_add_func("/authority/every-guarded-option-asks-for-its-action", test_options);
        g_test_add_func("/polkit/actions-are-those-of-the-rows-with-their-defaults", test_policy);
        g_test_add_func("/polkit/the-example-keeps-no-answer-and-names-real-actions", test_rules);
        g_test_add_func("/bus/root-owns-and-everybody-may-ask", test_bus_policy);
        g_test_add_func("/bus/activation-goes-through-the-unit", test_activation);
        g_test_add_func("/units/sockets-are-where-the-code-looks", test_sockets);
        g_test_add_func("/units/a-wanted-end-is-no-failure", test_exit_status);
        g_test_add_func("/units/a-container-inherits-no-sandbox", test_nothing_inherited);
        g_test_add_func("/units/every-directory-is-made", test_directories);
        return g_test_run();
}
