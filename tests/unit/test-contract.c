/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The written contract (*.varlink) and the rows of verbs say the same: no member, field, type or
 * error is in one and not in the other. $SOURCE_ROOT is the source tree. */

#include <glib.h>
#include <string.h>

#include "container/verb.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "interfaces/texts.h"
#include "interfaces/varlink-message.h"
#include "varlink-idl.h"

#define INTERACTIVE "allowInteractiveAuthentication"

/* Says what is wrong and where, and lets the test go on to the next. */
#define complain(...)                                                                              \
        do {                                                                                       \
                g_test_message(__VA_ARGS__);                                                       \
                g_test_fail();                                                                     \
        } while (0)

static char *read_source(const char *path)
{
        g_autofree char *whole = g_build_filename(g_getenv("SOURCE_ROOT"), path, NULL);
        g_autoptr(GError) error = NULL;
        char *text;

        if (!g_file_get_contents(whole, &text, NULL, &error))
                g_error("%s", error->message);
        return text;
}

static IdlInterface *parse(const char *name, const char *text)
{
        char *problem = NULL;
        IdlInterface *interface = idl_parse(text, &problem);

        if (!interface)
                g_error("%s.varlink: %s", name, problem);
        g_assert_cmpstr(interface->name, ==, name);
        return interface;
}

static IdlInterface *parse_public(const char *name)
{
        const char *text = interface_text(name);

        if (!text)
                g_error("%s.varlink is not embedded", name);
        return parse(name, text);
}

/* --- the texts --- */

/* A text without its comments and blanks. */
static char *bare(const char *text)
{
        GString *result = g_string_new(NULL);

        for (; *text; text++) {
                if (*text == '#')
                        text += strcspn(text, "\n");
                if (!g_ascii_isspace(*text) && *text)
                        (void) g_string_append_c(result, *text);
                if (!*text)
                        break;
        }
        return g_string_free(result, FALSE);
}

static void check_text(const char *name)
{
        g_autofree char *path = g_strdup_printf("interfaces/%s.varlink", name);
        g_autofree char *text = read_source(path);
        g_autofree char *source = bare(text), *problem = NULL, *once = NULL, *printed = NULL;
        g_autoptr(IdlInterface) interface = parse(name, text);
        g_autoptr(IdlInterface) again = NULL;

        once = idl_print(interface);
        printed = bare(once);
        g_assert_cmpstr(printed, ==, source);
        again = idl_parse(once, &problem);
        g_assert_nonnull(again);
        if (interface_text(name))
                g_assert_cmpstr(interface_text(name), ==, text);
}

static void test_texts(void)
{
        check_text(INTERFACE_VARLINK_SERVICE);
        check_text(INTERFACE_MANAGER);
        check_text(INTERFACE_CONTAINER);
        check_text(INTERFACE_JOB);
        check_text(INTERFACE_SUPERVISOR);
        check_text(INTERFACE_WORKER);
}

static void test_embedded(void)
{
        unsigned n = 0;

        for (const InterfaceText *text = interface_texts; text->name; text++)
                n += verb_table_find(text->name, strlen(text->name)) != NULL;
        for (const VerbTable *const *table = verb_tables; *table; table++, n--)
                g_assert_nonnull(interface_text((*table)->interface));
        g_assert_cmpuint(n, ==, 0);
        g_assert_nonnull(interface_text(INTERFACE_VARLINK_SERVICE));
}

/* --- methods --- */

typedef struct Mapping {
        const char *signature, *varlink;
} Mapping;

/* As container/verb.h has it. */
static const Mapping mappings[] = {
        { "s", "string" },
        { "b", "bool" },
        { "i", "int" },
        { "u", "int" },
        { "x", "int" },
        { "t", "int" },
        { "d", "float" },
        { "h", "int" },
        { "as", "[]string" },
        { "ay", "string" },
        { "ah", "[]int" },
        { "a{ss}", "[string]string" },
        { "a(ss)", "[](key: string, value: string)" },
};

/* The type a field of the rows has in varlink; NULL for dictionaries, which have rows. */
static const char *field_type(const Field *field, bool is_reply)
{
        if (strcmp(field->signature, "o") == 0)
                return strcmp(field->name, "job") == 0 ? "int" : "string";
        if (is_reply && strcmp(field->signature, "ah") == 0)
                return "int";
        for (size_t i = 0; i < G_N_ELEMENTS(mappings); i++)
                if (strcmp(mappings[i].signature, field->signature) == 0)
                        return mappings[i].varlink;
        return NULL;
}

/* One line, with the names of structures replaced by what they stand for. */
static char *type_text(const IdlInterface *interface, const IdlType *type)
{
        const IdlType *resolved = idl_resolve(interface, type);
        g_autofree char *inner = NULL;

        if (resolved->kind != IDL_ARRAY)
                return idl_type_print(resolved);
        inner = type_text(interface, resolved->inner);
        return g_strconcat("[]", inner, NULL);
}

