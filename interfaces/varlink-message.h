/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls and replies of varlink as values. */

#include "interfaces/json.h"

typedef struct VarlinkCall {
        const char *method; /* whole, "org.nagaya1.Manager.ListContainers"; borrowed */
        json_t *parameters; /* an object, never NULL; owned */
        bool more;
        bool oneway;
} VarlinkCall;

void varlink_call_done(VarlinkCall *call);

/* Strict: an unknown top-level key, or one of a wrong type, is refused (as by sd-varlink).
 * "upgrade" is refused as not supported. `message` must outlive *ret. Return: 0, -EBADMSG. */
int varlink_call_parse(json_t *message, VarlinkCall *ret, Error *reterr);

typedef struct VarlinkReply {
        const char *error;  /* whole name, or NULL; borrowed */
        json_t *parameters; /* an object, never NULL; owned */
        bool continues;
} VarlinkReply;

void varlink_reply_done(VarlinkReply *reply);
int varlink_reply_parse(json_t *message, VarlinkReply *ret, Error *reterr);

/* Messages; NULL when out of memory. `parameters` is taken (NULL: none). */
json_t *varlink_call_new(const char *method, json_t *parameters, bool more);
json_t *varlink_reply_new(json_t *parameters, bool continues);
json_t *varlink_error_new(const char *name, json_t *parameters);

/* The error as a reply to a call on `interface`: its varlink name and the fields it declares
 * (message; stage, object, errno where known; parameter for InvalidParameter). */
json_t *varlink_error_from(const Error *error, const char *interface);

/* The reverse: an error reply as an Error. Return: -errno (never 0). */
int varlink_error_to(const VarlinkReply *reply, Error *reterr);

/* The same inside the service, where the error travels whole: <interface>.Failed(code, errno,
 * stage, object, message). varlink_error_to() reads it, too. */
json_t *varlink_error_internal(const Error *error, const char *interface);

/* Splits "a.b.C.Method" at the last dot. Return: the member, or NULL; *ret_interface_size is the
 * length of what is before it. */
const char *varlink_member(const char *method, size_t *ret_interface_size);
