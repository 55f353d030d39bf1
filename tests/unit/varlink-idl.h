/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Varlink's interface definition language as a value, for tests that hold the written contract
 * against the code. As strict as the strictest reader: the names' rules, no trailing comma, no
 * member twice, no type that is not declared, each member on a line of its own. */

#include <glib.h>
#include <stdbool.h>

typedef enum IdlKind {
        IDL_BOOL,
        IDL_INT,
        IDL_FLOAT,
        IDL_STRING,
        IDL_OBJECT,
        IDL_NAMED,    /* name */
        IDL_STRUCT,   /* fields */
        IDL_ENUM,     /* fields, without types */
        IDL_OPTIONAL, /* inner */
        IDL_ARRAY,    /* inner */
        IDL_MAP,      /* inner */
} IdlKind;

typedef struct IdlType IdlType;

typedef struct IdlField {
        char *name;
        IdlType *type; /* NULL in an enum */
} IdlField;

struct IdlType {
        IdlKind kind;
        char *name;
        IdlType *inner;
        GPtrArray *fields; /* of IdlField */
};

typedef enum IdlMemberKind {
        IDL_TYPE,
        IDL_METHOD,
        IDL_ERROR,
} IdlMemberKind;

typedef struct IdlMember {
        IdlMemberKind kind;
        char *name;
        char *doc;    /* the comment lines right above it, without '#', each ended by a newline */
        IdlType *in;  /* fields of a method's call, of an error; what a type stands for */
        IdlType *out; /* fields of a method's reply, else NULL */
} IdlMember;

typedef struct IdlInterface {
        char *name;
        GPtrArray *members; /* of IdlMember */
} IdlInterface;

/* Return: NULL, and *ret_problem ("line 3: ...", the caller frees). */
IdlInterface *idl_parse(const char *text, char **ret_problem);
void idl_free(IdlInterface *interface);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IdlInterface, idl_free)

/* The interface as text, comments left out; the caller frees. */
char *idl_print(const IdlInterface *interface);
/* "?[]string"; structures in one line. The caller frees. */
char *idl_type_print(const IdlType *type);

const IdlMember *idl_find(const IdlInterface *interface, IdlMemberKind kind, const char *name);
/* In a struct. Return: NULL when it has no such field. */
const IdlField *idl_field(const IdlType *type, const char *name);
/* The type without its '?', and what a name stands for. */
const IdlType *idl_resolve(const IdlInterface *interface, const IdlType *type);
