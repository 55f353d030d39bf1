/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What nagayad tells of itself on the bus agrees with the rows of verbs, and has the properties and
 * signals of the contract. $NAGAYAD is the program. */

#include <gio/gio.h>
#include <string.h>

#include "container/listing.h"
#include "container/verb.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* The node that holds the interface, and keeps it. */
static GDBusNodeInfo *introspect(const char *interface, GDBusInterfaceInfo **ret)
{
        g_autofree char *option = g_strconcat("--introspect=", interface, NULL);
        const char *argv[] = { g_getenv("NAGAYAD"), option, NULL };
        g_autofree char *xml = NULL;
        g_autoptr(GError) error = NULL;
        GDBusNodeInfo *node;
        int status;

        if (!g_spawn_sync(NULL, (char **) argv, NULL, 0, NULL, NULL, &xml, NULL, &status, &error) ||
            !g_spawn_check_wait_status(status, &error))
                g_error("%s %s: %s", argv[0], option, error->message);
        node = g_dbus_node_info_new_for_xml(xml, &error);
        if (!node)
                g_error("%s: %s", option, error->message);
        *ret = g_dbus_node_info_lookup_interface(node, interface);
        g_assert_nonnull(*ret);
        return node;
}

/* "u pid, h session"; names in lower_snake. */
static char *arguments_text(GDBusArgInfo **arguments)
{
        GString *text = g_string_new(NULL);

        for (; arguments && *arguments; arguments++)
                g_string_append_printf(text, "%s%s %s", text->len ? ", " : "",
                                       (*arguments)->signature, (*arguments)->name);
        return g_string_free(text, FALSE);
}

static void append_snake(GString *text, const char *camel)
{
        for (; *camel; camel++) {
                if (g_ascii_isupper(*camel))
                        (void) g_string_append_c(text, '_');
                (void) g_string_append_c(text, g_ascii_tolower(*camel));
        }
}

static char *fields_text(const Field *fields, bool with_options)
{
        GString *text = g_string_new(NULL);

        for (; fields && fields->name; fields++) {
                g_string_append_printf(text, "%s%s ", text->len ? ", " : "", fields->signature);
                append_snake(text, fields->name);
        }
        if (with_options)
                g_string_append_printf(text, "%sa{sv} options", text->len ? ", " : "");
        return g_string_free(text, FALSE);
}

static void check_method(const GDBusMethodInfo *method, const Verb *verb)
{
        g_autofree char *in = arguments_text(method->in_args);
        g_autofree char *out = arguments_text(method->out_args);
        g_autofree char *row_in = fields_text(verb->in, verb->options != NULL);
        g_autofree char *row_out = fields_text(verb->out, false);

        g_assert_cmpstr(in, ==, row_in);
        g_assert_cmpstr(out, ==, row_out);
}

static void test_methods(void)
{
        for (const VerbTable *const *table = verb_tables; *table; table++) {
                GDBusInterfaceInfo *info;
                g_autoptr(GDBusNodeInfo) node = introspect((*table)->interface, &info);

                for (const Verb *verb = (*table)->verbs; verb->member; verb++) {
                        if (verb->flags & (VERB_VARLINK_ONLY | VERB_MORE))
                                continue;
                        g_test_message("%s.%s", (*table)->interface, verb->member);
                        g_assert_nonnull(g_dbus_interface_info_lookup_method(info, verb->member));
                        check_method(g_dbus_interface_info_lookup_method(info, verb->member), verb);
                }
                for (GDBusMethodInfo **method = info->methods; *method; method++)
                        g_assert_nonnull(verb_find(*table, (*method)->name));
        }
}

/* Whoever changes something says how it is to be changed one day: by options. */
static void test_changing_methods_take_options(void)
{
        for (const VerbTable *const *table = verb_tables; *table; table++)
                for (const Verb *verb = (*table)->verbs; verb->member; verb++)
                        if (verb->action != ACTION_NONE && verb->action != ACTION_INSPECT &&
                            !verb->options)
                                g_error("%s has no options", verb->member);
}

typedef struct Expected {
        const char *interface, *member;
        const char *type;  /* a property's, or a signal's arguments */
        const char *emits; /* of a property: EmitsChangedSignal; NULL: it is a signal */
} Expected;

