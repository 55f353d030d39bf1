/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "container/process-container.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"

char *container_from_cgroup_text(const char *text)
{
        _cleanup_(strv_free_p) char **components = NULL;
        const char *line = startswith(text, "0::") ? text : strstr(text, "\n0::");
        _cleanup_(free_p) char *path = NULL;

        if (!line)
                return NULL;
        line = strstr(line, "0::") + 3;
        path = strndup(line, strcspn(line, "\n"));
        if (!path || strv_split(&components, path, "/") < 0)
                return NULL;
        /* The first from the top: what is below is the container's own to name. */
        strv_foreach(component, components) {
                char *id = container_id_from_unit(*component);

                if (id)
                        return id;
        }
        return NULL;
}

int process_container(pid_t pid, char **ret_id, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
        if (file_read(AT_FDCWD, path, 65536, &text, NULL) == 0)
                *ret_id = container_from_cgroup_text(text);
        else
                *ret_id = NULL;
        if (*ret_id)
                return 0;
        return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "Process %d runs in no container",
                            pid);
}
