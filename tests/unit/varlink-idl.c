/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "varlink-idl.h"

#include <stdarg.h>
#include <string.h>

#define DEPTH_MAX 64

typedef struct Parser {
        const char *at;
        unsigned line;
        bool fresh;   /* nothing but blanks and comments before `at` on this line */
        GString *doc; /* the comment lines that end right above `at` */
        char *problem;
} Parser;

static const char *const scalars[] = {
        [IDL_BOOL] = "bool",     [IDL_INT] = "int",       [IDL_FLOAT] = "float",
        [IDL_STRING] = "string", [IDL_OBJECT] = "object",
};

/* --- memory --- */

static void type_free(IdlType *type)
{
        if (!type)
                return;
        g_free(type->name);
        type_free(type->inner);
        g_clear_pointer(&type->fields, g_ptr_array_unref);
        g_free(type);
}

static void field_free(void *data)
{
        IdlField *field = data;

        g_free(field->name);
        type_free(field->type);
        g_free(field);
}

static void member_free(void *data)
{
        IdlMember *member = data;

        g_free(member->name);
        g_free(member->doc);
        type_free(member->in);
        type_free(member->out);
        g_free(member);
}

void idl_free(IdlInterface *interface)
{
        if (!interface)
                return;
        g_free(interface->name);
        g_ptr_array_unref(interface->members);
        g_free(interface);
}

static IdlType *type_new(IdlKind kind)
{
        IdlType *type = g_new0(IdlType, 1);

        type->kind = kind;
        if (kind == IDL_STRUCT || kind == IDL_ENUM)
                type->fields = g_ptr_array_new_with_free_func(field_free);
        return type;
}

/* --- words --- */

/* Return: false, so that callers can end with it. The first problem stays. */
static bool G_GNUC_PRINTF(2, 3) fail(Parser *parser, const char *format, ...)
{
        va_list arguments;
        char *text;

        if (parser->problem)
                return false;
        va_start(arguments, format);
        text = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        parser->problem = g_strdup_printf("line %u: %s", parser->line, text);
        g_free(text);
        return false;
}

static void skip_comment(Parser *parser)
{
        size_t n = strcspn(parser->at, "\n");
        const char *text = parser->at + 1;

        if (parser->fresh) {
                g_string_append_len(parser->doc, text, (gssize) n - 1);
                g_string_append_c(parser->doc, '\n');
        }
        parser->at += n;
}

/* Blanks and comments; an empty line parts a comment from what follows. */
static void skip(Parser *parser)
{
        bool empty = false;

        for (;; parser->at++)
                switch (*parser->at) {
                case '\n':
                        if (empty)
                                g_string_truncate(parser->doc, 0);
                        parser->line++;
                        parser->fresh = empty = true;
                        break;
                case '#':
                        empty = false;
                        skip_comment(parser);
                        parser->at--;
                        break;
                case ' ':
                case '\t':
                        break;
                default:
                        return;
                }
}

static bool accept(Parser *parser, const char *token)
{
        skip(parser);
        if (!g_str_has_prefix(parser->at, token))
                return false;
        parser->at += strlen(token);
        parser->fresh = false;
        g_string_truncate(parser->doc, 0);
        return true;
}

static bool expect(Parser *parser, const char *token)
{
        return accept(parser, token) || fail(parser, "'%s' expected", token);
}

/* Return: the word, NULL when it does not match the pattern. */
static char *word(Parser *parser, const char *pattern, const char *what)
{
        size_t n;
        char *text;

        skip(parser);
        n = strcspn(parser->at, " \t\n#()[]?:,");
        text = g_strndup(parser->at, n);
        if (!g_regex_match_simple(pattern, text, G_REGEX_DOLLAR_ENDONLY, 0)) {
                (void) fail(parser, "'%s' is no name of %s", text, what);
                g_free(text);
                return NULL;
        }
        parser->at += n;
        parser->fresh = false;
        g_string_truncate(parser->doc, 0);
        return text;
}

/* --- types --- */

static IdlType *parse_type(Parser *parser, unsigned depth);

static bool parse_field(Parser *parser, IdlType *type, unsigned depth)
{
        IdlField *field;
        char *name = word(parser, "^[A-Za-z](_?[A-Za-z0-9])*$", "a field");

        if (!name)
                return false;
        if (idl_field(type, name)) {
                (void) fail(parser, "field '%s' is there twice", name);
                g_free(name);
                return false;
        }
        field = g_new0(IdlField, 1);
        field->name = name;
        g_ptr_array_add(type->fields, field);
        if (type->fields->len == 1 && !accept(parser, ":")) {
                type->kind = IDL_ENUM;
                return true;
        }
        if (type->kind == IDL_ENUM)
                return true;
        if (type->fields->len > 1 && !expect(parser, ":"))
                return false;
        field->type = parse_type(parser, depth);
        return field->type != NULL;
}

