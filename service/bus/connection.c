/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that belongs to one connection is made when it is begun and dropped as a whole when it is
 * gone; what outlives it (objects, questions to polkitd, jobs of the service manager) is attached
 * and detached. A socket that is not there yet is waited for by inotify (sd-bus), anything else
 * with a growing pause. */

#include "bus/connection.h"

#include <errno.h>

#include "base/log.h"
#include "base/process.h"
#include "bus/signals.h"
#include "bus/systemd-version.h"
#include "interfaces/names.h"

#define BUS_ADDRESS "unix:path=/run/dbus/system_bus_socket"

#define RETRY_MIN_USEC (100 * USEC_PER_MSEC)
#define RETRY_MAX_USEC (10 * USEC_PER_SEC)

#define MATCH_LOCAL(member)                                                                        \
        "type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local',"    \
        "interface='org.freedesktop.DBus.Local',member='" member "'"

/* RequestName(), D-Bus specification. */
enum {
        NAME_PRIMARY_OWNER = 1,
        NAME_IN_QUEUE = 2,
};

static void log_trouble(int r, const char *what)
{
        Error error = ERROR_NULL;

        (void) error_errno(&error, -r, "%s", what);
        log_error_event(LOG_WARNING, NULL, &error, NULL);
        error_done(&error);
}

static void connection_drop(Bus *bus)
{
        bus->ready = false;
        if (!bus->bus)
                return;
        /* First who asks, so that nobody is refused whose client is gone, too. */
        bus->driver = outbox_free(bus->driver);
        bus->peers = bus_peers_free(bus->peers);
        bus_authority_attach(bus->authority, NULL, NULL);
        bus->questions = outbox_free(bus->questions);
        systemd_detach(bus->systemd);
        (void) sd_bus_detach_event(bus->bus);
        bus->bus = sd_bus_close_unref(bus->bus);
}

static void retry_later(Bus *bus)
{
        (void) sd_event_source_set_time_relative(bus->retry, bus->retry_usec);
        (void) sd_event_source_set_enabled(bus->retry, SD_EVENT_ONESHOT);
        bus->retry_usec *= 2;
        if (bus->retry_usec > RETRY_MAX_USEC)
                bus->retry_usec = RETRY_MAX_USEC;
}

static int on_name(sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const sd_bus_error *problem = sd_bus_message_get_error(reply);
        uint32_t result = 0;

        if (problem)
                log_event(LOG_ERR, NULL,
                          "The bus refuses the name '%s': %s. Is the bus policy installed?",
                          BUS_NAME, problem->message ? problem->message : problem->name);
        else if (sd_bus_message_read(reply, "u", &result) >= 0 && result == NAME_IN_QUEUE)
                log_event(LOG_WARNING, NULL,
                          "Another process has the name '%s'; waiting for it to go", BUS_NAME);
        return 0;
}

/* The bus daemon has answered: what speaks of its own accord may do so. */
static int on_connected(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Bus *bus = userdata;
        int r;

        bus->ready = true;
        bus->retry_usec = RETRY_MIN_USEC;
        bus_authority_attach(bus->authority, bus->bus, bus->questions);
        r = systemd_attach(bus->systemd, bus->bus, OUTBOX_SYSTEMD_MAX);
        if (r < 0)
                log_trouble(r, "Cannot watch the service manager over the bus");
        systemd_version_ask(bus->bus);
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Bus *bus = userdata;

        if (bus->ready)
                log_event(LOG_WARNING, NULL, "The system bus went away; connecting again");
        bus->ready = false;
        /* Not from within a handler of that connection. */
        retry_later(bus);
        return 0;
}

static int add_local_matches(Bus *bus)
{
        int r;

        r = sd_bus_add_match(bus->bus, NULL, MATCH_LOCAL("Connected"), on_connected, bus);
        return r < 0 ? r
                     : sd_bus_add_match(bus->bus, NULL, MATCH_LOCAL("Disconnected"),
                                        on_disconnected, bus);
}

static int configure(sd_bus *bus)
{
        const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
        int r;

        r = sd_bus_set_address(bus, address ? address : BUS_ADDRESS);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, true);
        if (r >= 0)
                r = sd_bus_set_watch_bind(bus, true);
        if (r >= 0)
                r = sd_bus_set_connected_signal(bus, true);
        if (r >= 0)
                r = sd_bus_set_description(bus, "nagaya");
        return r;
}