static const Expected expected[] = {
        { INTERFACE_MANAGER, "Version", "s", "const" },
        { INTERFACE_MANAGER, "ContainerPath", "s", "const" },
        { INTERFACE_MANAGER, "ContainerAdded", "s id, o container", NULL },
        { INTERFACE_MANAGER, "ContainerRemoved", "s id, o container", NULL },
        { INTERFACE_MANAGER, "StateChanged", "s id, o container, s previous, s state", NULL },
        { INTERFACE_MANAGER, "JobAdded", "o job", NULL },
        { INTERFACE_MANAGER, "JobRemoved", "o job, s result", NULL },
        { INTERFACE_CONTAINER, "Name", "s", "const" },
        { INTERFACE_CONTAINER, "Unit", "s", "const" },
        { INTERFACE_CONTAINER, "Owner", "u", "true" },
        { INTERFACE_CONTAINER, "State", "s", "true" },
        { INTERFACE_CONTAINER, "InitPID", "u", "true" },
        { INTERFACE_CONTAINER, "Broken", "s", "true" },
        { INTERFACE_CONTAINER, "StateChanged", "s previous, s state", NULL },
        { INTERFACE_CONTAINER, "Exited", "i code, i signal", NULL },
        { INTERFACE_JOB, "Kind", "s", "const" },
        { INTERFACE_JOB, "Container", "s", "const" },
        { INTERFACE_JOB, "Owner", "u", "const" },
        { INTERFACE_JOB, "State", "s", "true" },
        { INTERFACE_JOB, "Progress", "d", "true" },
        { INTERFACE_JOB, "Files", "t", "true" },
        { INTERFACE_JOB, "Bytes", "t", "true" },
        { INTERFACE_JOB, "TotalFiles", "t", "true" },
        { INTERFACE_JOB, "TotalBytes", "t", "true" },
        { INTERFACE_JOB, "Result", "a{sv}", "true" },
        { INTERFACE_JOB, "Finished", "s result", NULL },
        { INTERFACE_JOB, "Message", "s text", NULL },
        { INTERFACE_JOB, "Log", "s text", NULL },
};

static void check_property(GDBusInterfaceInfo *info, const Expected *e)
{
        const GDBusPropertyInfo *property = g_dbus_interface_info_lookup_property(info, e->member);
        const char *emits;

        g_assert_nonnull(property);
        emits = g_dbus_annotation_info_lookup(property->annotations,
                                              "org.freedesktop.DBus.Property.EmitsChangedSignal");
        g_assert_cmpstr(property->signature, ==, e->type);
        g_assert_cmpstr(emits ? emits : "true", ==, e->emits);
        /* Changes go through methods: a setter could not ask polkit without blocking. */
        g_assert_cmpint(property->flags, ==, G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
}

static void check_signal(GDBusInterfaceInfo *info, const Expected *e)
{
        const GDBusSignalInfo *signal = g_dbus_interface_info_lookup_signal(info, e->member);
        g_autofree char *arguments = NULL;

        g_assert_nonnull(signal);
        arguments = arguments_text(signal->args);
        g_assert_cmpstr(arguments, ==, e->type);
}

static void test_properties_and_signals(void)
{
        unsigned n = 0;

        for (const VerbTable *const *table = verb_tables; *table; table++) {
                GDBusInterfaceInfo *info;
                g_autoptr(GDBusNodeInfo) node = introspect((*table)->interface, &info);

                for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                        if (strcmp(expected[i].interface, (*table)->interface) != 0)
                                continue;
                        g_test_message("%s.%s", expected[i].interface, expected[i].member);
                        if (expected[i].emits)
                                check_property(info, &expected[i]);
                        else
                                check_signal(info, &expected[i]);
                }
                for (GDBusPropertyInfo **p = info->properties; p && *p; p++)
                        n++;
                for (GDBusSignalInfo **s = info->signals; s && *s; s++)
                        n++;
        }
        g_assert_cmpuint(n, ==, G_N_ELEMENTS(expected));
}

static void test_unknown(void)
{
        const char *argv[] = { g_getenv("NAGAYAD"), "--introspect=org.example.unknown", NULL };
        g_autofree char *out = NULL, *problem = NULL;
        int status;

        g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL, 0, NULL, NULL, &out, &problem,
                                   &status, NULL));
        g_assert_false(g_spawn_check_wait_status(status, NULL));
        g_assert_cmpstr(out, ==, "");
        g_assert_nonnull(strstr(problem, "org.example.unknown"));
}

/* --- the manual --- */

