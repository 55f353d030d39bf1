/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Port: who may do what. Implemented by bus/authority.c, which asks polkitd. */

#include "container/call.h"

/* Told to polkit with the question. Borrowed strings, NULL: not told. */
typedef struct AuthorityDetails {
        const char *container;
        const char *owner; /* as digits, if no name is known without NSS */
        const char *owner_uid;
        const char *verb;
        const char *unprivileged; /* "true", "false" */
} AuthorityDetails;

/* error NULL: granted. Otherwise ERROR_ACCESS_DENIED or ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED
 * with a sentence that names the action; everything that went wrong is a denial. */
typedef void (*AuthorityAnswer)(void *userdata, const Error *error);

typedef struct Authority {
        /* Ask once. The answer never comes before check() has returned. Return: 0 and *ret, to be
         * cancelled or forgotten after the answer; -errno: could not ask (a denial). */
        int (*check)(void *userdata,
                     const Peer *peer,
                     const char *action,
                     const AuthorityDetails *details,
                     bool interactive,
                     AuthorityAnswer answer,
                     void *answer_userdata,
                     AuthorityQuery **ret,
                     Error *reterr);
        /* The question is withdrawn; no answer will come. */
        void (*cancel)(AuthorityQuery *query);
        void *userdata;
} Authority;
