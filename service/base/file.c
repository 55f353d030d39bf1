/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define READ_CHUNK 4096

int file_read_fd(int fd, size_t limit, char **ret, size_t *ret_size)
{
        _cleanup_(free_p) char *buffer = NULL;
        size_t size = 0, room = 0;

        for (;;) {
                ssize_t n;

                if (room - size < 2) {
                        char *grown;

                        room = room ? room * 2 : READ_CHUNK;
                        grown = realloc(buffer, room);
                        if (!grown)
                                return -ENOMEM;
                        buffer = grown;
                }
                n = read(fd, buffer + size, room - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > limit)
                        return -EFBIG;
        }
        buffer[size] = '\0';
        if (memchr(buffer, '\0', size))
                return -EBADMSG;
        *ret = TAKE_PTR(buffer);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int file_read(int dir_fd, const char *path, size_t limit, char **ret, size_t *ret_size)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        /* O_NONBLOCK: a FIFO put in place of a file must not hold us. */
        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
        return file_read_fd(fd, limit, ret, ret_size);
}

int fd_write_all(int fd, const void *data, size_t size)
{
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

static int temporary_name(const char *path, char *ret, size_t size)
{
        const char *slash = strrchr(path, '/');
        int parent = slash ? (int) (slash - path) + 1 : 0;
        unsigned long long tag;
        int n;

        if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
                return -EIO;
        n = snprintf(ret, size, "%.*s.#%s.%016llx", parent, path, path + parent, tag);
        return n < 0 || (size_t) n >= size ? -ENAMETOOLONG : 0;
}

static int sync_parent(int dir_fd, const char *path)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *parent = NULL;
        const char *slash = strrchr(path, '/');

        if (slash) {
                parent = strndup(path, slash == path ? 1 : (size_t) (slash - path));
                if (!parent)
                        return -ENOMEM;
        }
        fd = openat(dir_fd, parent ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

static int
write_synced(int dir_fd, const char *path, const void *data, size_t size, mode_t mode, bool durable)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        /* The mode asked for, whatever the umask. */
        if (fchmod(fd, mode) < 0)
                return -errno;
        r = fd_write_all(fd, data, size);
        if (r < 0)
                return r;
        return durable && fsync(fd) < 0 ? -errno : 0;
}

int file_write_atomic_data(
        int dir_fd, const char *path, const void *data, size_t size, mode_t mode, bool durable)
{
        char temporary[PATH_MAX];
        int r;

        r = temporary_name(path, temporary, sizeof(temporary));
        if (r < 0)
                return r;
        r = write_synced(dir_fd, temporary, data, size, mode, durable);
        if (r == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0);
                return r;
        }
        return durable ? sync_parent(dir_fd, path) : 0;
}

int file_write_atomic(int dir_fd, const char *path, const char *text, mode_t mode, bool durable)
{
        return file_write_atomic_data(dir_fd, path, text, strlen(text), mode, durable);
}

int file_write_attribute(int dir_fd, const char *path, const char *value)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        ssize_t n;

        fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        if (fd < 0)
                return -errno;
        n = write(fd, value, strlen(value));
        if (n < 0)
                return -errno;
        return (size_t) n == strlen(value) ? 0 : -EIO;
}

int fd_set_nonblock(int fd, bool on)
{
        int flags = fcntl(fd, F_GETFL);

        if (flags < 0)
                return -errno;
        flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int mkdir_parents(const char *path, mode_t mode)
{
        char copy[PATH_MAX];
        size_t n = strlen(path);

        /* Mostly it is there, or only the last component is missing. */
        if (mkdir(path, mode) == 0 || errno == EEXIST)
                return 0;
        if (errno != ENOENT)
                return -errno;
        if (n >= sizeof(copy))
                return -ENAMETOOLONG;
        memcpy(copy, path, n + 1);
        for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
                *p = '\0';
                if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                        return -errno;
                *p = '/';
        }
        return mkdir(copy, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int remove_entries(int dir_fd)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int first = 0, fd;

        fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        dir = fdopendir(fd);
        if (!dir) {
                (void) fd_close(fd);
                return -errno;
        }
        while ((entry = readdir(dir))) {
                int r;

                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                r = remove_tree(dir_fd, entry->d_name);
                if (r < 0 && first == 0)
                        first = r;
        }
        return first;
}

int remove_tree(int dir_fd, const char *path)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return -errno;
        fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = remove_entries(fd);
        if (unlinkat(dir_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return r < 0 ? r : -errno;
        return 0;
}