/* What stands in parentheses. */
static IdlType *parse_struct(Parser *parser, unsigned depth)
{
        IdlType *type = type_new(IDL_STRUCT);
        bool fine = expect(parser, "(");

        if (fine && accept(parser, ")"))
                return type;
        while (fine) {
                fine = parse_field(parser, type, depth);
                if (fine && accept(parser, ")"))
                        return type;
                fine = fine && expect(parser, ",");
        }
        type_free(type);
        return NULL;
}

static IdlType *parse_named(Parser *parser)
{
        char *name = word(parser, "^(bool|int|float|string|object|[A-Z][A-Za-z0-9]*)$", "a type");
        IdlType *type;

        if (!name)
                return NULL;
        for (IdlKind kind = 0; kind < G_N_ELEMENTS(scalars); kind++)
                if (strcmp(scalars[kind], name) == 0) {
                        g_free(name);
                        return type_new(kind);
                }
        type = type_new(IDL_NAMED);
        type->name = name;
        return type;
}

static IdlType *wrap(IdlKind kind, IdlType *inner)
{
        IdlType *type;

        if (!inner)
                return NULL;
        type = type_new(kind);
        type->inner = inner;
        return type;
}

static IdlType *parse_element(Parser *parser, unsigned depth)
{
        if (depth == 0) {
                (void) fail(parser, "nested too deeply");
                return NULL;
        }
        if (accept(parser, "[]"))
                return wrap(IDL_ARRAY, parse_element(parser, depth - 1));
        if (accept(parser, "[string]"))
                return wrap(IDL_MAP, parse_element(parser, depth - 1));
        skip(parser);
        return *parser->at == '(' ? parse_struct(parser, depth - 1) : parse_named(parser);
}

/* One '?', and outermost. */
static IdlType *parse_type(Parser *parser, unsigned depth)
{
        if (accept(parser, "?"))
                return wrap(IDL_OPTIONAL, parse_element(parser, depth));
        return parse_element(parser, depth);
}

/* --- members --- */

/* Return: the number of the keyword, -1 for none of them. */
static int parse_keyword(Parser *parser)
{
        static const char *const keywords[] = { "type ", "method ", "error " };

        for (int i = 0; i < (int) G_N_ELEMENTS(keywords); i++)
                if (accept(parser, keywords[i]))
                        return i;
        (void) fail(parser, "'type', 'method' or 'error' expected");
        return -1;
}

static bool parse_member_types(Parser *parser, IdlMember *member)
{
        member->in = parse_struct(parser, DEPTH_MAX);
        if (!member->in)
                return false;
        if (member->kind != IDL_TYPE && member->in->kind == IDL_ENUM)
                return fail(parser, "'%s' needs fields with types", member->name);
        if (member->kind != IDL_METHOD)
                return true;
        if (!expect(parser, "->"))
                return false;
        member->out = parse_struct(parser, DEPTH_MAX);
        if (member->out && member->out->kind == IDL_ENUM)
                return fail(parser, "the reply of '%s' needs fields with types", member->name);
        return member->out != NULL;
}

static bool parse_member(Parser *parser, IdlInterface *interface)
{
        char *doc = g_strdup(parser->doc->str);
        int kind = parser->fresh ? parse_keyword(parser) : -1;
        IdlMember *member;

        if (kind < 0) {
                g_free(doc);
                return fail(parser, "a member begins a line");
        }
        member = g_new0(IdlMember, 1);
        member->kind = (IdlMemberKind) kind;
        member->doc = doc;
        member->name = word(parser, "^[A-Z][A-Za-z0-9]*$", "a member");
        for (IdlMemberKind k = IDL_TYPE; member->name && k <= IDL_ERROR; k++)
                if (idl_find(interface, k, member->name))
                        (void) fail(parser, "'%s' is there twice", member->name);
        g_ptr_array_add(interface->members, member);
        return member->name && !parser->problem && parse_member_types(parser, member);
}

/* A name that nothing declares. */
static const char *unknown_type(const IdlInterface *interface, const IdlType *type)
{
        const char *unknown = NULL;

        if (!type)
                return NULL;
        if (type->kind == IDL_NAMED)
                return idl_find(interface, IDL_TYPE, type->name) ? NULL : type->name;
        for (unsigned i = 0; !unknown && type->fields && i < type->fields->len; i++)
                unknown = unknown_type(interface,
                                       ((IdlField *) g_ptr_array_index(type->fields, i))->type);
        return unknown ? unknown : unknown_type(interface, type->inner);
}

