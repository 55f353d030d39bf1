/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/rename-mark.h"

#include <limits.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/container-id.h"

#define MARK_MAX (PATH_MAX + 2 * CONTAINER_ID_MAX + 3)

void rename_mark_done(RenameMark *mark)
{
        free(mark->directory);
        free(mark->id);
        free(mark->new_id);
        *mark = (RenameMark){ NULL, NULL, NULL };
}

int rename_mark_read(int dir_fd, RenameMark *ret)
{
        _cleanup_(free_p) char *text = NULL;
        _cleanup_(strv_free_p) char **lines = NULL;
        int r;

        r = file_read(dir_fd, RENAME_MARK, MARK_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (strv_split(&lines, text, "\n") < 0)
                return -ENOMEM;
        if (strv_length(lines) != 3 || !path_is_normalized(lines[0]) ||
            container_id_check_any(lines[1], NULL) < 0 || container_id_check(lines[2], NULL) < 0)
                return -EBADMSG;
        *ret = (RenameMark){ .directory = lines[0], .id = lines[1], .new_id = lines[2] };
        lines[0] = NULL;
        return 1;
}

int rename_mark_write(int dir_fd, const RenameMark *mark)
{
        _cleanup_(free_p) char *text = NULL;

        text = string_format("%s\n%s\n%s\n", mark->directory, mark->id, mark->new_id);
        if (!text)
                return -ENOMEM;
        return file_write_atomic(dir_fd, RENAME_MARK, text, 0600, true);
}

int rename_mark_remove(int dir_fd)
{
        if (unlinkat(dir_fd, RENAME_MARK, 0) < 0 && errno != ENOENT)
                return -errno;
        /* Back after a power cut it finds all of it done. */
        (void) fsync(dir_fd);
        return 0;
}
