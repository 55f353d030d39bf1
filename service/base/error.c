/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/error.h"

#include <stdarg.h>
#include <string.h>

#include "base/strv.h"
#include "base/utf8.h"

static char *error_format(bool with_errno_text, int errnum, const char *format, va_list ap)
{
        _cleanup_(free_p) char *text = NULL;

        text = string_vformat(format, ap);
        if (!text || !with_errno_text)
                return TAKE_PTR(text);
        return string_format("%s: %s", text, strerror(errnum));
}

int error_raise_full(Error *reterr,
                     int code,
                     int errnum,
                     bool with_errno_text,
                     const char *file,
                     int line,
                     const char *function,
                     const char *format,
                     ...)
{
        va_list ap;

        /* A zero here is a bug of ours, but "no error" would be worse than a vague one. */
        if (errnum < 0)
                errnum = -errnum;
        if (errnum == 0)
                errnum = EIO;
        if (!reterr)
                return -errnum;

        error_done(reterr);
        *reterr = (Error){
                .code = code,
                .errnum = errnum,
                .file = file,
                .function = function,
                .line = line,
        };
        va_start(ap, format);
        reterr->message = error_format(with_errno_text, errnum, format, ap);
        va_end(ap);
        /* Names from disks and configurations stand in it; it goes out over wires of UTF-8. */
        (void) utf8_make_valid(reterr->message);
        return -errnum;
}

int error_prefix(Error *reterr, int r, const char *format, ...)
{
        _cleanup_(free_p) char *prefix = NULL;
        char *message;
        va_list ap;

        if (!reterr)
                return r;

        va_start(ap, format);
        prefix = string_vformat(format, ap);
        va_end(ap);
        if (!prefix)
                return r;
        message = string_format("%s: %s", prefix, error_message(reterr));
        if (!message)
                return r;
        free(reterr->message);
        reterr->message = utf8_make_valid(message);
        if (reterr->errnum == 0)
                reterr->errnum = r < 0 ? -r : EIO;
        return r;
}

int error_at(Error *reterr, int r, const char *stage, const char *object)
{
        if (!reterr)
                return r;
        if (stage && !reterr->stage)
                reterr->stage = utf8_make_valid(strdup(stage));
        if (object && !reterr->object)
                reterr->object = utf8_make_valid(strdup(object));
        return r;
}

int error_set_code(Error *reterr, int r, int code)
{
        if (reterr && reterr->code == 0)
                reterr->code = code;
        return r;
}

void error_done(Error *error)
{
        free(error->message);
        free(error->stage);
        free(error->object);
        *error = ERROR_NULL;
}

void error_move(Error *to, Error *from)
{
        if (!to) {
                error_done(from);
                return;
        }
        error_done(to);
        *to = *from;
        *from = ERROR_NULL;
}

int error_copy(Error *to, const Error *from)
{
        error_done(to);
        *to = *from;
        to->message = from->message ? strdup(from->message) : NULL;
        to->stage = from->stage ? strdup(from->stage) : NULL;
        to->object = from->object ? strdup(from->object) : NULL;
        return (from->message && !to->message) ? -ENOMEM : 0;
}

const char *error_message(const Error *error)
{
        if (error->message)
                return error->message;
        return error->errnum ? strerror(error->errnum) : "No error";
}
