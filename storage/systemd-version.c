/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/systemd-version.h"

#include <stdio.h>

#include "base/cleanup.h"

bool systemd_version_is_vulnerable(const char *version)
{
        static const struct {
                unsigned major, fixed_in_minor;
        } releases[] = { { 258, 5 }, { 259, 2 } };
        unsigned major = 0, minor = 0;

        if (sscanf(version, "%u.%u", &major, &minor) < 1)
                return false;
        for (size_t i = 0; i < ELEMENTS(releases); i++)
                if (major == releases[i].major)
                        return minor < releases[i].fixed_in_minor;
        return false;
}
