/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/list.h"

#include "interfaces/json.h"
#include "storage/backend/backend.h"

int list_backends_job(const JobRequest *request,
                      const Report *report,
                      json_t **ret_result,
                      Error *reterr)
{
        _cleanup_(json_decref_p) json_t *rows = json_array();

        for (const Backend *const *backend = backends; *backend; backend++) {
                _cleanup_(free_p) char *reason = NULL;
                int usable = backend_is_usable(*backend, &reason);

                if (usable < 0 ||
                    json_array_append_new(rows, json_pack("{s:s,s:b,s:s}", "name", (*backend)->name,
                                                          "usable", usable > 0, "reason",
                                                          reason ? reason : "")) < 0)
                        return error_oom(reterr);
        }
        *ret_result = json_pack("{s:O}", "backends", rows);
        return 0;
}
