/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/reply.h"

#include <stdarg.h>

int reply_pack(Call *call, Error *reterr, const char *format, ...)
{
        json_error_t problem;
        json_t *result;
        va_list ap;

        va_start(ap, format);
        result = json_vpack_ex(&problem, 0, format, ap);
        va_end(ap);
        if (!result)
                return error_code(reterr, 0, EBADMSG, "Cannot make the reply of %s: %s",
                                  call->verb->member, problem.text);
        call_reply(call, result);
        return 0;
}
