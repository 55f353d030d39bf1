/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/cgroup-file.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"

#define NAME_SIZE_MAX 100

/* memory.reclaim writes for as long as there is something to reclaim. */
static const char *const refused[] = {
        "cgroup.procs", "cgroup.threads",         "cgroup.kill",    "cgroup.freeze",
        "cgroup.type",  "cgroup.subtree_control", "memory.reclaim", NULL,
};

int cgroup_file_check(const char *name, Error *reterr)
{
        static const char *const letters[] = {
                "abcdefghijklmnopqrstuvwxyz0123456789_.",
                /* hugetlb.2MB.max, and no other */
                "abcdefghijklmnopqrstuvwxyz0123456789_.KMGB",
        };
        size_t n = strspn(name, letters[startswith(name, "hugetlb.") != NULL]);

        if (name[n] || n == 0 || n > NAME_SIZE_MAX || name[0] == '.' || !strchr(name, '.'))
                return error_at(reterr,
                                error_public(reterr, ERROR_INVALID_ARGS,
                                             "'%.*s' is not the name of a control group file: "
                                             "expected one like 'memory.max'",
                                             NAME_SIZE_MAX, name),
                                NULL, "file");
        for (size_t i = 0; refused[i]; i++)
                if (streq(name, refused[i]))
                        return error_public(reterr, ERROR_NOT_SUPPORTED,
                                            "The control group file '%s' is the supervisor's own",
                                            name);
        return 0;
}
