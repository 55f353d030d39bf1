/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/hostname.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"

#define HOSTNAME_FILE "etc/hostname"
#define HOSTNAME_MAX 4096

/* Return: an O_PATH fd, -ENOENT (no such file, or no regular one), -errno. */
static int find_file(int root_fd)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        fd = path_open_in_root(root_fd, HOSTNAME_FILE, O_PATH, 0);
        if (fd < 0)
                return fd == -ENOTDIR || fd == -ELOOP ? -ENOENT : fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -ENOENT;
}

static int rewrite(int path_fd, const char *name)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = open(fd_path(path_fd).text, O_WRONLY | O_TRUNC | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fd_write_all(fd, name, strlen(name));
}

/* Return: > 0, 0 it says something else, -errno. */
static int says(int path_fd, const char *name)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *text = NULL;
        int r;

        fd = open(fd_path(path_fd).text, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = file_read_fd(fd, HOSTNAME_MAX, &text, NULL);
        if (r < 0)
                return r == -EFBIG || r == -EBADMSG ? 0 : r;
        return streq(string_strip(text), name);
}

/* `old` NULL: whatever it says. */
static int change(int root_fd, const char *old, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = find_file(root_fd);
        int r;

        if (fd == -ENOENT)
                return 0;
        r = fd < 0 ? fd : old ? says(fd, old) : 1;
        if (r > 0) {
                r = rewrite(fd, name);
                if (r == 0)
                        return 1;
        }
        return r < 0 ? error_errno(reterr, -r, "Cannot write '/" HOSTNAME_FILE "' of '%s'", name)
                     : 0;
}

int hostname_write(int root_fd, const char *name, Error *reterr)
{
        return change(root_fd, NULL, name, reterr);
}

int hostname_replace(int root_fd, const char *old, const char *name, Error *reterr)
{
        return change(root_fd, old, name, reterr);
}
