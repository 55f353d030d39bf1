/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/varlink-message.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

void varlink_call_done(VarlinkCall *call)
{
        json_decref(call->parameters);
        *call = (VarlinkCall){ 0 };
}

void varlink_reply_done(VarlinkReply *reply)
{
        json_decref(reply->parameters);
        *reply = (VarlinkReply){ 0 };
}

static int bad_field(const char *key, Error *reterr)
{
        return error_code(reterr, ERROR_INVALID_ARGS, EBADMSG,
                          "A message has the field '%.40s', which is unknown or of a wrong type",
                          key);
}

static int take_parameters(json_t *value, json_t **ret)
{
        if (!value || json_is_null(value))
                *ret = json_object();
        else if (json_is_object(value))
                *ret = json_incref(value);
        else
                return -EINVAL;
        return *ret ? 0 : -ENOMEM;
}

static bool take_flag(const char *key, const char *name, json_t *value, bool *ret)
{
        if (!streq(key, name) || !json_is_boolean(value))
                return false;
        *ret = json_is_true(value);
        return true;
}

int varlink_call_parse(json_t *message, VarlinkCall *ret, Error *reterr)
{
        VarlinkCall call = { 0 };
        const char *key;
        json_t *value;

        json_object_foreach(message, key, value) {
                if (streq(key, "method") && json_is_string(value))
                        call.method = json_string_value(value);
                else if (streq(key, "parameters") && (json_is_object(value) || json_is_null(value)))
                        continue;
                else if (!take_flag(key, "more", value, &call.more) &&
                         !take_flag(key, "oneway", value, &call.oneway))
                        return bad_field(key, reterr);
        }
        if (!call.method)
                return error_code(reterr, ERROR_INVALID_ARGS, EBADMSG, "A call names no method");
        if (take_parameters(json_object_get(message, "parameters"), &call.parameters) < 0)
                return error_oom(reterr);
        *ret = call;
        return 0;
}

int varlink_reply_parse(json_t *message, VarlinkReply *ret, Error *reterr)
{
        VarlinkReply reply = { 0 };
        const char *key;
        json_t *value;

        json_object_foreach(message, key, value) {
                if (streq(key, "error") && json_is_string(value))
                        reply.error = json_string_value(value);
                else if (streq(key, "parameters") && (json_is_object(value) || json_is_null(value)))
                        continue;
                else if (!take_flag(key, "continues", value, &reply.continues))
                        return bad_field(key, reterr);
        }
        if (take_parameters(json_object_get(message, "parameters"), &reply.parameters) < 0)
                return error_oom(reterr);
        *ret = reply;
        return 0;
}

static json_t *message_new(const char *key, const char *text, json_t *parameters)
{
        json_t *message = json_object();

        if ((parameters && json_object_set_new(message, "parameters", parameters) < 0) ||
            (key && json_object_set_new(message, key, json_string(text)) < 0)) {
                json_decref(message);
                return NULL;
        }
        return message;
}

static json_t *flag(json_t *message, const char *key, bool on)
{
        if (message && on && json_object_set_new(message, key, json_true()) < 0) {
                json_decref(message);
                return NULL;
        }
        return message;
}

json_t *varlink_call_new(const char *method, json_t *parameters, bool more)
{
        return flag(message_new("method", method, parameters), "more", more);
}

json_t *varlink_reply_new(json_t *parameters, bool continues)
{
        if (!parameters)
                parameters = json_object();
        return flag(message_new(NULL, NULL, parameters), "continues", continues);
}

json_t *varlink_error_new(const char *name, json_t *parameters)
{
        return message_new("error", name, parameters);
}

static json_t *error_parameters(const Error *error)
{
        switch ((ErrorCode) error->code) {
        case ERROR_START_FAILED:
        case ERROR_HOOK_FAILED:
                return json_pack("{s:s?,s:s?,s:i,s:s}", "stage", error->stage, "object",
                                 error->object, "errno", error->errnum, "message",
                                 error_message(error));
        case ERROR_INVALID_ARGS:
                return json_pack("{s:s,s:s}", "parameter", error->object ? error->object : "",
                                 "message", error_message(error));
        case ERROR_FAILED:
                return error->errnum == ENOMEM
                               ? json_pack("{s:s}", "message", error_message(error))
                               : json_pack("{s:s,s:i}", "message", error_message(error), "errno",
                                           error->errnum);
        default:
                return json_pack("{s:s}", "message", error_message(error));
        }
}

json_t *varlink_error_from(const Error *error, const char *interface)
{
        const ErrorRow *row = error_row(error);
        _cleanup_(free_p) char *name = NULL;

        if (row->varlink)
                return varlink_error_new(row->varlink, error_parameters(error));
        name = string_format("%s.%s", interface, row->name);
        if (!name)
                return NULL;
        return varlink_error_new(name, error_parameters(error));
}

json_t *varlink_error_internal(const Error *error, const char *interface)
{
        _cleanup_(free_p) char *name = NULL;

        name = string_format("%s.Failed", interface);
        if (!name)
                return NULL;
        return varlink_error_new(name, json_pack("{s:s,s:i,s:s?,s:s?,s:s}", "code",
                                                 error->code ? error_row(error)->name : "", "errno",
                                                 error->errnum, "stage", error->stage, "object",
                                                 error->object, "message", error_message(error)));
}

int varlink_error_to(const VarlinkReply *reply, Error *reterr)
{
        const char *message = NULL, *stage = NULL, *object = NULL, *code_name = NULL;
        int64_t errnum = 0;
        ErrorCode code;
        int r;

        (void) json_get_string(reply->parameters, "message", &message, NULL);
        (void) json_get_string(reply->parameters, "stage", &stage, NULL);
        (void) json_get_string(reply->parameters, "object", &object, NULL);
        (void) json_get_string(reply->parameters, "parameter", &object, NULL);
        (void) json_get_string(reply->parameters, "code", &code_name, NULL);
        (void) json_get_integer(reply->parameters, "errno", &errnum, NULL);
        code = error_code_from_name(code_name && *code_name ? code_name : reply->error);
        if (errnum <= 0 || errnum > 4095)
                errnum = error_code_row(code)->errnum;
        if (message)
                r = error_code(reterr, (int) code, (int) errnum, "%s", message);
        else
                r = error_code(reterr, (int) code, (int) errnum, "%s%s%s%s", reply->error,
                               object ? " ('" : "", object ? object : "", object ? "')" : "");
        return error_at(reterr, r, stage, object);
}

const char *varlink_member(const char *method, size_t *ret_interface_size)
{
        const char *dot = strrchr(method, '.');

        if (!dot || dot == method || !dot[1])
                return NULL;
        *ret_interface_size = (size_t) (dot - method);
        return dot + 1;
}
