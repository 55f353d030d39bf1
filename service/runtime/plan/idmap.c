/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: the user namespace, lxc.idmap. */

#include <linux/sched.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/subid.h"
#include "runtime/plan/build.h"

static bool maps_root(const Plan *plan, bool groups)
{
        for (size_t i = 0; i < plan->n_id_maps; i++)
                if (plan->id_maps[i].is_gid == groups && plan->id_maps[i].inside == 0)
                        return true;
        return false;
}

bool plan_id_is_mapped(const Plan *plan, bool group, uint32_t inside)
{
        if (plan->n_id_maps == 0)
                return true;
        for (size_t i = 0; i < plan->n_id_maps; i++) {
                const IdMap *map = &plan->id_maps[i];

                if (map->is_gid == group && inside >= map->inside &&
                    inside - map->inside < map->count)
                        return true;
        }
        return false;
}

bool plan_id_belongs(const Plan *plan, bool group, uint32_t outside)
{
        for (size_t i = 0; i < plan->n_id_maps; i++) {
                const IdMap *map = &plan->id_maps[i];

                if (map->is_gid == group && outside >= map->outside &&
                    outside - map->outside < map->count)
                        return true;
        }
        return false;
}

static bool line_is(const char *line, const IdMap *map)
{
        char key[32] = "", kind = 0;
        unsigned inside = 0, outside = 0, count = 0;

        if (sscanf(line, " %31[a-z._] = %c %u %u %u", key, &kind, &inside, &outside, &count) != 5)
                return false;
        return (streq(key, "lxc.idmap") || streq(key, "lxc.id_map")) &&
               kind == (map->is_gid ? 'g' : 'u') && inside == map->inside &&
               outside == map->outside && count == map->count;
}

/* Return: 0 when the file has no such line: an included one has it, or the run's own settings. */
static unsigned find_line(const char *text, const IdMap *map)
{
        unsigned number = 1;

        for (const char *line = text; line && *line; number++) {
                const char *end = strchr(line, '\n');

                if (line_is(line, map))
                        return number;
                line = end ? end + 1 : NULL;
        }
        return 0;
}

static int refuse_range(PlanBuild *build, const SubIds *ids, const IdMap *map)
{
        const char *file = map->is_gid ? SUBID_FILE_GROUPS : SUBID_FILE_USERS;
        unsigned line = find_line(build->input->config_text, map);
        char number[16], where[32] = "";

        (void) snprintf(number, sizeof(number), "%u", ids->uid);
        if (line > 0)
                (void) snprintf(where, sizeof(where), ", line %u", line);
        return plan_invalid(build, "lxc.idmap",
                            "'%s'%s: 'lxc.idmap = %c %u %u %u' maps %s %u to %u, which '%s' does "
                            "not give to '%s': expected there a line '%s:FIRST:COUNT' that holds "
                            "them, or here a range within one",
                            build->input->config_file, where, map->is_gid ? 'g' : 'u', map->inside,
                            map->outside, map->count, map->is_gid ? "groups" : "users",
                            map->outside, map->outside + map->count - 1, file,
                            ids->name ? ids->name : number, ids->name ? ids->name : number);
}

static int check_ranges(PlanBuild *build)
{
        const SubIds *ids = build->input->subids;
        const Plan *plan = build->plan;

        for (size_t i = 0; ids && i < plan->n_id_maps; i++) {
                const IdMap *map = &plan->id_maps[i];

                if (!subids_allow(ids, map->is_gid, map->outside, map->count))
                        return refuse_range(build, ids, map);
        }
        return 0;
}

static int check_init(PlanBuild *build)
{
        const InitConfig *init = &build->config->init;
        const struct {
                const char *key;
                bool group;
                uint32_t id;
        } ids[] = {
                { "lxc.init.uid", false, init->uid },
                { "lxc.init.gid", true, init->gid },
        };

        for (size_t i = 0; i < ELEMENTS(ids); i++)
                if (!plan_id_is_mapped(build->plan, ids[i].group, ids[i].id))
                        return plan_invalid(build, ids[i].key,
                                            "'%s = %u' is not in a range of 'lxc.idmap'",
                                            ids[i].key, ids[i].id);
        return 0;
}

int plan_build_idmap(PlanBuild *build)
{
        const NamespaceConfig *config = &build->config->namespace;
        Plan *plan = build->plan;
        int r;

        if (config->n_idmaps == 0) {
                if (!(config->clone & 1U << NAMESPACE_USER))
                        return 0;
                return plan_refuse(build, "lxc.namespace.clone",
                                   "'lxc.namespace.clone' asks for a user namespace, which needs "
                                   "its ranges of ids: set 'lxc.idmap'");
        }
        if (config->keep & 1U << NAMESPACE_USER)
                return plan_refuse(build, "lxc.namespace.keep",
                                   "'lxc.namespace.keep' leaves out the user namespace that "
                                   "'lxc.idmap' asks for");
        plan->id_maps = calloc(config->n_idmaps, sizeof(IdMap));
        if (!plan->id_maps)
                return plan_oom(build);
        memcpy(plan->id_maps, config->idmaps, config->n_idmaps * sizeof(IdMap));
        plan->n_id_maps = config->n_idmaps;
        plan->namespaces |= CLONE_NEWUSER;
        if (!maps_root(plan, false) || !maps_root(plan, true))
                return plan_invalid(build, "lxc.idmap",
                                    "'lxc.idmap' maps no %s 0 of the container: expected a line "
                                    "'%c 0 OUTSIDE COUNT'",
                                    maps_root(plan, false) ? "group" : "user",
                                    maps_root(plan, false) ? 'g' : 'u');
        r = check_ranges(build);
        return r < 0 ? r : check_init(build);
}
