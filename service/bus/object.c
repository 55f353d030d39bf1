/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One handler serves every verb: the message's interface and member name the row. */

#include "bus/object.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/strv.h"
#include "base/utf8.h"
#include "bus/bus-call.h"
#include "bus/marshal.h"
#include "bus/object-path.h"
#include "bus/service-interface.h"
#include "bus/vtable.h"
#include "container/manager.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

enum {
        VTABLE_MANAGER,
        VTABLE_CONTAINER,
        VTABLE_JOB,
        _VTABLE_MAX,
};

struct Objects {
        Manager *manager;
        BusPeers *peers;
        Vtable *vtables[_VTABLE_MAX];
};

static int on_method(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        sd_bus *bus = sd_bus_message_get_bus(message);
        Objects *objects = sd_bus_slot_get_userdata(sd_bus_get_current_slot(bus));
        const char *interface = sd_bus_message_get_interface(message);
        const VerbTable *table = verb_table_find(interface, strlen(interface));
        const Verb *verb = table ? verb_find(table, sd_bus_message_get_member(message)) : NULL;

        if (!verb)
                return 0;
        bus_call_begin(objects->peers, objects->manager, message, table, verb);
        return 1;
}

/* Getters. */

static int append_text(sd_bus_message *reply, const char *text)
{
        _cleanup_(free_p) char *copy = strdup(text ? text : "");

        if (!copy)
                return -ENOMEM;
        return sd_bus_message_append_basic(reply, 's', utf8_make_valid(copy));
}

static int get_text(sd_bus *bus,
                    const char *path,
                    const char *interface,
                    const char *property,
                    sd_bus_message *reply,
                    void *userdata,
                    sd_bus_error *reterr)
{
        return append_text(reply, *(char **) userdata);
}

static int get_version(sd_bus *bus,
                       const char *path,
                       const char *interface,
                       const char *property,
                       sd_bus_message *reply,
                       void *userdata,
                       sd_bus_error *reterr)
{
        return append_text(reply, VERSION);
}

static int get_container_path(sd_bus *bus,
                              const char *path,
                              const char *interface,
                              const char *property,
                              sd_bus_message *reply,
                              void *userdata,
                              sd_bus_error *reterr)
{
        const Objects *objects = userdata;

        return append_text(reply, objects->manager->container_path);
}

static int get_state(sd_bus *bus,
                     const char *path,
                     const char *interface,
                     const char *property,
                     sd_bus_message *reply,
                     void *userdata,
                     sd_bus_error *reterr)
{
        const Container *container = userdata;

        return append_text(reply, state_name(container->state));
}

static int get_job_state(sd_bus *bus,
                         const char *path,
                         const char *interface,
                         const char *property,
                         sd_bus_message *reply,
                         void *userdata,
                         sd_bus_error *reterr)
{
        const Job *job = userdata;

        return append_text(reply, job_state_name(job->state));
}

static int get_job_result(sd_bus *bus,
                          const char *path,
                          const char *interface,
                          const char *property,
                          sd_bus_message *reply,
                          void *userdata,
                          sd_bus_error *reterr)
{
        static const Field field[] = { { "result", "a{sv}", ACTION_NONE }, { NULL } };
        const Job *job = userdata;
        const Verb *wait = verb_find(&job_table, "Wait");
        _cleanup_(json_decref_p) json_t *value = json_object();
        const FdArray none = { .n = 0 };

        if (json_set(value, "result", job->result ? json_incref(job->result) : json_object()) < 0)
                return -ENOMEM;
        return marshal_append(reply, field, wait->rows, value, &none, NULL);
}

#define CONST SD_BUS_VTABLE_PROPERTY_CONST
#define EMITS SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* clang-format off */
static const Property manager_properties[] = {
        { "Version",       "s", CONST, get_version },
        { "ContainerPath", "s", CONST, get_container_path },
        { NULL },
};

static const Property container_properties[] = {
        { "Name",    "s", CONST, get_text,  offsetof(Container, name) },
        { "Unit",    "s", CONST, get_text,  offsetof(Container, unit) },
        { "Owner",   "u", EMITS, NULL,      offsetof(Container, owner) },
        { "State",   "s", EMITS, get_state },
        { "InitPID", "u", EMITS, NULL,      offsetof(Container, init_pid) },
        { "Broken",  "s", EMITS, get_text,  offsetof(Container, broken) },
        { NULL },
};

