/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/strv.h"

/* Set by the kernel when a rename raced with ".." resolution; a handful of tries is its advice. */
#define OPENAT2_TRIES 32

static int
open_resolved(int root_fd, const char *path, uint64_t flags, mode_t mode, uint64_t resolve)
{
        bool makes = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
        struct open_how how = {
                .flags = flags | O_CLOEXEC,
                .mode = makes ? mode : 0,
                .resolve = resolve,
        };

        for (unsigned i = 0; i < OPENAT2_TRIES; i++) {
                long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

                if (fd >= 0)
                        return (int) fd;
                if (errno != EAGAIN && errno != EINTR)
                        return -errno;
        }
        return -EAGAIN;
}

int path_open_in_root(int root_fd, const char *path, uint64_t flags, mode_t mode)
{
        return open_resolved(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static const char *relative(const char *path)
{
        path += strspn(path, "/");
        return *path ? path : ".";
}

int path_open_beneath(int root_fd, const char *path, uint64_t flags, mode_t mode)
{
        return open_resolved(root_fd, relative(path), flags, mode,
                             RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

int path_open_on_mount(int root_fd, const char *path, uint64_t flags)
{
        return open_resolved(root_fd, relative(path), flags, 0,
                             RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int path_is_open(int dir_fd, const char *path, int fd)
{
        struct stat mine, there;

        if (fstat(fd, &mine) < 0)
                return -errno;
        if (fstatat(dir_fd, path, &there, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : -errno;
        return mine.st_dev == there.st_dev && mine.st_ino == there.st_ino;
}

int path_list(int dir_fd, const char *path, uint64_t flags, DIR **ret)
{
        _cleanup_(fd_close_p) int fd =
                path_open_on_mount(dir_fd, path, flags | O_RDONLY | O_DIRECTORY);

        if (fd < 0)
                return fd;
        *ret = fdopendir(fd);
        if (!*ret)
                return -errno;
        (void) TAKE_FD(fd);
        return 0;
}

static int open_or_make_component(int dir_fd, const char *name)
{
        int fd;

        fd = path_open_beneath(dir_fd, name, O_PATH | O_DIRECTORY, 0);
        if (fd != -ENOENT)
                return fd;
        if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
                return -errno;
        return path_open_beneath(dir_fd, name, O_PATH | O_DIRECTORY, 0);
}

int path_make_directory(int root_fd, const char *path)
{
        _cleanup_(strv_free_p) char **components = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        r = strv_split(&components, path, "/");
        if (r < 0)
                return r;
        fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        strv_foreach(name, components) {
                int next;

                if (streq(*name, "."))
                        continue;
                if (streq(*name, ".."))
                        return -EXDEV;
                next = open_or_make_component(fd, *name);
                if (next < 0)
                        return next;
                (void) fd_close(fd);
                fd = next;
        }
        return TAKE_FD(fd);
}

int path_make_file(int root_fd, const char *path)
{
        _cleanup_(fd_close_p) int dir_fd = -EBADF, made = -EBADF;
        _cleanup_(free_p) char *parent = NULL;
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        struct stat st;
        int fd;

        if (!*name || streq(name, ".") || streq(name, ".."))
                return -EISDIR;
        parent = strndup(path, slash ? (size_t) (slash - path) : 0);
        if (!parent)
                return -ENOMEM;
        dir_fd = path_make_directory(root_fd, parent);
        if (dir_fd < 0)
                return dir_fd;
        made = path_open_beneath(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
        if (made < 0 && made != -EEXIST)
                return made;
        fd = path_open_beneath(dir_fd, name, O_PATH | O_NOFOLLOW, 0);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode)) {
                (void) fd_close(fd);
                return S_ISDIR(st.st_mode) ? -EISDIR : -ELOOP;
        }
        return fd;
}

#define SYMLINKS_MAX 40

/* `rest` is still to be walked from `fd`; `done` says where that is. */
typedef struct Walk {
        int fd;
        unsigned n_symlinks;
        char rest[PATH_MAX];
        char done[PATH_MAX];
} Walk;

static bool is_trusted(const struct stat *st)
{
        bool writable = (st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != 0);

        if (st->st_uid != 0 && st->st_uid != geteuid())
                return false;
        return S_ISLNK(st->st_mode) || !writable ||
               (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

static int walk_to_root(Walk *walk)
{
        (void) fd_close(walk->fd);
        walk->done[0] = '\0';
        walk->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return walk->fd < 0 ? -errno : 0;
}

/* Puts the link's text before what is left. */
static int walk_symlink(Walk *walk, int link_fd)
{
        char target[PATH_MAX], rest[PATH_MAX];
        ssize_t n;

        if (++walk->n_symlinks > SYMLINKS_MAX)
                return -ELOOP;
        n = readlinkat(link_fd, "", target, sizeof(target));
        if (n < 0)
                return -errno;
        if ((size_t) n >= sizeof(target))
                return -ENAMETOOLONG;
        target[n] = '\0';
        n = snprintf(rest, sizeof(rest), "%s/%s", target, walk->rest);
        if (n < 0 || (size_t) n >= sizeof(rest))
                return -ENAMETOOLONG;
        (void) memcpy(walk->rest, rest, sizeof(rest));
        return target[0] == '/' ? walk_to_root(walk) : 0;
}

/* Return: 1 a step was made, 0 nothing is left. */
static int walk_step(Walk *walk)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char name[NAME_MAX + 1];
        const char *start = walk->rest + strspn(walk->rest, "/");
        size_t n = strcspn(start, "/"), length = strlen(walk->done);
        struct stat st;
        int r;

        if (n == 0)
                return 0;
        if (n >= sizeof(name))
                return -ENAMETOOLONG;
        (void) memcpy(name, start, n);
        name[n] = '\0';
        (void) memmove(walk->rest, start + n, strlen(start + n) + 1);

        fd = openat(walk->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (length + n + 2 <= sizeof(walk->done))
                (void) snprintf(walk->done + length, sizeof(walk->done) - length, "/%s", name);
        if (!is_trusted(&st))
                return -EPERM;
        if (S_ISLNK(st.st_mode)) {
                walk->done[length] = '\0';
                r = walk_symlink(walk, fd);
                return r < 0 ? r : 1;
        }
        (void) fd_close(walk->fd);
        walk->fd = TAKE_FD(fd);
        return 1;
}

int path_open_trusted(const char *path, int flags, char **ret_culprit)
{
        Walk walk = { .fd = -EBADF };
        int r, fd;

        if (path[0] != '/')
                return -EINVAL;
        if (strlen(path) >= sizeof(walk.rest))
                return -ENAMETOOLONG;
        (void) strcpy(walk.rest, path);
        r = walk_to_root(&walk);
        if (r == 0)
                do
                        r = walk_step(&walk);
                while (r > 0);
        if (r == -EPERM && ret_culprit)
                *ret_culprit = strdup(walk.done);
        if (r < 0) {
                (void) fd_close(walk.fd);
                return r;
        }
        if (flags & O_PATH)
                return walk.fd;
        /* Only root could change it between the look and this. */
        fd = open(fd_path(walk.fd).text, flags | O_CLOEXEC);
        r = fd < 0 ? -errno : fd;
        (void) fd_close(walk.fd);
        return r;
}

FdPath fd_path(int fd)
{
        FdPath path;

        (void) snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
        return path;
}

bool path_is_normalized(const char *path)
{
        size_t n = strlen(path);

        if (path[0] != '/' || n >= PATH_MAX)
                return false;
        if (n == 1)
                return true;
        if (path[n - 1] == '/')
                return false;
        for (const char *p = path; p;) {
                const char *end;

                p++;
                end = strchr(p, '/');
                n = end ? (size_t) (end - p) : strlen(p);
                if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
                        return false;
                p = end;
        }
        return true;
}
