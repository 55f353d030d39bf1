/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/mounts.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/strv.h"

#define MOUNTINFO_MAX (64 * 1024 * 1024)
#define MOUNT_POINT_FIELD 4 /* counted from 0 */

/* Undoes the kernel's "\ooo" for blanks, newlines and backslashes, in place. */
static void unescape(char *text)
{
        char *to = text;

        for (const char *p = text; *p; to++) {
                bool octal = p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' &&
                             p[2] <= '7' && p[3] >= '0' && p[3] <= '7';

                *to = octal ? (char) ((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0')) : *p;
                p += octal ? 4 : 1;
        }
        *to = '\0';
}

static char *mount_point(const char *line)
{
        const char *p = line;
        char *point;

        for (unsigned i = 0; i < MOUNT_POINT_FIELD; i++) {
                p += strcspn(p, " \n");
                if (*p != ' ')
                        return strdup("");
                p++;
        }
        point = strndup(p, strcspn(p, " \n"));
        if (point)
                unescape(point);
        return point;
}

int mounts_find_below(const char *mountinfo, const char *path, char **ret)
{
        for (const char *line = mountinfo; line && *line;) {
                _cleanup_(free_p) char *point = mount_point(line);
                const char *rest;

                if (!point)
                        return -ENOMEM;
                rest = startswith(point, path);
                if (rest && (*rest == '\0' || *rest == '/')) {
                        *ret = TAKE_PTR(point);
                        return 1;
                }
                line = strchr(line, '\n');
                line = line ? line + 1 : NULL;
        }
        return 0;
}

int mounts_below(const char *path, char **ret, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
        if (r == 0)
                r = mounts_find_below(text, path, ret);
        return r < 0 ? error_errno(reterr, -r, "Cannot see what is mounted below '%s'", path) : r;
}