static const Property job_properties[] = {
        { "Kind",       "s",     CONST, get_text,      offsetof(Job, kind) },
        { "Container",  "s",     CONST, get_text,      offsetof(Job, container) },
        { "Owner",      "u",     CONST, NULL,          offsetof(Job, owner) },
        { "State",      "s",     EMITS, get_job_state },
        { "Progress",   "d",     EMITS, NULL,          offsetof(Job, progress) },
        { "Files",      "t",     EMITS, NULL,          offsetof(Job, files) },
        { "Bytes",      "t",     EMITS, NULL,          offsetof(Job, bytes) },
        { "TotalFiles", "t",     EMITS, NULL,          offsetof(Job, total_files) },
        { "TotalBytes", "t",     EMITS, NULL,          offsetof(Job, total_bytes) },
        { "Result",     "a{sv}", EMITS, get_job_result },
        { NULL },
};

#define ARGUMENT(name, signature) { name, signature, ACTION_NONE }

static const Field id_and_container[] = { ARGUMENT("id", "s"), ARGUMENT("container", "o"), { NULL } };
static const Field state_of_container[] = { ARGUMENT("id", "s"), ARGUMENT("container", "o"),
                                            ARGUMENT("previous", "s"), ARGUMENT("state", "s"),
                                            { NULL } };
static const Field state[] = { ARGUMENT("previous", "s"), ARGUMENT("state", "s"), { NULL } };
static const Field exited[] = { ARGUMENT("code", "i"), ARGUMENT("signal", "i"), { NULL } };
static const Field job[] = { ARGUMENT("job", "o"), { NULL } };
static const Field job_and_result[] = { ARGUMENT("job", "o"), ARGUMENT("result", "s"), { NULL } };
static const Field result[] = { ARGUMENT("result", "s"), { NULL } };
static const Field text[] = { ARGUMENT("text", "s"), { NULL } };

static const Signal manager_signals[] = {
        { "ContainerAdded",   id_and_container },
        { "ContainerRemoved", id_and_container },
        { "StateChanged",     state_of_container },
        { "JobAdded",         job },
        { "JobRemoved",       job_and_result },
        { NULL },
};

static const Signal container_signals[] = {
        { "StateChanged", state },
        { "Exited",       exited },
        { NULL },
};

static const Signal job_signals[] = {
        { "Finished", result },
        { "Message",  text },
        { "Log",      text },
        { NULL },
};

static const struct {
        const VerbTable *table;
        const Property *properties;
        const Signal *signals;
} interfaces[_VTABLE_MAX] = {
        [VTABLE_MANAGER]   = { &manager_table,   manager_properties,   manager_signals },
        [VTABLE_CONTAINER] = { &container_table, container_properties, container_signals },
        [VTABLE_JOB]       = { &job_table,       job_properties,       job_signals },
};
/* clang-format on */

/* Is there such an object? The prefix itself and what is no path of ours: sd-bus answers. */

static int find_container(sd_bus *bus,
                          const char *path,
                          const char *interface,
                          void *userdata,
                          void **ret_found,
                          sd_bus_error *reterr)
{
        _cleanup_(free_p) char *id = NULL;
        const Objects *objects = userdata;
        Container *container;
        int r = object_path_to_container(path, &id);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        container = manager_container(objects->manager, id);
        if (!container)
                return sd_bus_error_setf(reterr, error_code_row(ERROR_NO_SUCH_CONTAINER)->bus_name,
                                         "There is no container '%s'", utf8_make_valid(id));
        *ret_found = container;
        return 1;
}

static int find_job(sd_bus *bus,
                    const char *path,
                    const char *interface,
                    void *userdata,
                    void **ret_found,
                    sd_bus_error *reterr)
{
        const Objects *objects = userdata;
        int64_t number;
        Job *found;

        if (object_path_to_job(path, &number) < 0)
                return 0;
        found = manager_job(objects->manager, number);
        if (!found)
                return sd_bus_error_setf(reterr, error_code_row(ERROR_NO_SUCH_JOB)->bus_name,
                                         "There is no job %" PRIi64, number);
        *ret_found = found;
        return 1;
}

