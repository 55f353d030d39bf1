/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/listing.h"

#include <ctype.h>
#include <fcntl.h>

#include "base/strv.h"
#include "container/manager.h"
#include "container/registry.h"
#include "interfaces/errors.h"
#include "storage/dependents.h"

typedef json_t *(*Getter)(const Container *container);

static json_t *get_container(const Container *c)
{
        return json_from_text(c->id);
}

static json_t *get_state(const Container *c)
{
        return json_string(state_name(c->state));
}

static json_t *get_init_pid(const Container *c)
{
        return json_integer(c->init_pid);
}

static json_t *get_owner(const Container *c)
{
        return json_integer(c->owner);
}

static json_t *get_broken(const Container *c)
{
        return json_from_text(c->broken ? c->broken : "");
}

static json_t *get_unit(const Container *c)
{
        return json_from_text(c->unit);
}

static json_t *get_path(const Container *c)
{
        return json_from_text(c->directory);
}

static json_t *get_rootfs(const Container *c)
{
        return json_from_text(c->summary.rootfs ? c->summary.rootfs : "");
}

static json_t *get_backend(const Container *c)
{
        return json_from_text(c->summary.backend ? c->summary.backend : "");
}

static json_t *get_autostart(const Container *c)
{
        return json_boolean(c->summary.start_auto);
}

static json_t *get_start_order(const Container *c)
{
        return json_integer(c->summary.start_order);
}

static json_t *get_start_delay(const Container *c)
{
        return json_integer(c->summary.start_delay);
}

static json_t *get_groups(const Container *c)
{
        return json_from_strv(c->summary.groups);
}

static json_t *get_unprivileged(const Container *c)
{
        return json_boolean(c->summary.unprivileged);
}

static json_t *get_ephemeral(const Container *c)
{
        return json_boolean(c->summary.ephemeral);
}

static json_t *get_control_group(const Container *c)
{
        return json_string(c->control_group && state_is_active(c->state) ? c->control_group : "");
}

/* By name where that is enough. */
static json_t *kin_list(const Container *c, const Kinship *kinship)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < kinship->n; i++) {
                const Kin *kin = &kinship->items[i];
                _cleanup_(free_p) char *path = NULL;
                bool near = streq(kin->path, c->manager->container_path);

                if (!near)
                        path = string_format("%s/%s", kin->path, kin->name);
                if ((!near && !path) ||
                    json_array_append_new(list, json_from_text(near ? kin->name : path)) < 0) {
                        json_decref(list);
                        return NULL;
                }
        }
        return list;
}

