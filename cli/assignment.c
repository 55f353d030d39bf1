/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/assignment.h"

#include <string.h>

static int append(json_t *list, const char *text, Error *reterr)
{
        const char *equals = strchr(text, '=');
        json_t *pair =
                json_pack("{s:s%,s:s}", "key", text, (size_t) (equals - text), "value", equals + 1);

        return json_array_append_new(list, pair) < 0 ? error_oom(reterr) : 0;
}

int assignments_put(json_t *parameters,
                    const char *field,
                    const Arguments *arguments,
                    const char *name,
                    Error *reterr)
{
        _cleanup_(free_p) const char **values = arguments_list(arguments, name);
        _cleanup_(json_decref_p) json_t *list = json_array();

        if (!values || !list)
                return error_oom(reterr);
        for (const char **value = values; *value; value++) {
                int r = append(list, *value, reterr);

                if (r < 0)
                        return r;
        }
        if (json_array_size(list) == 0)
                return 0;
        return json_set(parameters, field, TAKE_PTR(list)) < 0 ? error_oom(reterr) : 0;
}
