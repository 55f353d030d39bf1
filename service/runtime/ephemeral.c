/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/ephemeral.h"

#include <jansson.h>

#include "interfaces/json.h"
#include "interfaces/names.h"
#include "storage/destroy.h"
#include "storage/trash.h"

int ephemeral_remove(const char *id, const char *directory, Error *reterr)
{
        _cleanup_(site_done) Site site = SITE_NULL;
        _cleanup_(json_decref_p) json_t *parameters = json_object(), *result = NULL;
        const Report nobody = { .fd = -EBADF };
        JobRequest request = {
                .container = id,
                .parameters = parameters,
                .site = &site,
                .lock_dir = LOCK_DIR,
        };
        int r;

        if (!parameters)
                return error_oom(reterr);
        r = site_open(id, directory, SITE_AS_IT_IS, &site, reterr);
        if (r == 0)
                r = destroy_job(&request, &nobody, &result, reterr);
        return r < 0 ? r : trash_collect(site.fd, reterr);
}
