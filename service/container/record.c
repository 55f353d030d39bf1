/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/record.h"

#include <fcntl.h>
#include <limits.h>

#include "base/file.h"
#include "interfaces/names.h"

#define RECORD_MAX 65536

void history_from_json(const json_t *object, History *ret)
{
        const json_t *names = json_object_get(object, "history");
        size_t n = json_array_size(names);

        *ret = (History){ .last = json_integer_value(json_object_get(object, "sequence")) };
        for (size_t i = n > HISTORY_MAX ? n - HISTORY_MAX : 0; i < n; i++) {
                const char *name = json_string_value(json_array_get(names, i));
                State state = name ? state_from_name(name) : _STATE_INVALID;

                if (state == _STATE_INVALID)
                        return;
                ret->states[ret->n++] = state;
        }
}

int run_record_read(const char *id, json_t **ret, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        char path[PATH_MAX];
        json_error_t problem;
        json_t *record;
        int r;

        (void) snprintf(path, sizeof(path), RECORD_DIR "/%s/record", id);
        r = file_read(AT_FDCWD, path, RECORD_MAX, &text, NULL);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the record of the last run '%s'", path);
        record = json_loads(text, JSON_REJECT_DUPLICATES, &problem);
        if (!json_is_object(record)) {
                json_decref(record);
                return error_errno(reterr, EBADMSG, "Cannot read the record of the last run '%s'",
                                   path);
        }
        *ret = record;
        return 1;
}
