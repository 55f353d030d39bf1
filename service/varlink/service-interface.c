/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "varlink/service-interface.h"

#include "base/strv.h"
#include "interfaces/names.h"
#include "interfaces/texts.h"

#define ERROR_NAME(name) INTERFACE_VARLINK_SERVICE "." name

static json_t *get_info(json_t *parameters)
{
        json_t *names = json_array();

        for (const InterfaceText *text = interface_texts; text->name; text++)
                (void) json_array_append_new(names, json_string(text->name));
        return varlink_reply_new(json_pack("{s:s,s:s,s:s,s:s,s:o}", "vendor", VENDOR, "product",
                                           PRODUCT, "version", VERSION, "url", PROJECT_URL,
                                           "interfaces", names),
                                 false);
}

static json_t *get_description(json_t *parameters)
{
        const char *name = json_string_value(json_object_get(parameters, "interface"));
        const char *text = name ? interface_text(name) : NULL;

        if (!name)
                return varlink_error_new(ERROR_NAME("InvalidParameter"),
                                         json_pack("{s:s}", "parameter", "interface"));
        if (!text)
                return varlink_error_new(ERROR_NAME("InterfaceNotFound"),
                                         json_pack("{s:s}", "interface", name));
        return varlink_reply_new(json_pack("{s:s}", "description", text), false);
}

static const struct {
        const char *member;
        json_t *(*run)(json_t *parameters);
} methods[] = {
        { "GetInfo", get_info },
        { "GetInterfaceDescription", get_description },
};

json_t *varlink_service_call(const char *member, json_t *parameters)
{
        for (size_t i = 0; i < ELEMENTS(methods); i++)
                if (streq(methods[i].member, member))
                        return methods[i].run(parameters);
        return varlink_error_new(ERROR_NAME("MethodNotFound"),
                                 json_pack("{s:s}", "method", member));
}
