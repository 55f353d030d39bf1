/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/elsewhere.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/container-id.h"

#define TRIES 16

/* Whoever removes the last note removes the directory, too. Return: fd, -errno. */
static int open_notes(int path_fd)
{
        if (mkdirat(path_fd, ELSEWHERE_NAME, 0700) < 0 && errno != EEXIST)
                return -errno;
        return path_open_on_mount(path_fd, ELSEWHERE_NAME, O_RDONLY | O_DIRECTORY);
}

/* Return: fd, -EAGAIN a collector has just taken it away, -errno. */
static int make_note(int dir_fd, const char *id)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        fd = openat(dir_fd, id, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno == ENOENT ? -EAGAIN : -errno;
        if (flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
                return -errno;
        return st.st_nlink == 0 ? -EAGAIN : TAKE_FD(fd);
}

static int try_begin(int path_fd, Elsewhere *elsewhere)
{
        elsewhere->dir_fd = open_notes(path_fd);
        if (elsewhere->dir_fd < 0)
                return elsewhere->dir_fd == -ENOENT ? -EAGAIN : elsewhere->dir_fd;
        elsewhere->fd = make_note(elsewhere->dir_fd, elsewhere->id);
        if (elsewhere->fd < 0)
                return elsewhere->fd;
        return fsync(elsewhere->dir_fd) < 0 || fsync(path_fd) < 0 ? -errno : 0;
}

int elsewhere_begin(const char *container_path, const char *id, const Site *site, Elsewhere *ret)
{
        _cleanup_(fd_close_p) int path_fd = -EBADF;
        int r;

        *ret = ELSEWHERE_NULL;
        if (!container_path || streq(container_path, site->path))
                return 0;
        r = mkdir_parents(container_path, 0755);
        if (r < 0)
                return r;
        path_fd = path_open_trusted(container_path, O_RDONLY | O_DIRECTORY, NULL);
        if (path_fd < 0)
                return path_fd;
        ret->id = id;
        r = -EAGAIN;
        for (unsigned i = 0; r == -EAGAIN && i < TRIES; i++) {
                elsewhere_end(ret, false);
                r = try_begin(path_fd, ret);
        }
        if (r < 0)
                elsewhere_end(ret, false);
        return r;
}

static void forget(int dir_fd, const char *name)
{
        (void) unlinkat(dir_fd, name, 0);
        /* Its name is "..'s" own. While there are other notes it stays. */
        (void) unlinkat(dir_fd, "../" ELSEWHERE_NAME, AT_REMOVEDIR);
}

void elsewhere_end(Elsewhere *elsewhere, bool forget_it)
{
        if (elsewhere->fd >= 0 && forget_it)
                forget(elsewhere->dir_fd, elsewhere->id);
        elsewhere->fd = fd_close(elsewhere->fd);
        elsewhere->dir_fd = fd_close(elsewhere->dir_fd);
}

static void collect_one(int dir_fd,
                        const char *id,
                        const char *container_path,
                        const char *lock_dir,
                        ElsewhereCollect collect)
{
        _cleanup_(free_p) char *directory = NULL, *name = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = openat(dir_fd, id, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
                return;
        if (container_id_locate(id, container_path, &directory, &name, NULL) < 0) {
                forget(dir_fd, id);
                return;
        }
        *strrchr(directory, '/') = '\0';
        if (collect(directory, lock_dir))
                forget(dir_fd, id);
}

void elsewhere_collect(int path_fd,
                       const char *container_path,
                       const char *lock_dir,
                       ElsewhereCollect collect)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (path_list(path_fd, ELSEWHERE_NAME, 0, &dir) < 0)
                return;
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        collect_one(dirfd(dir), entry->d_name, container_path, lock_dir, collect);
}
