/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/unit-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"

#define DROP_IN_MAX (1024 * 1024)

const char *const unit_directories[] = {
        "/etc/systemd/system",
        "/etc/systemd/system.control",
        "/run/systemd/system",
        "/run/systemd/system.control",
        NULL,
};

/* What was found, and the first failure, of two steps that are both done. */
static int both(int first, int second)
{
        return first < 0 ? first : second < 0 ? second : first | second;
}

/* The functions below: `to` NULL removes what is called as `from`. Return: > 0 there is such a thing, 0,
 * -errno. */

static int change_link(int dir_fd, const char *from, const char *to)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(dir_fd, from, target, sizeof(target) - 1);

        if (n < 0)
                return errno == ENOENT || errno == EINVAL ? 0 : -errno;
        target[n] = '\0';
        if (!to)
                return unlinkat(dir_fd, from, 0) < 0 ? -errno : 1;
        return symlinkat(target, dir_fd, to) < 0 && errno != EEXIST ? -errno : 1;
}

static int copy_drop_in(int from_fd, int to_fd, const char *name, mode_t mode)
{
        _cleanup_(free_p) char *text = NULL;
        int r = file_read(from_fd, name, DROP_IN_MAX, &text, NULL);

        return r < 0 ? r : file_write_atomic(to_fd, name, text, mode & 07777, true);
}

typedef int (*EntryFunction)(int fd, const char *name, const char *from, const char *to);

static int
for_each(int dir_fd, const char *name, EntryFunction function, const char *from, const char *to)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int fd, found = 0;

        fd = path_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
        dir = fdopendir(fd);
        if (!dir) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        while ((entry = readdir(dir)))
                if (*entry->d_name != '.')
                        found = both(found, function(fd, entry->d_name, from, to));
        return found;
}

static int change_one_drop_in(int fd, const char *name, const char *from, const char *to)
{
        _cleanup_(fd_close_p) int to_fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;
        struct stat st;
        int r;

        if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        if (!to)
                return unlinkat(fd, name, 0) < 0 ? -errno : 1;
        path = string_format("../%s.d", to);
        if (!path)
                return -ENOMEM;
        if (mkdirat(fd, path, 0755) < 0 && errno != EEXIST)
                return -errno;
        to_fd = openat(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = to_fd < 0 ? -errno : copy_drop_in(fd, to_fd, name, st.st_mode);
        return r < 0 ? r : 1;
}

/* X.wants, X.requires ... of other units. */
static int change_want(int fd, const char *name, const char *from, const char *to)
{
        _cleanup_(fd_close_p) int want_fd = -EBADF;

        if (!endswith(name, ".wants") && !endswith(name, ".requires") &&
            !endswith(name, ".upholds"))
                return 0;
        want_fd = path_open_beneath(fd, name, O_RDONLY | O_DIRECTORY, 0);
        return want_fd < 0 ? 0 : change_link(want_fd, from, to);
}

static int change_in(const char *directory, const char *from, const char *to)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *drop_ins = NULL;
        int found;

        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        drop_ins = string_format("%s.d", from);
        if (!drop_ins)
                return -ENOMEM;
        found = change_link(fd, from, to);
        found = both(found, for_each(fd, drop_ins, change_one_drop_in, from, to));
        if (!to)
                (void) unlinkat(fd, drop_ins, AT_REMOVEDIR);
        return both(found, for_each(fd, ".", change_want, from, to));
}

static int
change_all(const char *const *directories, const char *from, const char *to, Error *reterr)
{
        int found = 0;

        for (const char *const *p = directories; *p; p++) {
                int r = change_in(*p, from, to);

                if (r < 0)
                        r = error_errno(found < 0 ? NULL : reterr, -r,
                                        "Cannot %s what '%s' has in '%s'", to ? "move" : "remove",
                                        from, *p);
                found = both(found, r);
        }
        return found;
}

int unit_files_move(const char *const *directories, const char *from, const char *to, Error *reterr)
{
        int r;

        if (!directories)
                directories = unit_directories;
        r = change_all(directories, from, to, reterr);
        return r <= 0 ? r : change_all(directories, from, NULL, reterr);
}

int unit_files_remove(const char *const *directories, const char *unit, Error *reterr)
{
        return change_all(directories, unit, NULL, reterr);
}
