/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one error value. A function that can fail for a reason its caller's user should read takes
 * `Error *reterr` as its last parameter and returns
 *
 *      0     done
 *      > 0   an outcome documented in its header
 *      < 0   -errno, and *reterr is filled
 *
 * Raising and returning is one expression; each level may prefix where it adds a name; only the
 * edges (dispatcher, job end, supervisor, main) log or show it, once. */

#include <stdbool.h>

#include "base/cleanup.h"

typedef struct Error {
        int code;         /* ErrorCode of interfaces/errors.h; 0: derived from errnum */
        int errnum;       /* positive errno; 0: nothing is set */
        char *message;    /* a sentence for the caller, outermost context first */
        char *stage;      /* the step of a start that failed, or NULL */
        char *object;     /* what it failed on (a path, a key, a name), or NULL */
        const char *file; /* where it was raised: journal fields, never shown */
        const char *function;
        int line;
} Error;

#define ERROR_NULL ((Error){ 0 })

/* `reterr` may be NULL in all of these. */

int error_raise_full(Error *reterr,
                     int code,
                     int errnum,
                     bool with_errno_text,
                     const char *file,
                     int line,
                     const char *function,
                     const char *format,
                     ...) _printf_(8, 9);

/* error_errno() - raise a failed system call; the text of the errno is appended.
 * Return: -errnum. */
#define error_errno(reterr, errnum, ...)                                                           \
        error_raise_full(reterr, 0, errnum, true, __FILE__, __LINE__, __func__, __VA_ARGS__)

/* error_code() - raise an error with a public meaning; the sentence stands as it is.
 * Return: -errnum. */
#define error_code(reterr, code, errnum, ...)                                                      \
        error_raise_full(reterr, code, errnum, false, __FILE__, __LINE__, __func__, __VA_ARGS__)

/* error_prefix() - put "PREFIX: " before the sentence. Return: r, so that it can be returned. */
int error_prefix(Error *reterr, int r, const char *format, ...) _printf_(3, 4);

/* error_at() - name the stage and the object, where they are not yet named. NULL leaves as is.
 * Return: r. */
int error_at(Error *reterr, int r, const char *stage, const char *object);

/* error_set_code() - give the error a public meaning if it has none. Return: r. */
int error_set_code(Error *reterr, int r, int code);

void error_done(Error *error);
void error_move(Error *to, Error *from);
int error_copy(Error *to, const Error *from);

static inline bool error_is_set(const Error *error)
{
        return error->errnum != 0;
}

/* Never NULL. */
const char *error_message(const Error *error);

/* error_oom() - Return: -ENOMEM. */
#define error_oom(reterr) error_errno(reterr, ENOMEM, "Cannot allocate memory")
