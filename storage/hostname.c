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

/* In place, as the file may have other names and attributes, and needs no room on a full disk. One write
 * puts the new name over the old one and newlines over what is longer in that; then the end is cut off: killed
 * at any time it leaves a file whose first line is either name. */
static int rewrite(int path_fd, const char *name, bool durable)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char text[HOSTNAME_MAX];
        size_t n = strlen(name), size;
        struct stat st;
        ssize_t written;

        fd = open(fd_path(path_fd).text, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (n > sizeof(text))
                return -ENAMETOOLONG;
        size = st.st_size < (off_t) sizeof(text) ? (size_t) st.st_size : sizeof(text);
        if (size < n)
                size = n;
        (void) memset(text, '\n', size);
        (void) memcpy(text, name, n);
        written = pwrite(fd, text, size, 0);
        if (written != (ssize_t) size)
                return written < 0 ? -errno : -EIO;
        if (ftruncate(fd, (off_t) n) < 0)
                return -errno;
        return durable && fsync(fd) < 0 ? -errno : 0;
}

/* `text` as rewrite() may leave it. */
static bool is_uncut(const char *text, const char *name)
{
        const char *rest = startswith(text, name);

        return rest && rest[0] == '\n' && rest[1] == '\n' && rest[strspn(rest, "\n")] == '\0';
}

/* Return: > 0 it is to be rewritten, 0 it says something else, -errno. */
static int look(int path_fd, const char *old, const char *name)
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
        return is_uncut(text, name) || streq(string_strip(text), old);
}

/* `old` NULL: whatever it says. */
static int change(int root_fd, const char *old, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = find_file(root_fd);
        int r;

        if (fd == -ENOENT)
                return 0;
        r = fd < 0 ? fd : old ? look(fd, old, name) : 1;
        if (r > 0) {
                /* What is new is synced as a whole, by whoever publishes it. */
                r = rewrite(fd, name, old != NULL);
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
