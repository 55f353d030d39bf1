/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/verb.h"

#include <string.h>

#include "base/strv.h"

static const char *const action_names[_ACTION_MAX] = {
        [ACTION_NONE] = "none",           [ACTION_INSPECT] = "inspect",
        [ACTION_CONTROL] = "control",     [ACTION_ATTACH] = "attach",
        [ACTION_CONFIGURE] = "configure", [ACTION_CREATE] = "create",
        [ACTION_STORAGE] = "storage",     [ACTION_HOST] = "host",
};

const VerbTable *const verb_tables[] = { &manager_table, &container_table, &job_table, NULL };

const char *action_name(Action action)
{
        return action_names[action];
}

const VerbTable *verb_table_find(const char *interface, size_t interface_size)
{
        for (const VerbTable *const *t = verb_tables; *t; t++)
                if (strlen((*t)->interface) == interface_size &&
                    memcmp((*t)->interface, interface, interface_size) == 0)
                        return *t;
        return NULL;
}

const Verb *verb_find(const VerbTable *table, const char *member)
{
        for (const Verb *verb = table->verbs; verb->member; verb++)
                if (streq(verb->member, member))
                        return verb;
        return NULL;
}

const Field *field_find(const Field *fields, const char *name)
{
        for (; fields && fields->name; fields++)
                if (streq(fields->name, name))
                        return fields;
        return NULL;
}