static int open_directory(const Container *c)
{
        return open(c->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static json_t *get_depends_on(const Container *c)
{
        _cleanup_(kinship_done) Kinship bases = { 0 };
        _cleanup_(fd_close_p) int fd = open_directory(c);

        if (fd >= 0)
                (void) bases_read(fd, &bases, NULL);
        return kin_list(c, &bases);
}

static json_t *get_dependents(const Container *c)
{
        _cleanup_(kinship_done) Kinship clones = { 0 };
        _cleanup_(fd_close_p) int fd = open_directory(c);
        _cleanup_(free_p) char *path = NULL;
        unsigned unknown;

        path = strndup(c->directory, (size_t) (strrchr(c->directory, '/') - c->directory));
        if (!path)
                return NULL;
        if (fd >= 0)
                (void) dependents_find(&(Kin){ path, c->name }, fd, &clones, &unknown, NULL);
        return kin_list(c, &clones);
}

/* clang-format off */
const Field listing_fields[] = {
        { "container",    "s",  ACTION_NONE },
        { "state",        "s",  ACTION_NONE },
        { "initPid",      "u",  ACTION_NONE },
        { "owner",        "u",  ACTION_NONE },
        { "broken",       "s",  ACTION_NONE },
        { "unit",         "s",  ACTION_NONE },
        { "path",         "s",  ACTION_INSPECT },
        { "rootfs",       "s",  ACTION_INSPECT },
        { "backend",      "s",  ACTION_INSPECT },
        { "autostart",    "b",  ACTION_INSPECT },
        { "startOrder",   "x",  ACTION_INSPECT },
        { "startDelay",   "x",  ACTION_INSPECT },
        { "groups",       "as", ACTION_INSPECT },
        { "unprivileged", "b",  ACTION_INSPECT },
        { "ephemeral",    "b",  ACTION_INSPECT },
        { "controlGroup", "s",  ACTION_INSPECT },
        { "dependsOn",    "as", ACTION_INSPECT },
        { "dependents",   "as", ACTION_INSPECT },
        { "addresses",    "as", ACTION_INSPECT },
        { NULL,           NULL, ACTION_NONE },
};

/* In the order of the fields; what has none is added by whoever asked for it. */
static const Getter getters[] = {
        get_container, get_state, get_init_pid, get_owner, get_broken, get_unit, get_path, get_rootfs,
        get_backend, get_autostart, get_start_order, get_start_delay, get_groups, get_unprivileged,
        get_ephemeral, get_control_group, get_depends_on, get_dependents, NULL,
};

/* These are not known here, so they are only told to those who name them. */
#define ADDRESSES (1u << (ELEMENTS(getters) - 1))
#define RELATIVES (ADDRESSES >> 1 | ADDRESSES >> 2)
/* clang-format on */

_Static_assert(ELEMENTS(getters) <= 32, "a bit for each field");
_Static_assert(ELEMENTS(getters) == ELEMENTS(listing_fields) - 1, "a getter for each field");

/* Callers over D-Bus read and write init_pid, those over varlink initPid. */
static bool is_called(const Field *field, const char *name)
{
        const char *camel = field->name;

        if (streq(name, camel))
                return true;
        for (; *camel; camel++, name++) {
                if (isupper((unsigned char) *camel) && *name++ != '_')
                        return false;
                if (*name != tolower((unsigned char) *camel))
                        return false;
        }
        return *name == '\0';
}

static const Field *find(const char *name)
{
        for (const Field *field = listing_fields; field->name; field++)
                if (is_called(field, name))
                        return field;
        return NULL;
}

unsigned listing_mask(char *const *fields)
{
        unsigned mask =
                fields ? 1
                       : ~(ADDRESSES |
                           RELATIVES); /* the first is the id: a row without it is of no use */

        for (; fields && *fields; fields++) {
                const Field *field = find(*fields);

                if (field)
                        mask |= 1u << (field - listing_fields);
        }
        return mask;
}

json_t *listing_row(Container *container, unsigned mask, bool restricted)
{
        _cleanup_(json_decref_p) json_t *row = json_object();

        if (restricted)
                registry_refresh(container);
        for (size_t i = 0; i < ELEMENTS(getters); i++) {
                const Field *field = &listing_fields[i];

                if (!(mask & (1u << i)) || !getters[i] ||
                    (field->action != ACTION_NONE && !restricted))
                        continue;
                if (json_set(row, field->name, getters[i](container)) < 0)
                        return NULL;
        }
        return TAKE_PTR(row);
}

int listing_check_fields(char *const *fields, Error *reterr)
{
        for (; fields && *fields; fields++)
                if (!find(*fields)) {
                        int r = error_public(reterr, ERROR_INVALID_ARGS,
                                             "There is no field '%.64s' of a container", *fields);

                        return error_at(reterr, r, NULL, "fields");
                }
        return 0;
}

bool listing_wants_restricted(unsigned mask)
{
        for (size_t i = 0; i < ELEMENTS(getters); i++)
                if ((mask & (1u << i)) && listing_fields[i].action != ACTION_NONE)
                        return true;
        return false;
}

bool listing_wants_addresses(unsigned mask)
{
        return mask & ADDRESSES;
}

int listing_add_addresses(json_t *row, const Container *container, const json_t *addresses)
{
        json_t *list = json_object_get(addresses, container->id);

        return json_set(row, "addresses", list ? json_incref(list) : json_array());
}
