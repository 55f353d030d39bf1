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

static const char *const unit_directories[] = {
        "/etc/systemd/system",
        "/etc/systemd/system.control",
        "/run/systemd/system",
        "/run/systemd/system.control",
        NULL,
};

/* Another link with the same target. Return: 0 (also when there is none), -errno. */
static int copy_link(int dir_fd, const char *from, const char *to)
{
        char target[PATH_MAX];
        ssize_t n = readlinkat(dir_fd, from, target, sizeof(target) - 1);

        if (n < 0)
                return errno == ENOENT || errno == EINVAL ? 0 : -errno;
        target[n] = '\0';
        if (symlinkat(target, dir_fd, to) < 0 && errno != EEXIST)
                return -errno;
        return 0;
}

static int copy_drop_in(int from_fd, int to_fd, const char *name)
{
        _cleanup_(free_p) char *text = NULL;
        struct stat st;
        int r;

        if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        r = file_read(from_fd, name, DROP_IN_MAX, &text, NULL);
        return r < 0 ? r : file_write_atomic(to_fd, name, text, st.st_mode & 07777, true);
}

typedef int (*EntryFunction)(int fd, const char *name, const char *from, const char *to);

/* Return: 0, -errno of the first failure. */
static int
for_each(int dir_fd, const char *name, EntryFunction function, const char *from, const char *to)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int fd, first = 0;

        fd = path_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
        dir = fdopendir(fd);
        if (!dir) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        while ((entry = readdir(dir))) {
                int r = *entry->d_name == '.' ? 0 : function(fd, entry->d_name, from, to);

                if (r < 0 && first == 0)
                        first = r;
        }
        return first;
}

static int copy_one_drop_in(int fd, const char *name, const char *from, const char *to)
{
        _cleanup_(fd_close_p) int to_fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;

        if (asprintf(&path, "../%s.d", to) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (mkdirat(fd, path, 0755) < 0 && errno != EEXIST)
                return -errno;
        to_fd = openat(fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return to_fd < 0 ? -errno : copy_drop_in(fd, to_fd, name);
}

/* X.wants, X.requires ... of other units. */
static int copy_want(int fd, const char *name, const char *from, const char *to)
{
        _cleanup_(fd_close_p) int want_fd = -EBADF;

        if (!endswith(name, ".wants") && !endswith(name, ".requires") &&
            !endswith(name, ".upholds"))
                return 0;
        want_fd = path_open_beneath(fd, name, O_RDONLY | O_DIRECTORY, 0);
        return want_fd < 0 ? 0 : copy_link(want_fd, from, to);
}

static int copy_in(const char *directory, const char *from, const char *to)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *drop_ins = NULL;
        int first, r;

        fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (asprintf(&drop_ins, "%s.d", from) < 0) {
                drop_ins = NULL;
                return -ENOMEM;
        }
        first = copy_link(fd, from, to);
        r = for_each(fd, drop_ins, copy_one_drop_in, from, to);
        if (first == 0)
                first = r;
        r = for_each(fd, ".", copy_want, from, to);
        return first < 0 ? first : r;
}

int unit_files_copy(const char *const *directories, const char *from, const char *to, Error *reterr)
{
        int first = 0;

        for (const char *const *p = directories ? directories : unit_directories; *p; p++) {
                int r = copy_in(*p, from, to);

                if (r < 0 && first == 0)
                        first = error_errno(reterr, -r, "Cannot give '%s' what '%s' has in '%s'",
                                            to, from, *p);
        }
        return first;
}
