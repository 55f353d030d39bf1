/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The errors of the API, one table: code <-> D-Bus name <-> varlink name. Error.code (base/error.h)
 * holds one of these; 0 is "anything else": D-Bus org.freedesktop.DBus.Error.Failed, varlink
 * Failed(message, errno). */

#include "base/error.h"

typedef enum ErrorCode {
        ERROR_FAILED,
        ERROR_NO_SUCH_CONTAINER,
        ERROR_CONTAINER_EXISTS,
        ERROR_CONTAINER_RUNNING,
        ERROR_CONTAINER_NOT_RUNNING,
        ERROR_CONTAINER_FROZEN,
        ERROR_CONTAINER_BROKEN,
        ERROR_HAS_DEPENDENTS,
        ERROR_HAS_SNAPSHOTS,
        ERROR_NO_SUCH_SNAPSHOT,
        ERROR_NO_SUCH_TEMPLATE,
        ERROR_NO_SUCH_JOB,
        ERROR_NO_SUCH_KEY,
        ERROR_NO_SUCH_DEVICE,
        ERROR_NO_SUCH_CONSOLE,
        ERROR_INVALID_NAME,
        ERROR_INVALID_CONFIG,
        ERROR_START_FAILED,
        ERROR_HOOK_FAILED,
        ERROR_TEMPLATE_FAILED,
        ERROR_NOT_SUPPORTED,
        ERROR_BUSY,
        ERROR_CANCELLED,
        ERROR_TIMED_OUT,
        ERROR_ACCESS_DENIED,
        ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
        ERROR_INVALID_ARGS,
        ERROR_LIMITS_EXCEEDED,
        ERROR_NO_MEMORY,
        _ERROR_CODE_MAX,
} ErrorCode;

typedef struct ErrorRow {
        const char *name;     /* the last part, "NoSuchContainer" */
        const char *bus_name; /* whole */
        const char *varlink;  /* whole, or NULL: "<interface of the call>.<name>" */
        int errnum;           /* what error_public() puts in */
} ErrorRow;

/* Never NULL; an unknown code gives the row of ERROR_FAILED. An error without a code but with
 * ENOMEM is NoMemory. */
const ErrorRow *error_row(const Error *error);
const ErrorRow *error_code_row(ErrorCode code);

/* By the last part of a name, or by a whole D-Bus or varlink name. Return: the code; ERROR_FAILED
 * when unknown. */
ErrorCode error_code_from_name(const char *name);

/* error_public() - raise an error with a public meaning and the errno of its row.
 * Return: -errno. */
#define error_public(reterr, code, ...)                                                            \
        error_code(reterr, code, error_code_row(code)->errnum, __VA_ARGS__)

/* Exit status of a command that failed with it: 1; 2 for wrong usage (InvalidArgs). */
int error_exit_status(const Error *error);