/* Everything is in place before the name is asked for, and so before the first call. */
static int connection_make(Bus *bus)
{
        sd_event *event = bus->manager->event;
        int r;

        r = sd_bus_new(&bus->bus);
        if (r >= 0)
                r = configure(bus->bus);
        if (r >= 0)
                r = add_local_matches(bus);
        if (r >= 0)
                r = sd_bus_start(bus->bus);
        if (r < 0)
                return r;
        bus->driver = outbox_new(bus->bus, event, OUTBOX_DRIVER_MAX, OUTBOX_DRIVER_MAX);
        bus->questions = outbox_new(bus->bus, event, OUTBOX_POLKIT_MAX, OUTBOX_POLKIT_PER_USER_MAX);
        if (!bus->driver || !bus->questions)
                return -ENOMEM;
        r = bus_peers_new(bus->bus, bus->driver, &bus->peers);
        if (r >= 0)
                r = objects_attach(bus->objects, bus->bus, bus->peers);
        if (r >= 0)
                r = sd_bus_request_name_async(bus->bus, NULL, BUS_NAME, SD_BUS_NAME_QUEUE, on_name,
                                              bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus->bus, event, SD_EVENT_PRIORITY_NORMAL);
        return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata)
{
        Bus *bus = userdata;
        int r;

        connection_drop(bus);
        r = connection_make(bus);
        if (r < 0) {
                log_trouble(r, "Cannot connect to the system bus; trying again");
                retry_later(bus);
        }
        return 0;
}

static void sink_remove(Manager *manager, const Bus *bus)
{
        size_t n = 0;

        for (size_t i = 0; i < manager->n_sinks; i++)
                if (manager->sinks[i].userdata != bus)
                        manager->sinks[n++] = manager->sinks[i];
        manager->n_sinks = n;
}

static int bus_start(Bus *bus)
{
        Manager *manager = bus->manager;
        int r;

        r = objects_new(manager, &bus->objects);
        if (r >= 0)
                r = bus_authority_new(&manager->authority, &bus->authority);
        if (r >= 0)
                r = systemd_new(manager->event, SYSTEMD_PRIVATE_ADDRESS, &manager->units,
                                &bus->systemd);
        if (r >= 0)
                r = manager_add_sink(manager, &bus_signals, bus);
        if (r >= 0)
                r = sd_event_add_time_relative(manager->event, &bus->retry, CLOCK_MONOTONIC, 0, 0,
                                               on_retry, bus);
        if (r < 0)
                return r;
        /* At once where it can be, so that the door is open when READY=1 is sent. */
        (void) sd_event_source_set_enabled(bus->retry, SD_EVENT_OFF);
        (void) on_retry(bus->retry, 0, bus);
        return 0;
}

int bus_new(Manager *manager, Bus **ret, Error *reterr)
{
        _cleanup_(bus_free_p) Bus *bus = calloc(1, sizeof(*bus));
        int r;

        if (!bus)
                return error_oom(reterr);
        bus->manager = manager;
        bus->retry_usec = RETRY_MIN_USEC;
        r = bus_start(bus);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot open the door to the bus");
        *ret = TAKE_PTR(bus);
        return 0;
}

Bus *bus_free(Bus *bus)
{
        if (!bus)
                return NULL;
        (void) sd_event_source_disable_unref(bus->retry);
        if (bus->ready)
                (void) sd_bus_flush(bus->bus);
        sink_remove(bus->manager, bus);
        if (bus->systemd) {
                connection_drop(bus);
                bus->systemd = systemd_free(bus->systemd);
        }
        bus->manager->authority = (Authority){ NULL };
        bus->manager->units = (Units){ NULL };
        (void) bus_authority_free(bus->authority);
        (void) objects_free(bus->objects);
        free(bus);
        return NULL;
}

int bus_print_introspection(const char *interface, FILE *out)
{
        _cleanup_(objects_free_p) Objects *objects = NULL;
        int r = objects_new(NULL, &objects);

        if (r < 0)
                return r;
        if (!objects_have_interface(objects, interface))
                return -ENOENT;
        (void) fputs(
                "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"
                "\"https://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"
                "<node>\n",
                out);
        objects_print_interface(objects, interface, out);
        (void) fputs("</node>\n", out);
        return ferror(out) ? -EIO : 0;
}
