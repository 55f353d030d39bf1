/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/container-lock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/file.h"
#include "base/process.h"
#include "interfaces/errors.h"

/* No container's id. */
#define KIN_LOCK ".kin"
#define KIN_USEC (60 * USEC_PER_SEC)

static const struct timespec lock_pause = { .tv_nsec = 2 * 1000 * 1000 };

static uint64_t fnv_1a(const char *text)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (; *text; text++) {
                hash ^= (unsigned char) *text;
                hash *= UINT64_C(0x100000001b3);
        }
        return hash;
}

void lxc_socket_name(const char *directory, char ret[static LXC_SOCKET_NAME_MAX + 1])
{
        int n = snprintf(ret, LXC_SOCKET_NAME_MAX, "%s/command", directory);

        if (n < 0 || n >= LXC_SOCKET_NAME_MAX)
                (void) snprintf(ret, LXC_SOCKET_NAME_MAX, "lxc/%016" PRIx64 "/command",
                                fnv_1a(directory));
}

static int take_lxc(const char *id, const char *directory, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char name[LXC_SOCKET_NAME_MAX + 1];
        size_t n;

        lxc_socket_name(directory, name);
        n = strlen(name);
        (void) memcpy(address.sun_path + 1, name, n);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make a socket");
        if (bind(fd, (struct sockaddr *) &address,
                 (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0)
                return TAKE_FD(fd);
        if (errno == EADDRINUSE)
                return error_public(reterr, ERROR_BUSY, "Container '%s' runs under LXC", id);
        return error_errno(reterr, errno, "Cannot bind the socket '@%s'", name);
}

/* Never unlinked: whoever waits for nothing may still hold the old file. Return: fd, -errno. */
static int open_file(const char *lock_dir, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int dir_fd = -EBADF, fd = -EBADF;
        int r;

        r = mkdir_parents(lock_dir, 0755);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make the directory '%s'", lock_dir);
        dir_fd = open(lock_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return error_errno(reterr, errno, "Cannot open '%s'", lock_dir);
        fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open the lock '%s/%s'", lock_dir, name);
        return TAKE_FD(fd);
}

static int take_file(const char *lock_dir, const char *id, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = open_file(lock_dir, id, reterr);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
                return TAKE_FD(fd);
        if (errno == EWOULDBLOCK)
                return error_public(reterr, ERROR_BUSY,
                                    "Container '%s' is running, or a job is at work on it", id);
        return error_errno(reterr, errno, "Cannot lock '%s/%s'", lock_dir, id);
}

int container_lock_take(const char *lock_dir,
                        const char *id,
                        const char *directory,
                        ContainerLock *ret,
                        Error *reterr)
{
        ContainerLock lock = CONTAINER_LOCK_NULL;

        lock.file_fd = take_file(lock_dir, id, reterr);
        if (lock.file_fd < 0)
                return lock.file_fd;
        lock.lxc_fd = take_lxc(id, directory, reterr);
        if (lock.lxc_fd < 0) {
                int r = lock.lxc_fd;

                container_lock_release(&lock);
                return r;
        }
        *ret = lock;
        return 0;
}

int container_lock_wait(const char *lock_dir,
                        const char *id,
                        const char *directory,
                        uint64_t timeout_usec,
                        ContainerLock *ret,
                        Error *reterr)
{
        uint64_t until = now_usec() + timeout_usec;

        for (;;) {
                Error error = ERROR_NULL;
                int r = container_lock_take(lock_dir, id, directory, ret, &error);

                if (r >= 0 || error.code != ERROR_BUSY || now_usec() >= until) {
                        error_move(reterr, &error);
                        return r;
                }
                error_done(&error);
                /* No lock of the kernel's can be waited for with an end, but by a signal. */
                (void) nanosleep(&lock_pause, NULL);
        }
}

void container_lock_release(ContainerLock *lock)
{
        lock->lxc_fd = fd_close(lock->lxc_fd);
        lock->file_fd = fd_close(lock->file_fd);
}

int config_lock_wait(const char *lock_dir, const char *id, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        char name[NAME_MAX + 1];

        if (snprintf(name, sizeof(name), ".%s.config", id) >= (int) sizeof(name))
                return error_errno(reterr, ENAMETOOLONG, "Cannot lock the configuration of '%s'",
                                   id);
        fd = open_file(lock_dir, name, reterr);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX) < 0)
                return error_errno(reterr, errno, "Cannot lock '%s/%s'", lock_dir, name);
        return TAKE_FD(fd);
}

/* Those that hold it shared may run hooks, which may wait for us. */
static int lock_exclusive(int fd)
{
        uint64_t until = now_usec() + KIN_USEC;

        while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK || now_usec() >= until)
                        return -errno;
                (void) nanosleep(&lock_pause, NULL);
        }
        return 0;
}

int kin_lock_wait(const char *lock_dir, bool exclusive, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = open_file(lock_dir, KIN_LOCK, reterr);
        int r;

        if (fd < 0)
                return fd;
        r = exclusive ? lock_exclusive(fd) : flock(fd, LOCK_SH) < 0 ? -errno : 0;
        if (r == -EWOULDBLOCK)
                return error_public(reterr, ERROR_BUSY,
                                    "Jobs are at work on containers that share files; try again "
                                    "when they have ended");
        return r < 0 ? error_errno(reterr, -r, "Cannot lock '%s/" KIN_LOCK "'", lock_dir)
                     : TAKE_FD(fd);
}
