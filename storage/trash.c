/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/trash.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strv.h"
#include "storage/backend/outside.h"
#include "storage/copy/remove.h"

#define TRIES 16

typedef struct EntryName {
        char text[24];
} EntryName;

static int random_name(EntryName *ret)
{
        unsigned long long tag;

        if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
                return -EIO;
        (void) snprintf(ret->text, sizeof(ret->text), "%016llx", tag);
        return 0;
}

/* Whoever empties the trash removes the directory, too: it may vanish between any two steps, hence
 * the tries of the callers. Return: fd, -errno. */
static int open_trash(int parent_fd)
{
        if (mkdirat(parent_fd, TRASH_NAME, 0700) < 0 && errno != EEXIST)
                return -errno;
        return path_open_on_mount(parent_fd, TRASH_NAME, O_RDONLY | O_DIRECTORY);
}

static int try_put(int dir_fd, const char *name, int parent_fd)
{
        _cleanup_(fd_close_p) int trash_fd = -EBADF;
        EntryName target;
        struct stat st;
        int r;

        trash_fd = open_trash(parent_fd);
        if (trash_fd < 0)
                return trash_fd == -ENOENT ? -EAGAIN : trash_fd;
        r = random_name(&target);
        if (r < 0)
                return r;
        if (renameat2(dir_fd, name, trash_fd, target.text, RENAME_NOREPLACE) == 0)
                return 0;
        if (errno == EEXIST)
                return -EAGAIN;
        if (errno != ENOENT)
                return -errno;
        /* Is it the source that is missing, or the trash again? */
        return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? -EAGAIN : -errno;
}

static bool is_full(int r)
{
        return r == -ENOSPC || r == -EDQUOT;
}

static int put(int dir_fd, const char *name, int parent_fd)
{
        int r = -EAGAIN;

        for (unsigned i = 0; r == -EAGAIN && i < TRIES; i++)
                r = try_put(dir_fd, name, parent_fd);
        return r;
}

/* A full disk may have no room for the trash itself: then under the name of a draft that nobody
 * builds. */
static int set_aside(int dir_fd, const char *name, int parent_fd)
{
        int r = -EEXIST;

        for (unsigned i = 0; r == -EEXIST && i < TRIES; i++) {
                char target[48];
                EntryName tag;

                r = random_name(&tag);
                if (r < 0)
                        return r;
                (void) snprintf(target, sizeof(target), TRASH_PREFIX "%s" DRAFT_SUFFIX, tag.text);
                r = renameat2(dir_fd, name, parent_fd, target, RENAME_NOREPLACE) < 0 ? -errno : 0;
        }
        return r;
}

/* Return: -EXDEV without a sentence. */
static int put_away(int dir_fd, const char *name, int parent_fd, Error *reterr)
{
        int r = put(dir_fd, name, parent_fd);

        if (is_full(r))
                r = set_aside(dir_fd, name, parent_fd);
        if (r == -EXDEV)
                return r;
        if (r == -EBUSY)
                return error_code(reterr, 0, EBUSY,
                                  "Cannot move '%s' to the trash: something is mounted on it",
                                  name);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot move '%s' to the trash", name);
        return 0;
}

int trash_put(int parent_fd, const char *name, Error *reterr)
{
        int r = put_away(parent_fd, name, parent_fd, reterr);

        return r == -EXDEV ? error_errno(reterr, EXDEV, "Cannot move '%s' to the trash", name) : r;
}

int trash_put_into(int dir_fd, const char *name, int parent_fd, Error *reterr)
{
        int r = put_away(dir_fd, name, parent_fd, reterr);

        if (r != -EXDEV)
                return r;
        r = put_away(dir_fd, name, dir_fd, reterr);
        if (r == 0)
                (void) trash_collect(dir_fd, NULL);
        return r;
}

int trash_hold_new(int parent_fd, const char *name)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (mkdirat(parent_fd, name, 0700) < 0)
                return errno == EEXIST ? -EAGAIN : -errno;
        fd = path_open_on_mount(parent_fd, name, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd == -ENOENT ? -EAGAIN : fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EAGAIN : -errno;
        /* Collected between the two calls, it is locked, but not there any more. */
        r = path_is_open(parent_fd, name, fd);
        return r < 0 ? r : r > 0 ? TAKE_FD(fd) : -EAGAIN;
}

static int try_make(int parent_fd)
{
        _cleanup_(fd_close_p) int trash_fd = -EBADF;
        EntryName name;
        int r;

        trash_fd = open_trash(parent_fd);
        if (trash_fd < 0)
                return trash_fd == -ENOENT ? -EAGAIN : trash_fd;
        r = random_name(&name);
        if (r < 0)
                return r;
        r = trash_hold_new(trash_fd, name.text);
        /* The trash itself may be gone again. */
        return r == -ENOENT ? -EAGAIN : r;
}

int trash_make(int parent_fd, Error *reterr)
{
        int fd = -EAGAIN;

        for (unsigned i = 0; fd == -EAGAIN && i < TRIES; i++)
                fd = try_make(parent_fd);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot make a directory in the trash");
        return fd;
}

/* Holds the entry against other collectors and finds out whether its maker lives. Return: fd,
 * -EWOULDBLOCK, -ENOTDIR, -errno. */
