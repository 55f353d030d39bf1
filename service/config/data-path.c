/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/data-path.h"

#include "base/strv.h"

#define LXC_DATA_DIR "/usr/share/lxc/"

int data_path_resolve(const char *path, const char *data_dir, char **ret)
{
        const char *rest = startswith(path, LXC_DATA_DIR);
        _cleanup_(free_p) char *ours = NULL;

        if (rest && access(path, F_OK) < 0) {
                if (asprintf(&ours, "%s/%s", data_dir, rest) < 0) {
                        ours = NULL;
                        return -ENOMEM;
                }
                if (access(ours, F_OK) == 0) {
                        *ret = TAKE_PTR(ours);
                        return 0;
                }
        }
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}
