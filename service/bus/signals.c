/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A signal that cannot be sent (no memory, the connection just ended) is lost and nothing else:
 * clients that see our name vanish read anew. */

#include "bus/signals.h"

#include "base/utf8.h"
#include "bus/connection.h"
#include "bus/object-path.h"
#include "interfaces/names.h"

/* The interfaces that sd-bus adds to each object: a client forgets an object when all are gone. */
#define STANDARD_INTERFACES                                                                        \
        "org.freedesktop.DBus.Peer", "org.freedesktop.DBus.Introspectable",                        \
                "org.freedesktop.DBus.Properties"

/* Text and path of a container for signals; NULL when out of memory. */
typedef struct Names {
        char *id;
        char *path;
} Names;

static void names_done(Names *names)
{
        free(names->id);
        free(names->path);
}

/* Return: is there somebody to tell? */
static bool names_of(const Bus *bus, const Container *container, Names *ret)
{
        if (!bus->ready)
                return false;
        ret->id = utf8_make_valid(strdup(container->id));
        ret->path = object_path_of_container(container->id);
        return ret->id && ret->path;
}

static void on_container_added(void *userdata, Container *container)
{
        _cleanup_(names_done) Names names = { NULL };
        Bus *bus = userdata;

        if (!names_of(bus, container, &names))
                return;
        (void) sd_bus_emit_object_added(bus->bus, names.path);
        (void) sd_bus_emit_signal(bus->bus, BUS_PATH, INTERFACE_MANAGER, "ContainerAdded", "so",
                                  names.id, names.path);
}

static void on_container_removed(void *userdata, Container *container)
{
        _cleanup_(names_done) Names names = { NULL };
        Bus *bus = userdata;

        if (!names_of(bus, container, &names))
                return;
        (void) sd_bus_emit_signal(bus->bus, BUS_PATH, INTERFACE_MANAGER, "ContainerRemoved", "so",
                                  names.id, names.path);
        /* Not sd_bus_emit_object_removed(): it would look for the object, which may be gone. */
        (void) sd_bus_emit_interfaces_removed(bus->bus, names.path, INTERFACE_CONTAINER,
                                              STANDARD_INTERFACES, NULL);
}

static void on_state_changed(void *userdata, Container *container, State previous, State state)
{
        _cleanup_(names_done) Names names = { NULL };
        Bus *bus = userdata;

        if (!names_of(bus, container, &names))
                return;
        (void) sd_bus_emit_signal(bus->bus, BUS_PATH, INTERFACE_MANAGER, "StateChanged", "soss",
                                  names.id, names.path, state_name(previous), state_name(state));
        (void) sd_bus_emit_signal(bus->bus, names.path, INTERFACE_CONTAINER, "StateChanged", "ss",
                                  state_name(previous), state_name(state));
        (void) sd_bus_emit_properties_changed(bus->bus, names.path, INTERFACE_CONTAINER, "State",
                                              NULL);
}

static void on_exited(void *userdata, Container *container, int code, int signal)
{
        _cleanup_(names_done) Names names = { NULL };
        Bus *bus = userdata;

        if (names_of(bus, container, &names))
                (void) sd_bus_emit_signal(bus->bus, names.path, INTERFACE_CONTAINER, "Exited", "ii",
                                          code, signal);
}

static void on_container_changed(void *userdata, Container *container, unsigned properties)
{
        static const struct {
                unsigned bit;
                const char *name;
        } rows[] = {
                { CONTAINER_CHANGED_OWNER, "Owner" },
                { CONTAINER_CHANGED_INIT_PID, "InitPID" },
                { CONTAINER_CHANGED_BROKEN, "Broken" },
        };
        _cleanup_(names_done) Names names = { NULL };
        const char *changed[ELEMENTS(rows) + 1] = { NULL };
        Bus *bus = userdata;
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(rows); i++)
                if (properties & rows[i].bit)
                        changed[n++] = rows[i].name;
        if (n > 0 && names_of(bus, container, &names))
                (void) sd_bus_emit_properties_changed_strv(bus->bus, names.path,
                                                           INTERFACE_CONTAINER, (char **) changed);
}

static void on_job_added(void *userdata, Job *job)
{
        Bus *bus = userdata;
        _cleanup_(free_p) char *path = bus->ready ? object_path_of_job(job->number) : NULL;

        if (!path)
                return;
        (void) sd_bus_emit_object_added(bus->bus, path);
        (void) sd_bus_emit_signal(bus->bus, BUS_PATH, INTERFACE_MANAGER, "JobAdded", "o", path);
}

static void on_job_changed(void *userdata, Job *job)
{
        Bus *bus = userdata;
        _cleanup_(free_p) char *path = bus->ready ? object_path_of_job(job->number) : NULL;

        if (path)
                (void) sd_bus_emit_properties_changed(bus->bus, path, INTERFACE_JOB, "Progress",
                                                      "Files", "Bytes", "TotalFiles", "TotalBytes",
                                                      NULL);
}

/* What a job says is for who started it, and for nobody else. */
static void on_job_text(void *userdata, Job *job, bool is_log, const char *text)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(free_p) char *clean = utf8_make_valid(strdup(text));
        Bus *bus = userdata;
        _cleanup_(free_p) char *path =
                bus->ready && job->bus_name ? object_path_of_job(job->number) : NULL;
        int r;

        if (!path || !clean)
                return;
        r = sd_bus_message_new_signal(bus->bus, &message, path, INTERFACE_JOB,
                                      is_log ? "Log" : "Message");
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', clean);
        if (r >= 0)
                (void) sd_bus_send_to(bus->bus, message, job->bus_name, NULL);
}

static void on_job_removed(void *userdata, Job *job, const char *result)
{
        Bus *bus = userdata;
        _cleanup_(free_p) char *path = bus->ready ? object_path_of_job(job->number) : NULL;

        if (!path)
                return;
        (void) sd_bus_emit_properties_changed(bus->bus, path, INTERFACE_JOB, "State", "Progress",
                                              "Result", NULL);
        (void) sd_bus_emit_signal(bus->bus, path, INTERFACE_JOB, "Finished", "s", result);
        (void) sd_bus_emit_signal(bus->bus, BUS_PATH, INTERFACE_MANAGER, "JobRemoved", "os", path,
                                  result);
}

static void on_job_forgotten(void *userdata, Job *job)
{
        Bus *bus = userdata;
        _cleanup_(free_p) char *path = bus->ready ? object_path_of_job(job->number) : NULL;

        if (path)
                (void) sd_bus_emit_interfaces_removed(bus->bus, path, INTERFACE_JOB,
                                                      STANDARD_INTERFACES, NULL);
}

const EventSink bus_signals = {
        .container_added = on_container_added,
        .container_removed = on_container_removed,
        .state_changed = on_state_changed,
        .exited = on_exited,
        .container_changed = on_container_changed,
        .job_added = on_job_added,
        .job_changed = on_job_changed,
        .job_text = on_job_text,
        .job_removed = on_job_removed,
        .job_forgotten = on_job_forgotten,
};
