/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "cli/assignment.h"
#include "cli/each.h"
#include "cli/job.h"
#include "cli/output.h"
#include "interfaces/names.h"

/* clang-format off */
static const Option create_options[] = {
        { 't', "template", OPTION_TEXT, "TEMPLATE", "Fill it with this template (see 'nagaya templates')",
          .candidates = CANDIDATES_TEMPLATES },
        { 'B', "backend",  OPTION_TEXT, "BACKEND", "Keep it in this kind of storage (see 'nagaya backends')",
          .candidates = CANDIDATES_BACKENDS },
        { 0,   "dir",      OPTION_TEXT, "PATH", "Keep its files there (dir)" },
        { 0,   "fstype",   OPTION_TEXT, "TYPE", "Make this file system (loop, lvm, rbd), as ext4" },
        { 0,   "fssize",   OPTION_TEXT, "SIZE", "Make it so large: N[bkmgt], without a letter megabytes" },
        { 0,   "lvname",   OPTION_TEXT, "NAME", "Call the logical volume so (lvm)" },
        { 0,   "vgname",   OPTION_TEXT, "NAME", "Make it in this volume group (lvm)" },
        { 0,   "thinpool", OPTION_TEXT, "NAME", "Make it in this thin pool (lvm)" },
        { 0,   "zfsroot",  OPTION_TEXT, "NAME", "Make the data set below this one (zfs)" },
        { 0,   "rbdname",  OPTION_TEXT, "NAME", "Call the image so (rbd)" },
        { 0,   "rbdpool",  OPTION_TEXT, "NAME", "Make the image in this pool (rbd)" },
        { 0,   "rbduser",  OPTION_TEXT, "NAME", "Be this user of the cluster (rbd)" },
        { 0,   "set", OPTION_ASSIGNMENTS, "KEY=VALUE", "Add a key to its configuration" },
        { 0,   NULL },
};
static const Option destroy_options[] = {
        { 'f', "force",     .help = "Stop it first, if it runs" },
        { 's', "snapshots", .help = "Remove its snapshots, too" },
        { 0,   NULL },
};
/* clang-format on */

static int print_result(const Context *context, const json_t *result, Error *reterr)
{
        return context->json && result ? output_json(result, reterr) : 0;
}

/* As lxc-create calls them. */
static int put_backend_options(json_t *parameters, const Arguments *arguments)
{
        static const char *const names[] = {
                "dir",      "fstype",  "fssize",  "lvname",  "vgname",
                "thinpool", "zfsroot", "rbdname", "rbdpool", "rbduser",
        };
        _cleanup_(json_decref_p) json_t *options = json_object();

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                const char *value = arguments_text(arguments, names[i]);

                if (value && json_set(options, names[i], json_string(value)) < 0)
                        return -ENOMEM;
        }
        return json_object_size(options) > 0
                       ? json_set(parameters, "backendOptions", json_incref(options))
                       : 0;
}

static json_t *create_parameters(const Arguments *arguments, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *parameters =
                json_pack("{s:s}", "name", arguments->words[0]);
        const char *template = arguments_text(arguments, "template");
        const char *backend = arguments_text(arguments, "backend");

        if (!parameters ||
            (template && json_set(parameters, "template", json_string(template)) < 0) ||
            (backend && json_set(parameters, "backend", json_string(backend)) < 0) ||
            put_backend_options(parameters, arguments) < 0 ||
            (arguments->rest &&
             json_set(parameters, "templateArguments", json_from_strv(arguments->rest)) < 0)) {
                (void) error_oom(reterr);
                return NULL;
        }
        if (assignments_put(parameters, "config", arguments, "set", reterr) < 0)
                return NULL;
        return TAKE_PTR(parameters);
}

static int run_create(Context *context, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *result = NULL;
        json_t *parameters = create_parameters(context->arguments, reterr);
        int r;

        if (!parameters)
                return -EINVAL;
        r = job_run(context, INTERFACE_MANAGER ".CreateContainer", parameters, &result, reterr);
        return r < 0 ? r : print_result(context, result, reterr);
}

static int destroy_one(Context *context, const char *container, void *userdata, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *result = NULL;
        json_t *parameters = client_parameters(container);
        int r;

        if (!parameters)
                return error_oom(reterr);
        for (const Option *option = destroy_options; option->name; option++)
                if (arguments_flag(context->arguments, option->name) &&
                    json_set(parameters, option->name, json_true()) < 0) {
                        json_decref(parameters);
                        return error_oom(reterr);
                }
        r = job_run(context, INTERFACE_CONTAINER ".Destroy", parameters, &result, reterr);
        return r < 0 ? r : print_result(context, result, reterr);
}

static int run_destroy(Context *context, Error *reterr)
{
        return each_in_turn(context, destroy_one, NULL, reterr);
}

const Command commands_create[] = {
        { .name = "create",
          .arguments = "NAME [-- TEMPLATE-ARGUMENT...]",
          .summary = "Make a container with a template",
          .description =
                  "What the template and the service tell is shown while it is made. Without\n"
                  "a template its root file system stays empty. An interrupt (Ctrl+C) takes\n"
                  "back what was made so far.",
          .options = create_options,
          .words_min = 1,
          .words_max = 1,
          .rest = REST_DASHES,
          .run = run_create },
        { .name = "destroy",
          .arguments = "NAME...",
          .summary = "Remove containers with all their files",
          .options = destroy_options,
          .words_min = 1,
          .words_max = WORDS_ANY,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_destroy },
        { .name = NULL },
};
