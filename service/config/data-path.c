/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/data-path.h"

#include "base/strv.h"

#define LXC_DATA_DIR "/usr/share/lxc/"

/* Return: > 0 *ret is the path of ours, 0 there is none, -ENOMEM. */
static int find_ours(const char *rest, const char *data_dir, char **ret)
{
        _cleanup_(free_p) char *ours = NULL;

        ours = string_format("%s/%s", data_dir, rest);
        if (!ours)
                return -ENOMEM;
        if (access(ours, F_OK) < 0)
                return 0;
        *ret = TAKE_PTR(ours);
        return 1;
}

int data_path_resolve(const char *path, const char *data_dir, char **ret)
{
        const char *rest = startswith(path, LXC_DATA_DIR);
        int r;

        if (rest && access(path, F_OK) < 0) {
                r = find_ours(rest, data_dir, ret);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}
