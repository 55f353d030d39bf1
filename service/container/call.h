/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A pending request, whatever door it came through. The door makes it, the dispatcher checks it,
 * the verb answers it: exactly once, or several times when it is a stream. */

#include <sys/types.h>

#include "container/verb.h"
#include "interfaces/json.h"
#include "interfaces/varlink-stream.h"

typedef struct Manager Manager;
typedef struct AuthorityQuery AuthorityQuery;

/* Who asks. Comes from SO_PEERCRED or the bus daemon only. */
typedef struct Peer {
        uid_t uid;
        pid_t pid;           /* varlink; 0: unknown */
        uint64_t start_time; /* of pid, process_start_time() */
        char *bus_name;      /* D-Bus: the unique name; varlink: NULL */
} Peer;

/* How a question to the authority ended: NULL, granted. */
typedef void (*CallAnswered)(Call *call, const Error *problem);

/* What a door does with the answers. The fds are taken in either case. Neither can fail from the
 * verb's point of view: a client that is gone is told nothing. */
typedef struct CallOps {
        void (*reply)(Call *call,
                      json_t *result,
                      FdArray *fds,
                      bool continues); /* result borrowed */
        void (*fail)(Call *call, const Error *error);
        void (*free)(Call *call); /* release call->transport */
} CallOps;

struct Call {
        unsigned n_ref;
        Manager *manager;
        const VerbTable *table;
        const Verb *verb;
        const CallOps *ops;
        void *transport;

        Peer peer;
        bool interactive;   /* the client allows an authentication dialog */
        bool more;          /* varlink: the client takes several replies */
        json_t *parameters; /* an object; with the object field where the table has one */
        FdArray fds;        /* that came with it; verbs take them */

        bool charged;  /* counted in manager->charges */
        bool answered; /* the last reply is given, or the client is gone */
        bool gone;     /* the client went; set by call_hangup() */

        /* Of whoever holds the call: told once when the client goes before the last reply. */
        void (*on_gone)(Call *call, void *userdata);
        void *on_gone_userdata;

        /* The dispatcher's: which actions are still to be asked. */
        unsigned actions_wanted; /* bit N = Action N */
        AuthorityQuery *query;
        CallAnswered answered_query; /* container/ask.c */
};

/* call_new() - `parameters` and peer->bus_name are taken on success, the fds too.
 * Return: NULL when out of memory. */
Call *call_new(Manager *manager,
               const VerbTable *table,
               const Verb *verb,
               const CallOps *ops,
               void *transport,
               Peer *peer,
               json_t *parameters,
               FdArray *fds);
Call *call_ref(Call *call);
Call *call_unref(Call *call);
DEFINE_CLEANUP(Call *, call_unref)

/* The answers. `result` is taken (NULL: empty object). After the last one nothing is sent any more.
 */
void call_reply(Call *call, json_t *result);
void call_reply_fds(Call *call, json_t *result, FdArray *fds);
void call_reply_more(Call *call, json_t *result); /* others will follow */
void call_fail(Call *call, const Error *error);

/* By the door: the client is gone. */
void call_hangup(Call *call);

/* The caller's field; as json_get_*(). */
const char *call_string(const Call *call, const char *field); /* NULL: absent */
bool call_flag(const Call *call, const char *field);
int64_t call_integer(const Call *call, const char *field, int64_t fallback);
bool call_has(const Call *call, const char *field);