static bool check_names(Parser *parser, const IdlInterface *interface)
{
        for (unsigned i = 0; i < interface->members->len; i++) {
                const IdlMember *member = g_ptr_array_index(interface->members, i);
                const char *unknown = unknown_type(interface, member->in);

                if (!unknown)
                        unknown = unknown_type(interface, member->out);
                if (unknown)
                        return fail(parser, "'%s' uses the type '%s', which is not declared",
                                    member->name, unknown);
        }
        return true;
}

static bool parse_interface(Parser *parser, IdlInterface *interface)
{
        if (!expect(parser, "interface "))
                return false;
        interface->name =
                word(parser, "^[A-Za-z](-*[A-Za-z0-9])*(\\.[A-Za-z0-9](-*[A-Za-z0-9])*)+$",
                     "an interface");
        if (!interface->name)
                return false;
        for (skip(parser); *parser->at; skip(parser))
                if (!parse_member(parser, interface))
                        return false;
        return check_names(parser, interface);
}

IdlInterface *idl_parse(const char *text, char **ret_problem)
{
        Parser parser = { .at = text, .line = 1, .fresh = true, .doc = g_string_new(NULL) };
        IdlInterface *interface = g_new0(IdlInterface, 1);

        interface->members = g_ptr_array_new_with_free_func(member_free);
        if (!parse_interface(&parser, interface)) {
                idl_free(interface);
                interface = NULL;
        }
        (void) g_string_free(parser.doc, TRUE);
        *ret_problem = parser.problem;
        return interface;
}

/* --- look-ups --- */

const IdlMember *idl_find(const IdlInterface *interface, IdlMemberKind kind, const char *name)
{
        for (unsigned i = 0; i < interface->members->len; i++) {
                const IdlMember *member = g_ptr_array_index(interface->members, i);

                if (member->kind == kind && g_strcmp0(member->name, name) == 0)
                        return member;
        }
        return NULL;
}

const IdlField *idl_field(const IdlType *type, const char *name)
{
        for (unsigned i = 0; i < type->fields->len; i++) {
                const IdlField *field = g_ptr_array_index(type->fields, i);

                if (strcmp(field->name, name) == 0)
                        return field;
        }
        return NULL;
}

const IdlType *idl_resolve(const IdlInterface *interface, const IdlType *type)
{
        const IdlMember *declared;

        if (type->kind == IDL_OPTIONAL)
                type = type->inner;
        if (type->kind != IDL_NAMED)
                return type;
        declared = idl_find(interface, IDL_TYPE, type->name);
        return declared ? declared->in : type;
}

/* --- text --- */

static void print_type(GString *text, const IdlType *type)
{
        if (type->kind == IDL_OPTIONAL)
                (void) g_string_append_c(text, '?');
        else if (type->kind == IDL_ARRAY)
                (void) g_string_append(text, "[]");
        else if (type->kind == IDL_MAP)
                (void) g_string_append(text, "[string]");
        else if (!type->fields)
                (void) g_string_append(text, type->name ? type->name : scalars[type->kind]);
        if (type->inner)
                print_type(text, type->inner);
        if (!type->fields)
                return;
        (void) g_string_append_c(text, '(');
        for (unsigned i = 0; i < type->fields->len; i++) {
                const IdlField *field = g_ptr_array_index(type->fields, i);

                g_string_append_printf(text, "%s%s%s", i > 0 ? ", " : "", field->name,
                                       field->type ? ": " : "");
                if (field->type)
                        print_type(text, field->type);
        }
        (void) g_string_append_c(text, ')');
}

char *idl_type_print(const IdlType *type)
{
        GString *text = g_string_new(NULL);

        print_type(text, type);
        return g_string_free(text, FALSE);
}

char *idl_print(const IdlInterface *interface)
{
        static const char *const keywords[] = { "type", "method", "error" };
        GString *text = g_string_new(NULL);

        g_string_append_printf(text, "interface %s\n", interface->name);
        for (unsigned i = 0; i < interface->members->len; i++) {
                const IdlMember *member = g_ptr_array_index(interface->members, i);

                g_string_append_printf(text, "\n%s %s ", keywords[member->kind], member->name);
                print_type(text, member->in);
                if (member->out) {
                        (void) g_string_append(text, " -> ");
                        print_type(text, member->out);
                }
                (void) g_string_append_c(text, '\n');
        }
        return g_string_free(text, FALSE);
}
