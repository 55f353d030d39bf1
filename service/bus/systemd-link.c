/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/systemd-link.h"

#include <errno.h>

#define NAME "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define INTERFACE "org.freedesktop.systemd1.Manager"

#define MATCH_MANAGER(member)                                                                      \
        "type='signal',path='" PATH "',interface='" INTERFACE "',member='" member "'"
#define MATCH_SENDER ",sender='" NAME "'"
#define MATCH_OWNER                                                                                \
        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"                \
        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" NAME "'"
#define MATCH_LOCAL                                                                                \
        "type='signal',sender='org.freedesktop.DBus.Local',path='/org/freedesktop/DBus/Local',"    \
        "interface='org.freedesktop.DBus.Local',member='Disconnected'"

struct SystemdLink {
        sd_bus *bus;
        Outbox *outbox;
        sd_bus_slot *matches[3];
        const SystemdLinkEvents *events;
        void *userdata;
        unsigned generation;
        bool is_private;
};

/* Without it no signal is sent over the bus. "Already subscribed" is as good. */
static int subscribe(SystemdLink *link)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = systemd_link_message(link, NULL, NULL, "Subscribe", &message);

        return r < 0 ? r : outbox_tell(link->outbox, message);
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        SystemdLink *link = userdata;
        const char *path, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) >= 0)
                link->events->job_removed(link->userdata, link, path, unit, result);
        return 0;
}

static int on_reloading(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        SystemdLink *link = userdata;
        int active;

        if (sd_bus_message_read(message, "b", &active) < 0 || active)
                return 0;
        (void) subscribe(link);
        link->events->renewed(link->userdata, link);
        return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        SystemdLink *link = userdata;
        const char *name, *before, *after;

        if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0 || !*after)
                return 0;
        link->generation++;
        (void) subscribe(link);
        link->events->renewed(link->userdata, link);
        return 0;
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        SystemdLink *link = userdata;

        link->events->closed(link->userdata, link);
        return 0;
}

static int add_matches(SystemdLink *link)
{
        const struct {
                const char *on_bus, *private;
                sd_bus_message_handler_t handler;
        } rows[] = {
                { MATCH_MANAGER("JobRemoved") MATCH_SENDER, MATCH_MANAGER("JobRemoved"),
                  on_job_removed },
                { MATCH_MANAGER("Reloading") MATCH_SENDER, MATCH_MANAGER("Reloading"),
                  on_reloading },
                { MATCH_OWNER, NULL, on_owner_changed },
                { NULL, MATCH_LOCAL, on_disconnected },
        };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                const char *match = link->is_private ? rows[i].private : rows[i].on_bus;
                int r;

                if (!match)
                        continue;
                r = sd_bus_add_match_async(link->bus, &link->matches[n++], match, rows[i].handler,
                                           NULL, link);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int link_start(sd_bus *bus,
                      sd_event *event,
                      size_t limit,
                      bool is_private,
                      const SystemdLinkEvents *events,
                      void *userdata,
                      SystemdLink **ret)
{
        _cleanup_(systemd_link_free_p) SystemdLink *link = calloc(1, sizeof(*link));
        int r;

        if (!link)
                return -ENOMEM;
        link->bus = sd_bus_ref(bus);
        link->is_private = is_private;
        link->events = events;
        link->userdata = userdata;
        link->outbox = outbox_new(bus, event, limit, limit);
        if (!link->outbox)
                return -ENOMEM;
        r = add_matches(link);
        if (r >= 0)
                r = subscribe(link);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(link);
        return 0;
}

int systemd_link_new(sd_bus *bus,
                     sd_event *event,
                     size_t limit,
                     const SystemdLinkEvents *events,
                     void *userdata,
                     SystemdLink **ret)
{
        return link_start(bus, event, limit, false, events, userdata, ret);
}

/* The private socket is no bus: there is no Hello and there are no names. */
static int connect_private(const char *address, sd_event *event, sd_bus **ret)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r = sd_bus_new(&bus);

        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, false);
        if (r >= 0)
                r = sd_bus_start(bus);
        if (r >= 0)
                r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

int systemd_link_new_private(const char *address,
                             sd_event *event,
                             size_t limit,
                             const SystemdLinkEvents *events,
                             void *userdata,
                             SystemdLink **ret)
{
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r = connect_private(address, event, &bus);

        if (r < 0)
                return r;
        r = link_start(bus, event, limit, true, events, userdata, ret);
        if (r < 0)
                return r;
        /* The link holds a reference and closes. */
        bus = sd_bus_unref(bus);
        return 0;
}

SystemdLink *systemd_link_free(SystemdLink *link)
{
        if (!link)
                return NULL;
        for (size_t i = 0; i < ELEMENTS(link->matches); i++)
                (void) sd_bus_slot_unref(link->matches[i]);
        (void) outbox_free(link->outbox);
        if (link->is_private) {
                (void) sd_bus_detach_event(link->bus);
                sd_bus_close(link->bus);
        }
        (void) sd_bus_unref(link->bus);
        free(link);
        return NULL;
}

int systemd_link_message(SystemdLink *link,
                         const char *path,
                         const char *interface,
                         const char *member,
                         sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(link->bus, &message, NAME, path ? path : PATH,
                                           interface ? interface : INTERFACE, member);
        /* Between two images of PID 1 dbus-daemon would try to activate one. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(message, false);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(message);
        return 0;
}

Outbox *systemd_link_outbox(SystemdLink *link)
{
        return link->outbox;
}

unsigned systemd_link_generation(const SystemdLink *link)
{
        return link->generation;
}