/* A list with room for n paths. Return: NULL when out of memory. */
static char **paths_new(size_t n)
{
        return calloc(n + 1, sizeof(char *));
}

static int enumerate_containers(
        sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *reterr)
{
        const Objects *objects = userdata;
        _cleanup_(strv_free_p) char **paths = NULL;
        size_t n = 0;

        for (Container *c = manager_containers(objects->manager); c; c = c->next)
                n++;
        paths = paths_new(n);
        if (!paths)
                return -ENOMEM;
        n = 0;
        for (Container *c = manager_containers(objects->manager); c; c = c->next) {
                paths[n] = object_path_of_container(c->id);
                if (!paths[n++])
                        return -ENOMEM;
        }
        *ret_nodes = TAKE_PTR(paths);
        return 0;
}

static int enumerate_jobs(
        sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *reterr)
{
        const Objects *objects = userdata;
        _cleanup_(strv_free_p) char **paths = NULL;
        size_t n = 0;

        for (Job *j = manager_jobs(objects->manager); j; j = j->next)
                n++;
        paths = paths_new(n);
        if (!paths)
                return -ENOMEM;
        n = 0;
        for (Job *j = manager_jobs(objects->manager); j; j = j->next) {
                paths[n] = object_path_of_job(j->number);
                if (!paths[n++])
                        return -ENOMEM;
        }
        *ret_nodes = TAKE_PTR(paths);
        return 0;
}

int objects_new(Manager *manager, Objects **ret)
{
        _cleanup_(objects_free_p) Objects *objects = calloc(1, sizeof(*objects));
        int r;

        if (!objects)
                return -ENOMEM;
        objects->manager = manager;
        for (size_t i = 0; i < _VTABLE_MAX; i++) {
                r = vtable_new(interfaces[i].table->verbs, interfaces[i].properties,
                               interfaces[i].signals, on_method, &objects->vtables[i]);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(objects);
        return 0;
}

Objects *objects_free(Objects *objects)
{
        if (!objects)
                return NULL;
        for (size_t i = 0; i < _VTABLE_MAX; i++)
                (void) vtable_free(objects->vtables[i]);
        free(objects);
        return NULL;
}

static int add_fallback(Objects *objects,
                        sd_bus *bus,
                        const char *prefix,
                        unsigned vtable,
                        sd_bus_object_find_t find,
                        sd_bus_node_enumerator_t enumerate)
{
        int r;

        r = sd_bus_add_fallback_vtable(bus, NULL, prefix, interfaces[vtable].table->interface,
                                       vtable_rows(objects->vtables[vtable]), find, objects);
        return r < 0 ? r : sd_bus_add_node_enumerator(bus, NULL, prefix, enumerate, objects);
}

int objects_attach(Objects *objects, sd_bus *bus, BusPeers *peers)
{
        int r;

        objects->peers = peers;
        r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, INTERFACE_MANAGER,
                                     vtable_rows(objects->vtables[VTABLE_MANAGER]), objects);
        if (r >= 0)
                r = add_fallback(objects, bus, BUS_CONTAINER_PREFIX, VTABLE_CONTAINER,
                                 find_container, enumerate_containers);
        if (r >= 0)
                r = add_fallback(objects, bus, BUS_JOB_PREFIX, VTABLE_JOB, find_job,
                                 enumerate_jobs);
        if (r >= 0)
                r = sd_bus_add_object_manager(bus, NULL, BUS_PATH);
        if (r >= 0)
                r = sd_bus_add_object_vtable(bus, NULL, BUS_PATH, INTERFACE_VARLINK_SERVICE,
                                             service_interface_rows, NULL);
        return r < 0 ? r : 0;
}

static const sd_bus_vtable *find_rows(const Objects *objects, const char *interface)
{
        if (streq(interface, INTERFACE_VARLINK_SERVICE))
                return service_interface_rows;
        for (size_t i = 0; i < _VTABLE_MAX; i++)
                if (streq(interface, interfaces[i].table->interface))
                        return vtable_rows(objects->vtables[i]);
        return NULL;
}

bool objects_have_interface(const Objects *objects, const char *interface)
{
        return find_rows(objects, interface) != NULL;
}

void objects_print_interface(const Objects *objects, const char *interface, FILE *f)
{
        vtable_print(find_rows(objects, interface), interface, f);
}
