/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* D-Bus messages <-> the JSON of calls and results, by the signatures of the verb rows (the
 * conventions stand in container/verb.h). */

#include <systemd/sd-bus.h>

#include "container/verb.h"
#include "interfaces/json.h"
#include "interfaces/varlink-stream.h"

/* The bytes of strings and items that one message may bring; the varlink door takes as much. */
#define MARSHAL_READ_MAX VARLINK_MESSAGE_MAX

/* "timeoutUsec" is called "timeout_usec" on D-Bus. Names are rows of ours: they fit. */
typedef struct FieldName {
        char text[64];
} FieldName;

FieldName marshal_name(const char *camel);

/* The signature of positional fields, followed by that of the options where there are any. The
 * caller frees. Return: NULL when out of memory. */
char *marshal_signature(const Field *fields, bool with_options);

/* marshal_read() - the arguments of a call, and its options, into the object `into`. File
 * descriptors are duplicates (CLOEXEC) added to `fds`, values hold their indexes. `ret_size`: what
 * was read, in bytes.
 * Return: 0, ERROR_INVALID_ARGS naming the argument or option, ERROR_LIMITS_EXCEEDED, -errno. */
int marshal_read(sd_bus_message *message,
                 const Verb *verb,
                 json_t *into,
                 FdArray *fds,
                 size_t *ret_size,
                 Error *reterr);

/* marshal_append() - the fields of `result` in the order of `fields`. A field of a dictionary that
 * is absent or null is left out, as is what `rows` does not know. `fds` stay the caller's.
 * Return: 0, -EINVAL the result has not the form of the rows (a bug of the verb), -errno. */
int marshal_append(sd_bus_message *message,
                   const Field *fields,
                   const Field *rows,
                   const json_t *result,
                   const FdArray *fds,
                   Error *reterr);
