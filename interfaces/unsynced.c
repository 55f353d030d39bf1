/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/unsynced.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define MARK_MAX 128
#define MARK_MODE 0600

static int read_boot_id(char **ret)
{
        return file_read(AT_FDCWD, BOOT_ID, MARK_MAX, ret, NULL);
}

/* Return: > 0 it says that, 0 it says something else, -ENOENT there is none, -errno. */
static int is_of_this_boot(int dir_fd, const char *path)
{
        _cleanup_(free_p) char *mark = NULL, *boot_id = NULL;
        int r;

        r = file_read(dir_fd, path, MARK_MAX, &mark, NULL);
        if (r == -EFBIG || r == -EBADMSG)
                return 0;
        if (r == 0)
                r = read_boot_id(&boot_id);
        return r < 0 ? r : streq(mark, boot_id);
}

int unsynced_mark(int dir_fd)
{
        _cleanup_(free_p) char *boot_id = NULL;
        int r = read_boot_id(&boot_id);

        return r < 0 ? r : file_write_atomic(dir_fd, UNSYNCED_MARK, boot_id, MARK_MODE, true);
}

int unsynced_settle(int dir_fd)
{
        int r = is_of_this_boot(dir_fd, UNSYNCED_MARK);

        if (r <= 0)
                return r == -ENOENT ? 0 : r;
        if (syncfs(dir_fd) < 0)
                return -errno;
        if (unlinkat(dir_fd, UNSYNCED_MARK, 0) < 0)
                return errno == ENOENT ? 0 : -errno;
        return fsync(dir_fd) < 0 ? -errno : 0;
}

int unsynced_check(const char *directory, Error *reterr)
{
        _cleanup_(free_p) char *path = NULL;
        int r;

        path = string_format("%s/" UNSYNCED_MARK, directory);
        if (!path)
                return error_oom(reterr);
        r = is_of_this_boot(AT_FDCWD, path);
        if (r > 0 || r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read '%s'", path);
        return error_public(
                reterr, ERROR_CONTAINER_BROKEN,
                "The machine went down before the files of '%s' were on the disk, so that "
                "they may not be whole. Destroy it, or look them through and remove '%s' to "
                "keep it",
                directory, path);
}
