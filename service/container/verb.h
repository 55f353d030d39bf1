/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One row per verb, read by both doors, the dispatcher, introspection and the contract test.
 *
 * Inside the service a call's arguments and results are one JSON object with the camelCase names
 * of the varlink interface; the D-Bus door translates by the signatures written here (its names
 * are the same in lower_snake). Conventions of the translation:
 *
 *      s            string
 *      b            true, false
 *      i u x t      integer
 *      d            number
 *      as           list of strings
 *      ay           the text of an IP address (inet_ntop(3)); on D-Bus its bytes
 *      h            index into the message's file descriptors
 *      ah           list of indexes; where the JSON has one integer (or none), a list of one (or none)
 *      a(ss)        list of {key, value}
 *      a{ss}        object of strings
 *      o            a container (string: its id) or a job (integer)
 *      a{sv}        object with the fields in `rows`
 *      aa{sv}       list of such objects
 */

#include <stddef.h>

#include "base/error.h"

typedef struct Call Call;
typedef struct Container Container;
typedef struct Job Job;

/* polkit actions, ACTION_NAMESPACE + action_name(). */
typedef enum Action {
        ACTION_NONE, /* everybody may */
        ACTION_INSPECT,
        ACTION_CONTROL,
        ACTION_ATTACH,
        ACTION_CONFIGURE,
        ACTION_CREATE,
        ACTION_STORAGE,
        ACTION_HOST,
        _ACTION_MAX,
} Action;

const char *action_name(Action action);

typedef struct Field {
        const char *name;      /* camelCase */
        const char *signature; /* D-Bus type */
        Action action;         /* options: asked for in addition when the option is given */
} Field;

typedef enum VerbFlags {
        VERB_VARLINK_ONLY = 1 << 0, /* D-Bus has signals or properties for it */
        VERB_MORE = 1 << 1,         /* varlink: only with `more` (a stream) */
        VERB_MORE_OPTIONAL = 1 << 2,
        VERB_DEFINED = 1 << 3, /* the container must exist and must not be broken */
} VerbFlags;

/* By the table that the verb is of. */
typedef union VerbRun {
        int (*on_manager)(Call *call, Error *reterr);
        int (*on_container)(Call *call, Container *container, Error *reterr);
        int (*on_job)(Call *call, Job *job, Error *reterr);
} VerbRun;

/* The arrays end with a NULL name; NULL is the empty array. */
typedef struct Verb {
        const char *member;
        const Field *in;      /* positional on D-Bus, mandatory in varlink */
        const Field *options; /* the trailing a{sv} of D-Bus, optional fields of varlink; NULL: no
                                 a{sv} */
        const Field *out;
        const Field *rows; /* fields of an a{sv} or aa{sv} in `out` */
        Action action;
        unsigned flags;

        /* extra_action() - an action that this call needs beyond the verb's and its options', by
         * the values (a public verb made of ACTION_NONE, the owner given ...); ACTION_NONE: no
         * more. May be NULL. */
        Action (*extra_action)(const Call *call);

        /* After all authority is granted. Replies through the call, now or later (then it keeps a
         * reference). Return: 0; < 0: the dispatcher fails the call with *reterr. */
        VerbRun run;
} Verb;

typedef struct VerbTable {
        const char *interface;
        const char
                *object; /* the varlink field that names the object ("container", "job"), or NULL */
        const char *object_signature; /* its type: "s" or "i" */
        const Verb *verbs;            /* ends with a NULL member */

        /* run() - finds what the call is about, which may have gone while the authority was asked,
         * and runs its verb on that. Return: as VerbRun. */
        int (*run)(Call *call, Error *reterr);
} VerbTable;

extern const VerbTable manager_table, container_table, job_table;

/* All of them, ended by NULL. */
extern const VerbTable *const verb_tables[];

const VerbTable *verb_table_find(const char *interface, size_t interface_size);
const Verb *verb_find(const VerbTable *table, const char *member);
const Field *field_find(const Field *fields, const char *name);