static int lock_entry(int dir_fd, const char *name)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = path_open_on_mount(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int remove_locked(int trash_fd, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int lock_fd = -EBADF;

        lock_fd = lock_entry(trash_fd, name);
        if (lock_fd == -EWOULDBLOCK || lock_fd == -ENOENT)
                return 0;
        if (lock_fd >= 0) {
                int r = outside_remove(lock_fd, reterr);

                if (r < 0)
                        return r;
        }
        return remove_entry(trash_fd, name, reterr);
}

/* The container that a draft ".#NAME.TAG.new" is, or was, for; NULL: it has no such name (or no memory). */
static char *draft_container(const char *draft)
{
        const char *name = draft + strlen(TRASH_PREFIX);
        size_t n = strlen(name), tail = 1 + DRAFT_TAG_SIZE + strlen(DRAFT_SUFFIX);

        return n > tail ? strndup(name, n - tail) : NULL;
}

/* A restore exchanges the container for its draft, and then gives the new one the snapshots of the old
 * one: where it was killed in between, this is what is left to be done. */
static int rescue_snapshots(int parent_fd, const char *name, int draft_fd, Error *reterr)
{
        _cleanup_(free_p) char *container = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        if (fstatat(draft_fd, DRAFT_SNAPSHOTS, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        container = draft_container(name);
        if (!container)
                return 0;
        fd = path_open_on_mount(parent_fd, container, O_RDONLY | O_DIRECTORY);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0 ||
            renameat2(draft_fd, DRAFT_SNAPSHOTS, fd, DRAFT_SNAPSHOTS, RENAME_NOREPLACE) < 0)
                return error_errno(reterr, fd < 0 ? -fd : errno,
                                   "Cannot give the snapshots in '%s' back to the container", name);
        return 0;
}

/* The lock is held over the rename, so that a maker that has just made it, but not yet locked it,
 * sees that it is gone. */
static int condemn_draft(int parent_fd, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int lock_fd = -EBADF;
        int r;

        lock_fd = lock_entry(parent_fd, name);
        if (lock_fd == -EWOULDBLOCK || lock_fd == -ENOENT)
                return 0;
        r = lock_fd < 0 ? 0 : rescue_snapshots(parent_fd, name, lock_fd, reterr);
        if (r < 0)
                return r;
        r = put(parent_fd, name, parent_fd);
        if (is_full(r))
                return remove_entry(parent_fd, name, reterr);
        return r < 0 ? error_errno(reterr, -r, "Cannot move '%s' to the trash", name) : 0;
}

static bool is_draft(const char *name)
{
        return startswith(name, TRASH_PREFIX) && endswith(name, DRAFT_SUFFIX);
}

typedef bool (*NameFilter)(const char *name);
typedef int (*NameFunction)(int dir_fd, const char *name, Error *reterr);

static bool is_entry(const char *name)
{
        return !streq(name, ".") && !streq(name, "..");
}

/* Takes the fd. Goes on after a failure; only the first one is told. */
static int for_each_name(int fd, NameFilter filter, NameFunction function, Error *reterr)
{
        _cleanup_(closedir_p) DIR *dir = fdopendir(fd);
        struct dirent *entry;
        int first = 0;

        if (!dir) {
                first = error_errno(reterr, errno, "Cannot read a directory");
                (void) fd_close(fd);
                return first;
        }
        while ((entry = readdir(dir))) {
                int r = filter(entry->d_name)
                                ? function(fd, entry->d_name, first < 0 ? NULL : reterr)
                                : 0;

                if (r < 0 && first == 0)
                        first = r;
        }
        return first;
}

/* Return: 0, -errno of the first failure; the rest is done all the same. */
static int for_each_left(int parent_fd, NameFunction draft, NameFunction entry, Error *reterr)
{
        int fd, first, r;

        fd = path_open_on_mount(parent_fd, ".", O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open the container path");
        first = for_each_name(fd, is_draft, draft, reterr);
        fd = path_open_on_mount(parent_fd, TRASH_NAME, O_RDONLY | O_DIRECTORY);
        if (fd == -ENOENT)
                return first;
        if (fd < 0)
                r = error_errno(first < 0 ? NULL : reterr, -fd, "Cannot open the trash");
        else
                r = for_each_name(fd, is_entry, entry, first < 0 ? NULL : reterr);
        return first < 0 ? first : r;
}

int trash_collect(int parent_fd, Error *reterr)
{
        int r = for_each_left(parent_fd, condemn_draft, remove_locked, reterr);

        /* Stays while others still work on something in it. */
        (void) unlinkat(parent_fd, TRASH_NAME, AT_REMOVEDIR);
        return r;
}

static int settle_draft(int parent_fd, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int lock_fd = lock_entry(parent_fd, name);
        int r;

        if (lock_fd < 0)
                return 0;
        r = rescue_snapshots(parent_fd, name, lock_fd, reterr);
        return r < 0 ? r : outside_remove(lock_fd, reterr);
}

/* A collector that is about to remove the storage is waited for: killed before it has removed the record as
 * well, it would leave one that names what somebody else has made since. */
static int settle_entry(int trash_fd, const char *name, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = path_open_on_mount(trash_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (fd < 0 || !outside_is_recorded(fd))
                return 0;
        return flock(fd, LOCK_EX) < 0 ? -errno : outside_remove(fd, reterr);
}

int trash_settle(int parent_fd, Error *reterr)
{
        return for_each_left(parent_fd, settle_draft, settle_entry, reterr);
}
