/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/systemd-version.h"

#include "base/log.h"
#include "storage/systemd-version.h"

static int on_version(sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const char *version;

        if (!sd_bus_message_get_error(reply) &&
            sd_bus_message_read(reply, "v", "s", &version) >= 0 &&
            systemd_version_is_vulnerable(version))
                log_event(LOG_WARNING, NULL, "%s", SYSTEMD_VULNERABLE);
        return 0;
}

void systemd_version_ask(sd_bus *bus)
{
        /* Without an answer there is nothing to warn of. */
        (void) sd_bus_call_method_async(bus, NULL, "org.freedesktop.systemd1",
                                        "/org/freedesktop/systemd1",
                                        "org.freedesktop.DBus.Properties", "Get", on_version, NULL,
                                        "ss", "org.freedesktop.systemd1.Manager", "Version");
}