static void
check_rows(const IdlInterface *interface, const char *where, const Verb *verb, const IdlType *type)
{
        bool chosen = verb->options && field_find(verb->options, "fields");
        unsigned n = 0;

        for (const Field *row = verb->rows; row->name; row++, n++) {
                const IdlField *field = idl_field(type, row->name);
                const char *expected = field_type(row, true);
                g_autofree char *text = field ? type_text(interface, field->type) : NULL;

                if (g_strcmp0(expected, text) != 0)
                        complain("%s: field '%s' is '%s', its row says '%s'", where, row->name,
                                 text ? text : "missing", row->signature);
                /* The client says which it wants, and some are not for everybody. */
                if (field && chosen && n > 0 && field->type->kind != IDL_OPTIONAL)
                        complain("%s: field '%s' can be absent", where, row->name);
        }
        if (n != type->fields->len)
                complain("%s: %u fields, %u rows", where, type->fields->len, n);
}

static void check_dictionary(const IdlInterface *interface,
                             const char *where,
                             const Verb *verb,
                             const Field *row,
                             const IdlType *type)
{
        bool is_list = strcmp(row->signature, "aa{sv}") == 0;

        if (!is_list && strcmp(row->signature, "a{sv}") != 0)
                complain("%s: the signature '%s' is unknown", where, row->signature);
        else if (!verb->rows)
                complain("%s: a dictionary without rows", where);
        else if (is_list != (type->kind == IDL_ARRAY))
                complain("%s: '%s' is not what its row says", where, row->name);
        else if (is_list)
                check_rows(interface, where, verb, idl_resolve(interface, type->inner));
        else if (type->fields)
                check_rows(interface, where, verb, type);
        else if (type->kind != IDL_OBJECT)
                complain("%s: '%s' must be an object", where, row->name);
}

static void check_field(const IdlInterface *interface,
                        const char *where,
                        const Verb *verb,
                        const Field *row,
                        const IdlField *field,
                        bool is_reply)
{
        const char *expected = field_type(row, is_reply);
        g_autofree char *text = NULL;

        if (!expected) {
                check_dictionary(interface, where, verb, row, idl_resolve(interface, field->type));
                return;
        }
        text = type_text(interface, field->type);
        if (strcmp(text, expected) != 0)
                complain("%s: '%s' is '%s', its row says '%s'", where, row->name, text,
                         row->signature);
}

typedef enum Presence {
        PRESENT,
        OPTIONAL,
        EITHER,
} Presence;

/* Return: how many there are. */
static unsigned check_fields(const IdlInterface *interface,
                             const Verb *verb,
                             const Field *rows,
                             const IdlType *type,
                             Presence presence)
{
        bool is_reply = rows == verb->out;
        g_autofree char *where =
                g_strdup_printf("%s.%s %s", interface->name, verb->member, is_reply ? "->" : "");
        unsigned n = 0;

        for (const Field *row = rows; row && row->name; row++, n++) {
                const IdlField *field = idl_field(type, row->name);

                if (!field) {
                        complain("%s: '%s' is missing", where, row->name);
                        continue;
                }
                check_field(interface, where, verb, row, field, is_reply);
                if (presence != EITHER &&
                    (field->type->kind == IDL_OPTIONAL) != (presence == OPTIONAL))
                        complain("%s: '%s' is %s in its row", where, row->name,
                                 presence == OPTIONAL ? "optional" : "not optional");
        }
        return n;
}

static void check_streaming(const IdlMember *method, const char *where, unsigned flags)
{
        bool requires = strstr(method->doc, "[Requires 'more' flag]");
        bool supports = strstr(method->doc, "[Supports 'more' flag]");

        if (requires != !!(flags & VERB_MORE) || supports != !!(flags & VERB_MORE_OPTIONAL))
                complain("%s: the comment on the 'more' flag is not what its row says", where);
}

static void check_method(const IdlInterface *interface, const VerbTable *table, const Verb *verb)
{
        const IdlMember *method = idl_find(interface, IDL_METHOD, verb->member);
        const Field object[] = { { table->object, table->object_signature, ACTION_NONE },
                                 { NULL, NULL, ACTION_NONE } };
        const IdlField *interactive;
        unsigned n = 1;

        if (!method) {
                complain("%s has no method '%s'", interface->name, verb->member);
                return;
        }
        check_streaming(method, verb->member, verb->flags);
        if (table->object)
                n += check_fields(interface, verb, object, method->in, PRESENT);
        n += check_fields(interface, verb, verb->in, method->in, PRESENT);
        n += check_fields(interface, verb, verb->options, method->in, OPTIONAL);
        interactive = idl_field(method->in, INTERACTIVE);
        if (!interactive || interactive->type->kind != IDL_OPTIONAL ||
            interactive->type->inner->kind != IDL_BOOL)
                complain("%s.%s: '%s: ?bool' is missing", interface->name, verb->member,
                         INTERACTIVE);
        if (n != method->in->fields->len)
                complain("%s.%s: %u fields, %u in its row", interface->name, verb->member,
                         method->in->fields->len, n);

        n = check_fields(interface, verb, verb->out, method->out, EITHER);
        /* What comes before the last reply is not in the row. */
        if (n != method->out->fields->len && !(verb->flags & VERB_MORE_OPTIONAL))
                complain("%s.%s ->: %u fields, %u in its row", interface->name, verb->member,
                         method->out->fields->len, n);
}

