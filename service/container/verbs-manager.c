/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The verbs of org.nagaya1.Manager. */

#include <limits.h>

#include "base/strv.h"
#include "config/keys.h"
#include "container/addresses.h"
#include "container/ask.h"
#include "container/brief.h"
#include "container/jobs.h"
#include "container/listing.h"
#include "container/manager.h"
#include "container/monitor.h"
#include "container/overrides.h"
#include "container/process-container.h"
#include "container/reply.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "storage/template.h"

/* clang-format off */
static const Field in_name[]      = { { "name", "s", ACTION_NONE }, { NULL } };
static const Field in_pid[]       = { { "pid", "u", ACTION_NONE }, { NULL } };
static const Field in_key[]       = { { "key", "s", ACTION_NONE }, { NULL } };
static const Field out_job[]      = { { "job", "o", ACTION_NONE }, { NULL } };
static const Field out_container[] = { { "container", "o", ACTION_NONE }, { NULL } };
static const Field out_containers[] = { { "containers", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field out_templates[] = { { "templates", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field out_backends[] = { { "backends", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field out_jobs[]     = { { "jobs", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field out_checks[]   = { { "checks", "aa{sv}", ACTION_NONE }, { NULL } };
static const Field out_value[]    = { { "value", "s", ACTION_NONE }, { NULL } };
static const Field no_options[]   = { { NULL } };

static const Field create_options[] = {
        { "template",          "s",     ACTION_NONE },
        { "templateArguments", "as",    ACTION_NONE },
        { "backend",           "s",     ACTION_NONE },
        { "backendOptions",    "a{ss}", ACTION_NONE }, /* by its keys: create_extra() */
        { "config",            "a(ss)", ACTION_NONE }, /* by its keys: create_extra() */
        { "owner",             "u",     ACTION_NONE }, /* by its value: create_extra() */
        { NULL },
};

static const Field list_options[] = {
        { "fields", "as", ACTION_NONE }, /* restricted ones are left out instead */
        { "names",  "as", ACTION_NONE },
        { "states", "as", ACTION_NONE },
        { "groups", "as", ACTION_INSPECT },
        { NULL },
};

static const Field template_rows[] = {
        { "name", "s", ACTION_NONE }, { "summary", "s", ACTION_NONE }, { NULL },
};

static const Field backend_rows[] = {
        { "name", "s", ACTION_NONE }, { "usable", "b", ACTION_NONE }, { "reason", "s", ACTION_NONE }, { NULL },
};

static const Field check_rows[] = {
        { "feature", "s", ACTION_NONE }, { "status", "s", ACTION_NONE }, { "detail", "s", ACTION_NONE }, { NULL },
};

static const Field job_rows[] = {
        { "job", "x", ACTION_NONE }, { "kind", "s", ACTION_NONE }, { "container", "s", ACTION_NONE },
        { "state", "s", ACTION_NONE }, { NULL },
};

static const Field monitor_out[] = {
        { "event", "s", ACTION_NONE }, { "container", "s", ACTION_NONE }, { "previous", "s", ACTION_NONE },
        { "state", "s", ACTION_NONE }, { "job", "x", ACTION_NONE }, { "result", "s", ACTION_NONE },
        { "exitCode", "i", ACTION_NONE }, { "signal", "i", ACTION_NONE }, { NULL },
};
/* clang-format on */

/* --- CreateContainer --- */

/* Storage of the host that its configuration does not name. */
static bool names_storage(const json_t *options)
{
        static const char *const keys[] = {
                "dir", "vgname", "thinpool", "zfsroot", "rbdpool", "rbduser",
        };

        for (size_t i = 0; i < ELEMENTS(keys); i++)
                if (json_object_get(options, keys[i]))
                        return true;
        return false;
}

/* A container whose root maps to the host's, a foreign owner, a program named by its path. */
static Action create_extra(const Call *call)
{
        const char *template = call_string(call, "template");

        if (names_storage(json_object_get(call->parameters, "backendOptions")))
                return ACTION_HOST;
        if (template && template[0] == '/')
                return ACTION_HOST;
        if (call_has(call, "owner") && call_integer(call, "owner", 0) != (int64_t) call->peer.uid)
                return ACTION_HOST;
        return overrides_are_owner_safe(json_object_get(call->parameters, "config")) ? ACTION_NONE
                                                                                     : ACTION_HOST;
}

static int create_parameters(Call *call, const char *name, json_t **ret, Error *reterr)
{
        Manager *manager = call->manager;
        json_t *parameters;
        char directory[PATH_MAX];

        (void) snprintf(directory, sizeof(directory), "%s/%s", manager->container_path, name);
        parameters =
                json_pack("{s:s,s:s,s:s,s:I}", "name", name, "directory", directory,
                          "defaultConfig", system_config_default_config(manager->system_config),
                          "owner", (json_int_t) call_integer(call, "owner", call->peer.uid));
        if (!parameters)
                return error_oom(reterr);
        for (const Field *option = create_options; option->name; option++)
                if (call_has(call, option->name) && !streq(option->name, "owner"))
                        (void) json_object_set(parameters, option->name,
                                               json_object_get(call->parameters, option->name));
        *ret = parameters;
        return 0;
}

static int run_create(Call *call, Error *reterr)
{
        const char *name = call_string(call, "name");
        json_t *parameters;
        Job *job;
        int r;

        r = container_name_check(name, reterr);
        if (r < 0)
                return r;
        r = overrides_check(json_object_get(call->parameters, "config"), "CreateContainer", reterr);
        if (r < 0)
                return r;
        if (manager_container(call->manager, name))
                return error_public(reterr, ERROR_CONTAINER_EXISTS, "Container '%s' already exists",
                                    name);
        r = create_parameters(call, name, &parameters, reterr);
        if (r < 0)
                return r;
        r = job_start(call, "create", name, NULL, parameters, &job, reterr);
        if (r < 0)
                return r;
        return reply_pack(call, reterr, "{s:I}", "job", (json_int_t) job->number);
}

/* --- look-ups --- */

static int run_get(Call *call, Error *reterr)
{
        Container *container;
        int r;

        r = manager_find(call->manager, call_string(call, "name"), &container, reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:s}", "container", container->id);
}

static int run_get_by_pid(Call *call, Error *reterr)
{
        _cleanup_(free_p) char *id = NULL;
        pid_t pid = (pid_t) call_integer(call, "pid", 0);
        Container *container;
        int r;

        if (pid == 0)
                pid = call->peer.pid;
        if (pid == 0)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "The caller's pid is not known; give one");
        r = process_container(pid, &id, reterr);
        if (r < 0)
                return r;
        r = manager_find(call->manager, id, &container, reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:s}", "container", container->id);
}

/* --- lists --- */

/* Made so that a container costs the same however much is asked for: everybody may ask. */
typedef struct Filter {
        char **fields, **names, **states, **groups; /* names and groups sorted */
        bool has_names, has_states, has_groups;
        size_t n_names, n_groups;
        unsigned state_mask, field_mask;
} Filter;

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static void sort(char **list)
{
        if (list)
                qsort(list, strv_length(list), sizeof(char *), compare_texts);
}

static bool sorted_contains(char *const *list, size_t n, const char *text)
{
        return n > 0 && bsearch(&text, list, n, sizeof(char *), compare_texts);
}

static void filter_done(Filter *filter)
{
        (void) strv_free(filter->fields);
        (void) strv_free(filter->names);
        (void) strv_free(filter->states);
        (void) strv_free(filter->groups);
}

static int filter_read(const Call *call, Filter *ret, Error *reterr)
{
        bool has_fields;
        struct {
                const char *field;
                char ***list;
                bool *has;
        } parts[] = {
                { "fields", &ret->fields, &has_fields },
                { "names", &ret->names, &ret->has_names },
                { "states", &ret->states, &ret->has_states },
                { "groups", &ret->groups, &ret->has_groups },
        };

        for (size_t i = 0; i < ELEMENTS(parts); i++) {
                int r = json_get_strv(call->parameters, parts[i].field, parts[i].list, reterr);

                if (r < 0)
                        return r;
                *parts[i].has = r > 0;
        }
        strv_foreach(name, ret->states) {
                State state = state_from_name(*name);

                if (state == _STATE_INVALID)
                        return error_at(reterr,
                                        error_public(reterr, ERROR_INVALID_ARGS,
                                                     "There is no state '%.64s'", *name),
                                        NULL, "states");
                ret->state_mask |= 1u << state;
        }
        sort(ret->names);
        sort(ret->groups);
        ret->n_names = strv_length(ret->names);
        ret->n_groups = strv_length(ret->groups);
        ret->field_mask = listing_mask(ret->fields);
        return listing_check_fields(ret->fields, reterr);
}

static bool groups_match(const Filter *filter, const Container *container)
{
        strv_foreach(group, container->summary.groups)
                if (sorted_contains(filter->groups, filter->n_groups, *group))
                        return true;
        return false;
}

static bool filter_matches(const Filter *filter, const Container *container)
{
        if (filter->has_names && !sorted_contains(filter->names, filter->n_names, container->id))
                return false;
        if (filter->has_states && !(filter->state_mask & (1u << container->state)))
                return false;
        return !filter->has_groups || groups_match(filter, container);
}

/* `addresses` is NULL when nobody asked for them. */
static int reply_list(Call *call, bool restricted, const json_t *addresses, Error *reterr)
{
        _cleanup_(filter_done) Filter filter = { 0 };
        _cleanup_(json_decref_p) json_t *rows = json_array();
        int r;

        r = filter_read(call, &filter, reterr);
        if (r < 0)
                return r;
        for (Container *c = manager_containers(call->manager); c; c = c->next) {
                json_t *row;

                if (!filter_matches(&filter, c))
                        continue;
                row = listing_row(c, filter.field_mask, restricted);
                if (json_array_append_new(rows, row) < 0 ||
                    (addresses && listing_add_addresses(row, c, addresses) < 0))
                        return error_oom(reterr);
        }
        return reply_pack(call, reterr, "{s:O}", "containers", rows);
}

static void on_list_addresses(Call *call, const json_t *addresses)
{
        Error error = ERROR_NULL;

        if (reply_list(call, true, addresses, &error) < 0)
                call_fail(call, &error);
        error_done(&error);
}

static int ask_addresses(Call *call, const Filter *filter, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *ids = json_array();

        for (Container *c = manager_containers(call->manager); c; c = c->next)
                if (c->init_pid > 0 && filter_matches(filter, c) &&
                    json_array_append_new(ids, json_from_text(c->id)) < 0)
                        return error_oom(reterr);
        return addresses_ask(call, TAKE_PTR(ids), on_list_addresses, reterr);
}

static int tell_list(Call *call, bool restricted, Error *reterr)
{
        _cleanup_(filter_done) Filter filter = { 0 };
        int r;

        r = filter_read(call, &filter, reterr);
        if (r < 0)
                return r;
        return restricted && listing_wants_addresses(filter.field_mask)
                       ? ask_addresses(call, &filter, reterr)
                       : reply_list(call, restricted, NULL, reterr);
}

static void on_list_answer(Call *call, const Error *problem)
{
        Error error = ERROR_NULL;

        if (tell_list(call, !problem, &error) < 0)
                call_fail(call, &error);
        error_done(&error);
}

/* What needs `inspect` is left out when it is not granted; that is asked once, without a dialog. */
static int run_list(Call *call, Error *reterr)
{
        _cleanup_(filter_done) Filter filter = { 0 };
        AuthorityDetails details = { .verb = call->verb->member };
        int r;

        r = filter_read(call, &filter, reterr);
        if (r < 0)
                return r;
        if (call->peer.uid == 0)
                return tell_list(call, true, reterr);
        if (listing_wants_restricted(filter.field_mask) &&
            call_ask(call, ACTION_INSPECT, &details, false, on_list_answer, NULL) == 0)
                return 0;
        return tell_list(call, false, reterr);
}

static int run_list_templates(Call *call, Error *reterr)
{
        _cleanup_(template_list_done) TemplateList list = { 0 };
        _cleanup_(json_decref_p) json_t *rows = json_array();
        int r;

        r = template_list(template_directories, &list, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < list.n; i++)
                if (json_array_append_new(
                            rows, json_pack("{s:o,s:o}", "name", json_from_text(list.items[i].name),
                                            "summary", json_from_text(list.items[i].summary))) < 0)
                        return error_oom(reterr);
        return reply_pack(call, reterr, "{s:O}", "templates", rows);
}

/* A job, since what modules the kernel can load is hidden from this service. */
static int run_list_backends(Call *call, Error *reterr)
{
        return brief_answer(call, "list-backends", "", json_object(), reterr);
}

static int run_list_jobs(Call *call, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *rows = json_array();

        for (Job *job = manager_jobs(call->manager); job; job = job->next)
                if (json_array_append_new(rows, json_pack("{s:I,s:s,s:s,s:s}", "job",
                                                          (json_int_t) job->number, "kind",
                                                          job->kind, "container", job->container,
                                                          "state", job_state_name(job->state))) < 0)
                        return error_oom(reterr);
        return reply_pack(call, reterr, "{s:O}", "jobs", rows);
}

static int run_check_host(Call *call, Error *reterr)
{
        return brief_answer(call, "check-host", "",
                            json_pack("{s:s}", "path", call->manager->container_path), reterr);
}

static int run_get_system_config(Call *call, Error *reterr)
{
        const char *value;
        int r;

        r = system_config_get(call->manager->system_config, call_string(call, "key"), &value,
                              reterr);
        return r < 0 ? r : reply_pack(call, reterr, "{s:s}", "value", value);
}

static int run_monitor(Call *call, Error *reterr)
{
        return monitor_add(call->manager->monitor, call, reterr);
}

/* clang-format off */
static const Verb verbs[] = {
        { "CreateContainer", in_name, create_options, out_job, NULL, ACTION_CREATE, 0, create_extra, { .on_manager = run_create } },
        { "GetContainer", in_name, NULL, out_container, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_get } },
        { "GetContainerByPID", in_pid, NULL, out_container, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_get_by_pid } },
        { "ListContainers", NULL, list_options, out_containers, listing_fields, ACTION_NONE, 0, NULL, { .on_manager = run_list } },
        { "ListTemplates", NULL, no_options, out_templates, template_rows, ACTION_NONE, 0, NULL, { .on_manager = run_list_templates } },
        { "ListBackends", NULL, no_options, out_backends, backend_rows, ACTION_NONE, 0, NULL, { .on_manager = run_list_backends } },
        { "CheckHost", NULL, no_options, out_checks, check_rows, ACTION_INSPECT, 0, NULL, { .on_manager = run_check_host } },
        { "ListJobs", NULL, no_options, out_jobs, job_rows, ACTION_NONE, 0, NULL, { .on_manager = run_list_jobs } },
        { "GetSystemConfig", in_key, NULL, out_value, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_get_system_config } },
        { "Monitor", NULL, NULL, monitor_out, NULL, ACTION_NONE, VERB_VARLINK_ONLY | VERB_MORE, NULL, { .on_manager = run_monitor } },
        { NULL },
};
/* clang-format on */

static int run(Call *call, Error *reterr)
{
        return call->verb->run.on_manager(call, reterr);
}

const VerbTable manager_table = { INTERFACE_MANAGER, NULL, NULL, verbs, run };
