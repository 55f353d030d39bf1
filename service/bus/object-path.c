/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/object-path.h"

#include <inttypes.h>
#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strv.h"
#include "interfaces/names.h"

char *object_path_of_container(const char *id)
{
        char *path;

        return sd_bus_path_encode(BUS_CONTAINER_PREFIX, id, &path) < 0 ? NULL : path;
}

char *object_path_of_job(int64_t number)
{
        return string_format(BUS_JOB_PREFIX "/%" PRIi64, number);
}

int object_path_to_container(const char *path, char **ret_id)
{
        _cleanup_(free_p) char *id = NULL, *again = NULL;
        int r = sd_bus_path_decode(path, BUS_CONTAINER_PREFIX, &id);

        if (r <= 0)
                return r < 0 ? r : -EINVAL;
        /* An id has one path: "%61" spelled as "_61" and as "a" must not be two objects. */
        again = object_path_of_container(id);
        if (!again)
                return -ENOMEM;
        if (!streq(again, path))
                return -EINVAL;
        *ret_id = TAKE_PTR(id);
        return 0;
}

int object_path_to_job(const char *path, int64_t *ret_number)
{
        const char *digits = startswith(path, BUS_JOB_PREFIX "/");
        int64_t number;

        /* One spelling here, too: no sign, no leading zero. */
        if (!digits || *digits < '1' || *digits > '9' || parse_i64(digits, &number) < 0)
                return -EINVAL;
        *ret_number = number;
        return 0;
}
