/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of interface texts is itself strict, and understands all of the language. */

#include <string.h>

#include "varlink-idl.h"

#define HEAD "interface org.example.test\n"

typedef struct Case {
        const char *text;
        const char *problem; /* a part of it */
} Case;

static const Case bad[] = {
        { "", "'interface ' expected" },
        { "interface nodot\n", "no name of an interface" },
        { "interface org..x\n", "no name of an interface" },
        { HEAD "method Go() -> () method On() -> ()\n", "line 2: a member begins a line" },
        { HEAD "function Go() -> ()\n", "line 2: 'type', 'method' or 'error' expected" },
        { HEAD "method go() -> ()\n", "'go' is no name of a member" },
        { HEAD "method Go()\n", "'->' expected" },
        { HEAD "method Go -> ()\n", "'(' expected" },
        { HEAD "method Go(a: int,) -> ()\n", "no name of a field" },
        { HEAD "method Go(a: int b: int) -> ()\n", "',' expected" },
        { HEAD "method Go(a_: int) -> ()\n", "'a_' is no name of a field" },
        { HEAD "method Go(a-b: int) -> ()\n", "'a-b' is no name of a field" },
        { HEAD "method Go(a: int, a: int) -> ()\n", "field 'a' is there twice" },
        { HEAD "method Go(a: uint) -> ()\n", "'uint' is no name of a type" },
        { HEAD "method Go(a: ??int) -> ()\n", "no name of a type" },
        { HEAD "method Go(a: []?int) -> ()\n", "no name of a type" },
        { HEAD "method Go(a: Missing) -> ()\n", "'Go' uses the type 'Missing'" },
        { HEAD "method Go() -> (a: [](b: Missing))\n", "'Go' uses the type 'Missing'" },
        { HEAD "method Go(a, b) -> ()\n", "'Go' needs fields with types" },
        { HEAD "method Go() -> (a, b)\n", "'Go' needs fields with types" },
        { HEAD "method Go(a: int, b) -> ()\n", "':' expected" },
        { HEAD "type A (a: int)\nerror A ()\n", "line 3: 'A' is there twice" },
};

static void test_bad(void)
{
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *problem = NULL;
                g_autoptr(IdlInterface) interface = idl_parse(bad[i].text, &problem);

                if (interface || !strstr(problem, bad[i].problem))
                        g_error("'%s' gives '%s', not '%s'", bad[i].text, problem, bad[i].problem);
        }
}

static void test_deep(void)
{
        g_autoptr(GString) text = g_string_new(HEAD "method Go(a: ");
        g_autofree char *problem = NULL;

        for (int i = 0; i < 100000; i++)
                (void) g_string_append(text, "[]");
        g_assert_null(idl_parse(text->str, &problem));
        g_assert_nonnull(strstr(problem, "nested too deeply"));
}

static const char good[] = "# About the interface\n"
                           "interface org.example.test-1.x\n"
                           "\n"
                           "# Not about Colour\n"
                           "\n"
                           "# About Colour,\n"
                           "# two lines\n"
                           "type Colour (red, greenish_blue) # behind it\n"
                           "type Pair (key: string, value: ?[string][]Colour)\n"
                           "method Go(\n"
                           "  a: int, # a comment, with (brackets\n"
                           "  b: ?[](x: float, y: object)\n"
                           ") -> (pairs: []Pair, ok: bool)\n"
                           "error Bad ()\n";

static void test_good(void)
{
        g_autofree char *problem = NULL, *text = NULL, *type = NULL;
        g_autoptr(IdlInterface) interface = idl_parse(good, &problem);
        const IdlMember *colour, *go;

        g_assert_cmpstr(problem, ==, NULL);
        text = idl_print(interface);
        g_assert_cmpstr(text, ==,
                        "interface org.example.test-1.x\n"
                        "\ntype Colour (red, greenish_blue)\n"
                        "\ntype Pair (key: string, value: ?[string][]Colour)\n"
                        "\nmethod Go (a: int, b: ?[](x: float, y: object))"
                        " -> (pairs: []Pair, ok: bool)\n"
                        "\nerror Bad ()\n");
        colour = idl_find(interface, IDL_TYPE, "Colour");
        g_assert_cmpstr(colour->doc, ==, " About Colour,\n two lines\n");
        g_assert_cmpint(colour->in->kind, ==, IDL_ENUM);
        go = idl_find(interface, IDL_METHOD, "Go");
        g_assert_cmpstr(go->doc, ==, "");
        type = idl_type_print(idl_resolve(interface, idl_field(go->out, "pairs")->type->inner));
        g_assert_cmpstr(type, ==, "(key: string, value: ?[string][]Colour)");
        g_assert_null(idl_field(go->in, "c"));
        g_assert_null(idl_find(interface, IDL_ERROR, "Go"));
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/varlink-idl/what-breaks-a-rule-is-refused-with-its-line", test_bad);
        g_test_add_func("/varlink-idl/endless-nesting-is-refused", test_deep);
        g_test_add_func("/varlink-idl/the-whole-language-is-understood", test_good);
        return g_test_run();
}
