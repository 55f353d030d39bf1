/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>
#include <string.h>

#include "bus-pair.h"
#include "bus/vtable.h"

static int on_method(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        return sd_bus_reply_method_return(message, NULL);
}

static int get_number(sd_bus *bus,
                      const char *path,
                      const char *interface,
                      const char *property,
                      sd_bus_message *reply,
                      void *userdata,
                      sd_bus_error *reterr)
{
        return sd_bus_message_append(reply, "u", 7u);
}

static const Field signal_arguments[] = { { "someText", "s", ACTION_NONE },
                                          { "pairs", "a(ss)", ACTION_NONE },
                                          { NULL } };
static const Signal signals[] = { { "Happened", signal_arguments }, { "Bare", NULL }, { NULL } };
static const Property properties[] = {
        { "Fixed", "u", SD_BUS_VTABLE_PROPERTY_CONST, get_number },
        { "Told", "u", SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE, get_number },
        { "Silent", "u", 0, get_number },
        { NULL },
};

/* The text from `from` up to and with `to`. */
static char *cut(const char *text, const char *from, const char *to)
{
        const char *begin = strstr(text, from);
        const char *end = begin ? strstr(begin, to) : NULL;

        g_assert_nonnull(end);
        return g_strndup(begin, (gsize) (end - begin) + strlen(to));
}

static char *print(const Vtable *vtable)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        g_assert_nonnull(f);
        vtable_print(vtable_rows(vtable), "a.b", f);
        g_assert_cmpint(fclose(f), ==, 0);
        return text;
}

static int on_introspection(sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const char *xml;

        must(sd_bus_message_read(reply, "s", &xml));
        *(char **) userdata = cut(xml, " <interface name=\"a.b\">", "</interface>\n");
        return 0;
}

/* What is printed without a bus is what Introspect() says, to the byte. */
static void test_print(gconstpointer data)
{
        const VerbTable *table = data;
        _cleanup_(vtable_free_p) Vtable *vtable = NULL;
        g_autofree char *printed = NULL, *introspected = NULL;
        BusPair pair;

        bus_pair_init(&pair);
        must(vtable_new(table->verbs, properties, signals, on_method, &vtable));
        must(sd_bus_add_object_vtable(pair.us, NULL, "/x", "a.b", vtable_rows(vtable), NULL));
        must(sd_bus_call_method_async(pair.client, NULL, NULL, "/x",
                                      "org.freedesktop.DBus.Introspectable", "Introspect",
                                      on_introspection, &introspected, NULL));
        run_until(pair.event, introspected);
        printed = print(vtable);
        g_assert_cmpstr(printed, ==, introspected);
        bus_pair_done(&pair);
}

static void test_varlink_only(void)
{
        static const Verb verbs[] = {
                { "Both", NULL, NULL, NULL, NULL, ACTION_NONE, 0, NULL, { NULL } },
                { "Describe",
                  NULL,
                  NULL,
                  NULL,
                  NULL,
                  ACTION_NONE,
                  VERB_VARLINK_ONLY,
                  NULL,
                  { NULL } },
                { "Monitor", NULL, NULL, NULL, NULL, ACTION_NONE, VERB_MORE, NULL, { NULL } },
                { NULL },
        };
        _cleanup_(vtable_free_p) Vtable *vtable = NULL;
        g_autofree char *printed = NULL;

        must(vtable_new(verbs, NULL, NULL, on_method, &vtable));
        printed = print(vtable);
        g_assert_cmpstr(printed, ==,
                        " <interface name=\"a.b\">\n"
                        "  <method name=\"Both\">\n"
                        "  </method>\n"
                        " </interface>\n");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        for (const VerbTable *const *table = verb_tables; *table; table++) {
                g_autofree char *path = g_strdup_printf("/vtable/print-is-what-introspect-says/%s",
                                                        (*table)->interface);

                g_test_add_data_func(path, *table, test_print);
        }
        g_test_add_func("/vtable/streams-are-not-on-the-bus", test_varlink_only);
        return g_test_run();
}