/* What the manual says of a verb: from its headline to the next. */
static char *manual_section(const char *manual, const char *interface, const char *headline)
{
        g_autofree char *title = g_strdup_printf("\n.SH \"INTERFACE %s\"\n", interface);
        const char *chapter = strstr(manual, title);
        const char *section = chapter ? strstr(chapter, headline) : NULL;
        const char *end = chapter ? strstr(chapter + 1, "\n.SH ") : NULL;

        if (!section || section > end)
                g_error("org.nagaya1(5), %s: '%s' is missing", interface, headline);
        /* The last newline begins the next line. */
        section += strlen(headline) - 1;
        return g_strndup(section, (size_t) (end - section));
}

static void check_manual_verb(const char *manual, const char *interface, const Verb *verb)
{
        g_autofree char *in = fields_text(verb->in, verb->options != NULL);
        g_autofree char *out = fields_text(verb->out, false);
        g_autofree char *arguments = *in ? g_strdup_printf("\"%s\"", in) : g_strdup("");
        g_autofree char *result = *out ? g_strdup_printf(" \" \\-> %s\"", out) : g_strdup("");
        g_autofree char *headline = g_strdup_printf("\n.BI %s( %s%s)%s\n", verb->member, arguments,
                                                    *in ? " " : "", result);
        g_autofree char *section = manual_section(manual, interface, headline);
        char *end = strstr(section, "\n.BI ");

        if (end)
                *end = '\0';
        for (const Field *option = verb->options; option && option->name; option++) {
                g_autoptr(GString) line = g_string_new("\n.BR ");

                append_snake(line, option->name);
                g_string_append_printf(line, " \\~%s\n", option->signature);
                if (!strstr(section, line->str))
                        g_error("org.nagaya1(5), %s: option '%s' is missing", verb->member,
                                line->str);
        }
        if (verb->action != ACTION_NONE && !strstr(section, action_name(verb->action)))
                g_error("org.nagaya1(5), %s: the action is missing", verb->member);
}

static void test_manual(void)
{
        g_autofree char *path =
                g_build_filename(g_getenv("SOURCE_ROOT"), "interfaces/org.nagaya1.5", NULL);
        g_autofree char *manual = NULL;
        g_autoptr(GError) error = NULL;

        if (!g_file_get_contents(path, &manual, NULL, &error))
                g_error("%s", error->message);
        for (const VerbTable *const *table = verb_tables; *table; table++)
                for (const Verb *verb = (*table)->verbs; verb->member; verb++)
                        if (!(verb->flags & (VERB_VARLINK_ONLY | VERB_MORE)))
                                check_manual_verb(manual, (*table)->interface, verb);
        for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
                const Expected *e = &expected[i];
                g_autofree char *line =
                        e->emits ? g_strdup_printf("\n.BR %s \\~%s\n", e->member, e->type)
                                 : g_strdup_printf("\n.BI %s( \"%s\" )\n", e->member, e->type);

                g_free(manual_section(manual, e->interface, line));
        }
        for (Action action = ACTION_NONE + 1; action < _ACTION_MAX; action++) {
                g_autofree char *line =
                        g_strdup_printf("\n.B " ACTION_NAMESPACE "%s\n", action_name(action));

                g_assert_nonnull(strstr(manual, line));
        }
        for (const Field *field = listing_fields; field->name; field++) {
                g_autoptr(GString) name = g_string_new(NULL);

                append_snake(name, field->name);
                g_assert_nonnull(strstr(manual, name->str));
        }
}

/* Raised by nothing yet. */
static bool comes_later(ErrorCode code)
{
        return code == ERROR_NO_SUCH_DEVICE;
}

static void test_manual_errors(void)
{
        g_autofree char *path =
                g_build_filename(g_getenv("SOURCE_ROOT"), "interfaces/org.nagaya1.5", NULL);
        g_autofree char *manual = NULL;
        const char *errors;

        g_assert_true(g_file_get_contents(path, &manual, NULL, NULL));
        errors = strstr(manual, "\n.SH ERRORS\n");
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++)
                if (!strstr(errors, error_code_row(code)->name) != comes_later(code))
                        g_error("org.nagaya1(5) and the table of errors disagree on '%s'",
                                error_code_row(code)->name);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/introspection/methods-are-the-rows-that-the-bus-has", test_methods);
        g_test_add_func("/introspection/changing-methods-take-options",
                        test_changing_methods_take_options);
        g_test_add_func("/introspection/properties-and-signals-are-those-of-the-contract",
                        test_properties_and_signals);
        g_test_add_func("/introspection/an-unknown-interface-is-named", test_unknown);
        g_test_add_func("/manual/every-verb-option-property-and-signal-is-described", test_manual);
        g_test_add_func("/manual/every-error-is-described", test_manual_errors);
        return g_test_run();
}
