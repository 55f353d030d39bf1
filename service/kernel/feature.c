/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/feature.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/strv.h"

#define LIST_MAX (16U << 20)

/* The lines are "nodev TYPE" or "\tTYPE". */
static bool is_listed(const char *list, const char *type)
{
        size_t n = strlen(type);

        for (const char *line = list; line && *line; line = strchr(line, '\n')) {
                line += *line == '\n';
                line += strcspn(line, "\t\n");
                if (*line == '\t' && strncmp(line + 1, type, n) == 0 && line[n + 1] == '\n')
                        return true;
        }
        return false;
}

/* Return: > 0 yes, 0 no, -errno it cannot be known. */
static int list_has_module(const char *list, const char *module)
{
        _cleanup_(free_p) char *text = NULL;
        struct utsname name;
        char path[256], object[64];
        int r;

        if (uname(&name) < 0)
                return -errno;
        (void) snprintf(path, sizeof(path), "/lib/modules/%s/%s", name.release, list);
        (void) snprintf(object, sizeof(object), "/%s.ko", module);
        r = file_read(AT_FDCWD, path, LIST_MAX, &text, NULL);
        if (r == -ENOENT)
                return 0;
        return r < 0 ? r : strstr(text, object) != NULL;
}

static bool module_exists(const char *module)
{
        return list_has_module("modules.dep", module) != 0 ||
               list_has_module("modules.builtin", module) != 0;
}

bool feature_file_system(const char *type)
{
        _cleanup_(free_p) char *list = NULL;

        if (file_read(AT_FDCWD, "/proc/filesystems", LIST_MAX, &list, NULL) == 0 &&
            is_listed(list, type))
                return true;
        return module_exists(type);
}

bool feature_driver(const char *module)
{
        char path[128];

        (void) snprintf(path, sizeof(path), "/sys/module/%s", module);
        if (access(path, F_OK) == 0)
                return true;
        return module_exists(module);
}

static int answer(bool yes, const char *kind, const char *name, char **ret_reason)
{
        if (yes)
                return 1;
        *ret_reason = string_format(
                "This kernel has no %s '%s', and no module of that name is installed", kind, name);
        if (!*ret_reason)
                return -ENOMEM;
        return 0;
}

int feature_need_file_system(const char *type, char **ret_reason)
{
        return answer(feature_file_system(type), "file system", type, ret_reason);
}

int feature_need_driver(const char *module, char **ret_reason)
{
        return answer(feature_driver(module), "driver", module, ret_reason);
}