static void test_methods(void)
{
        for (const VerbTable *const *table = verb_tables; *table; table++) {
                g_autoptr(IdlInterface) interface = parse_public((*table)->interface);

                for (const Verb *verb = (*table)->verbs; verb->member; verb++)
                        check_method(interface, *table, verb);
                for (unsigned i = 0; i < interface->members->len; i++) {
                        const IdlMember *member = g_ptr_array_index(interface->members, i);

                        if (member->kind == IDL_METHOD && !verb_find(*table, member->name))
                                complain("%s.%s has no row", interface->name, member->name);
                }
        }
}

/* --- errors --- */

/* What an error really sends against what its interface declares. */
static void check_error(const IdlInterface *interface, const IdlMember *error)
{
        ErrorCode code = error_code_from_name(error->name);
        Error value = { .code = (int) code, .errnum = error_code_row(code)->errnum };
        json_t *reply = varlink_error_from(&value, interface->name);
        const json_t *parameters = json_object_get(reply, "parameters");
        g_autofree char *name = g_strdup_printf("%s.%s", interface->name, error->name);

        g_assert_cmpstr(error_code_row(code)->name, ==, error->name);
        g_assert_cmpstr(json_string_value(json_object_get(reply, "error")), ==, name);
        for (unsigned i = 0; i < error->in->fields->len; i++) {
                const IdlField *field = g_ptr_array_index(error->in->fields, i);
                const json_t *sent = json_object_get(parameters, field->name);
                const IdlType *type = idl_resolve(interface, field->type);

                if (!sent ||
                    (json_is_null(sent) ? field->type->kind != IDL_OPTIONAL
                                        : json_is_integer(sent) != (type->kind == IDL_INT)))
                        complain("%s: '%s' is not sent as declared", name, field->name);
        }
        if (json_object_size(parameters) != error->in->fields->len)
                complain("%s: sends more than it declares", name);
        json_decref(reply);
}

static void test_errors(void)
{
        for (const VerbTable *const *table = verb_tables; *table; table++) {
                g_autoptr(IdlInterface) interface = parse_public((*table)->interface);

                for (unsigned i = 0; i < interface->members->len; i++) {
                        const IdlMember *member = g_ptr_array_index(interface->members, i);

                        if (member->kind == IDL_ERROR)
                                check_error(interface, member);
                }
        }
}

/* Not declared yet, because what raises them does not exist yet. */
static bool comes_later(ErrorCode code)
{
        return code == ERROR_NO_SUCH_DEVICE; /* AddDevice, RemoveDevice */
}

static void test_errors_declared(void)
{
        for (ErrorCode code = 0; code < _ERROR_CODE_MAX; code++) {
                const ErrorRow *row = error_code_row(code);
                bool declared = false;

                for (const VerbTable *const *table = verb_tables; *table; table++) {
                        g_autoptr(IdlInterface) interface = parse_public((*table)->interface);

                        if (idl_find(interface, IDL_ERROR, row->name))
                                declared = true;
                }
                /* Those with a name of their own belong to another interface. */
                if (declared == (row->varlink || comes_later(code)))
                        complain("error '%s' is %sdeclared", row->name, declared ? "" : "not ");
        }
}

/* Any verb can run out of these. */
static void test_errors_everywhere(void)
{
        static const char *const names[] = { "NoSuchContainer", "NotSupported",  "Busy",
                                             "LimitsExceeded",  "NoMemory",      "TimedOut",
                                             "InvalidName",     "InvalidConfig", "Failed" };

        for (const VerbTable *const *table = verb_tables; *table; table++) {
                g_autoptr(IdlInterface) interface = parse_public((*table)->interface);

                for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                        if (!idl_find(interface, IDL_ERROR, names[i]))
                                complain("%s does not declare '%s'", interface->name, names[i]);
        }
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/contract/every-text-parses-and-prints-as-it-stands", test_texts);
        g_test_add_func("/contract/every-table-of-verbs-has-its-text-embedded", test_embedded);
        g_test_add_func("/contract/methods-are-rows-and-rows-are-methods", test_methods);
        g_test_add_func("/contract/errors-send-what-they-declare", test_errors);
        g_test_add_func("/contract/every-error-is-declared-somewhere", test_errors_declared);
        g_test_add_func("/contract/what-any-verb-can-fail-with-is-declared-everywhere",
                        test_errors_everywhere);
        return g_test_run();
}
