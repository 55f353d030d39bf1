/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/service-interface.h"

#include "base/cleanup.h"
#include "interfaces/names.h"
#include "interfaces/texts.h"

#define ERROR_INTERFACE_NOT_FOUND INTERFACE_VARLINK_SERVICE ".InterfaceNotFound"

static int on_get_info(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "ssss", VENDOR, PRODUCT, VERSION, PROJECT_URL);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "s");
        for (const InterfaceText *text = interface_texts; r >= 0 && text->name; text++)
                r = sd_bus_message_append_basic(reply, 's', text->name);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int on_get_description(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        const char *interface, *text;
        int r = sd_bus_message_read_basic(message, 's', &interface);

        if (r < 0)
                return r;
        text = interface_text(interface);
        if (!text)
                return sd_bus_reply_method_errorf(message, ERROR_INTERFACE_NOT_FOUND,
                                                  "There is no interface '%.255s'", interface);
        return sd_bus_reply_method_return(message, "s", text);
}

const sd_bus_vtable service_interface_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS(
                "GetInfo",
                SD_BUS_NO_ARGS,
                SD_BUS_RESULT("s", vendor, "s", product, "s", version, "s", url, "as", interfaces),
                on_get_info,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetInterfaceDescription",
                                SD_BUS_ARGS("s", interface),
                                SD_BUS_RESULT("s", description),
                                on_get_description,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
