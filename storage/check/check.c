/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/check/check.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/backend/backend.h"
#include "storage/template.h"

static const char *const status_names[] = {
        [CHECK_ENABLED] = "enabled",
        [CHECK_MISSING] = "missing",
        [CHECK_WARNING] = "warning",
        [CHECK_REQUIRED] = "required",
};

static int add(json_t *rows, const char *feature, CheckStatus status, const char *detail)
{
        json_t *row = json_pack("{s:o,s:s,s:o}", "feature", json_from_text(feature), "status",
                                status_names[status], "detail", json_from_text(detail));

        return json_array_append_new(rows, row) < 0 ? -ENOMEM : 0;
}

static int run_row(json_t *rows, const CheckInput *input, const CheckRow *row)
{
        _cleanup_(free_p) char *detail = NULL;
        int r;

        r = row->probe(input, row->argument, &detail);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && !detail &&
            !(detail = string_format("This cannot be found out: %s", strerror(-r))))
                return -ENOMEM;
        if (r > 0)
                return add(rows, row->feature, CHECK_ENABLED, detail ? detail : "");
        return add(rows, row->feature, r < 0 ? CHECK_WARNING : row->otherwise,
                   detail         ? detail
                   : row->without ? row->without
                                  : "");
}

static int add_backends(json_t *rows)
{
        for (const Backend *const *backend = backends; *backend; backend++) {
                _cleanup_(free_p) char *reason = NULL;
                char feature[64];
                int usable = backend_is_usable(*backend, &reason);

                (void) snprintf(feature, sizeof(feature), "backend %s", (*backend)->name);
                if (usable < 0 || add(rows, feature, usable > 0 ? CHECK_ENABLED : CHECK_MISSING,
                                      reason ? reason : (*backend)->summary) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int add_templates(json_t *rows, const CheckInput *input)
{
        _cleanup_(template_list_done) TemplateList list = { 0 };
        int r;

        r = template_list(input->template_directories, &list, NULL);
        if (r < 0 || list.n == 0)
                return add(rows, "templates", CHECK_MISSING,
                           r < 0 ? strerror(-r) : "There is nothing to make a container with");
        for (size_t i = 0; i < list.n; i++) {
                _cleanup_(free_p) char *feature = NULL;

                feature = string_format("template %s", list.items[i].name);
                if (!feature)
                        return -ENOMEM;
                if (add(rows, feature, CHECK_ENABLED, list.items[i].summary) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int run_all(json_t *rows, const CheckInput *input)
{
        static const CheckRow *const tables[] = { checks_kernel, checks_network, checks_system };

        for (size_t i = 0; i < ELEMENTS(tables); i++)
                for (const CheckRow *row = tables[i]; row->feature; row++) {
                        int r = run_row(rows, input, row);

                        if (r < 0)
                                return r;
                }
        return 0;
}

int check_host_job(const JobRequest *request,
                   const Report *report,
                   json_t **ret_result,
                   Error *reterr)
{
        _cleanup_(json_decref_p) json_t *rows = json_array();
        CheckInput input = { .template_directories = request->template_directories };
        int r;

        r = json_get_string(request->parameters, "path", &input.container_path, reterr);
        if (r == 0)
                r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter 'path' is missing");
        if (r < 0)
                return r;
        if (!rows || run_all(rows, &input) < 0 || add_backends(rows) < 0 ||
            add_templates(rows, &input) < 0)
                return error_oom(reterr);
        *ret_result = json_pack("{s:O}", "checks", rows);
        return 0;
}
