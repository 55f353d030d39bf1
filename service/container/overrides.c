/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/overrides.h"

#include "base/strv.h"
#include "config/config.h"
#include "config/keys.h"
#include "config/parse.h"

static const char *pair_text(const json_t *pair, const char *field)
{
        const char *text = json_string_value(json_object_get(pair, field));

        return text ? text : "";
}

int overrides_check(const json_t *config, const char *verb, Error *reterr)
{
        _cleanup_(config_free_p) Config *scratch = config_new();
        _cleanup_(free_p) char *origin = string_format("Option 'config' of %s", verb);
        const json_t *pair;
        size_t i;

        if (!scratch || !origin)
                return error_oom(reterr);
        json_array_foreach(config, i, pair) {
                int r = config_set(scratch, pair_text(pair, "key"), pair_text(pair, "value"),
                                   origin, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

bool overrides_are_owner_safe(const json_t *config)
{
        const json_t *pair;
        size_t i;

        json_array_foreach(config, i, pair)
                if (!config_key_is_owner_safe(pair_text(pair, "key"), pair_text(pair, "value")))
                        return false;
        return true;
}
