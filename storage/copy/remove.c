/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Works by directory fds with a stack of a fixed size. A directory that lies deeper than the stack
 * is renamed to the top of the tree and removed from there, so depth costs neither memory nor file
 * descriptors, and no path is ever put together. */

#include "storage/copy/remove.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strv.h"
#include "kernel/btrfs.h"

#define DEPTH_MAX 48
#define FLATTEN_TRIES 64

typedef struct Frame {
        DIR *dir;
        char name[NAME_MAX + 1]; /* in the frame below */
        bool progress;           /* something was removed since the last rewind */
} Frame;

typedef struct Removal {
        int parent_fd;
        Frame frames[DEPTH_MAX];
        unsigned depth;
        uint64_t n_flattened;
        int first; /* -errno of the first failure */
        Error *reterr;
} Removal;

static Frame *top(Removal *removal)
{
        return &removal->frames[removal->depth - 1];
}

static int frame_fd(const Frame *frame)
{
        return dirfd(frame->dir);
}

static void fail(Removal *removal, int r, const char *name)
{
        if (removal->first < 0)
                return;
        removal->first = r;
        if (r == -EXDEV)
                (void) error_code(removal->reterr, 0, EBUSY,
                                  "Cannot remove '%s': something is mounted on it", name);
        else
                (void) error_errno(removal->reterr, -r, "Cannot remove '%s'", name);
}

/* Immutable and append-only files and directories refuse to go; the flags are only cleared when
 * that was seen. Only on regular files and directories: opening a device may have effects. */
static void clear_flags(int fd)
{
        int flags = 0;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL))) {
                flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
                (void) ioctl(fd, FS_IOC_SETFLAGS, &flags);
        }
}

static void clear_flags_at(int dir_fd, const char *name)
{
        _cleanup_(fd_close_p) int path_fd = -EBADF, fd = -EBADF;
        struct stat st;

        path_fd = path_open_on_mount(dir_fd, name, O_PATH | O_NOFOLLOW);
        if (path_fd < 0 || fstat(path_fd, &st) < 0)
                return;
        if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
                return;
        fd = open(fd_path(path_fd).text, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
                clear_flags(fd);
}

/* Return: 0, -EISDIR (of a name without AT_REMOVEDIR), -errno. */
static int unlink_stubborn(int dir_fd, const char *name, int flags)
{
        if (unlinkat(dir_fd, name, flags) == 0 || errno == ENOENT)
                return 0;
        if (errno != EPERM && errno != EACCES)
                return -errno;
        clear_flags(dir_fd);
        clear_flags_at(dir_fd, name);
        return unlinkat(dir_fd, name, flags) == 0 || errno == ENOENT ? 0 : -errno;
}

static int open_directory(int dir_fd, const char *name, DIR **ret)
{
        return path_list(dir_fd, name, O_NOFOLLOW, ret);
}

/* Moves a directory that lies too deep to the top of the tree. */
static int flatten(Removal *removal, const char *name)
{
        int from_fd = frame_fd(top(removal)), top_fd = frame_fd(&removal->frames[0]);

        for (unsigned i = 0; i < FLATTEN_TRIES; i++) {
                char target[40];

                (void) snprintf(target, sizeof(target), ".#deep.%016llx",
                                (unsigned long long) removal->n_flattened++);
                if (renameat2(from_fd, name, top_fd, target, RENAME_NOREPLACE) == 0) {
                        removal->frames[0].progress = true;
                        return 0;
                }
                if (errno == EPERM || errno == EACCES) {
                        clear_flags(from_fd);
                        clear_flags_at(from_fd, name);
                } else if (errno != EEXIST)
                        return -errno;
        }
        return -EEXIST;
}

static int descend(Removal *removal, int dir_fd, const char *name)
{
        DIR *dir;
        int r;

        if (removal->depth == DEPTH_MAX) {
                r = flatten(removal, name);
                if (r == 0)
                        top(removal)->progress = true;
                return r;
        }
        r = open_directory(dir_fd, name, &dir);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        /* One that has others in it goes as a directory does, when these have gone. */
        if (btrfs_is_subvolume(dirfd(dir)) && btrfs_remove_subvolume(dir_fd, name) == 0) {
                (void) closedir(dir);
                if (removal->depth > 0)
                        top(removal)->progress = true;
                return 0;
        }
        removal->frames[removal->depth] = (Frame){ .dir = dir };
        (void) snprintf(removal->frames[removal->depth].name, NAME_MAX + 1, "%s", name);
        removal->depth++;
        return 0;
}

static void remove_one(Removal *removal, const struct dirent *entry)
{
        Frame *frame = top(removal);
        int fd = frame_fd(frame), r = -EISDIR;

        if (entry->d_type != DT_DIR)
                r = unlink_stubborn(fd, entry->d_name, 0);
        if (r == 0)
                frame->progress = true;
        else if (r == -EISDIR)
                r = descend(removal, fd, entry->d_name);
        if (r < 0)
                fail(removal, r, entry->d_name);
}

/* The directory on the top of the stack has been read to its end. */
static void ascend(Removal *removal)
{
        Frame *frame = top(removal);
        int parent_fd = removal->depth > 1 ? frame_fd(frame - 1) : removal->parent_fd;
        int r = unlink_stubborn(parent_fd, frame->name, AT_REMOVEDIR);

        /* What was added or moved here meanwhile, or skipped by a file system that loses its place
         * when entries go: once more, as long as that brings us further. */
        if ((r == -ENOTEMPTY || r == -EEXIST) && frame->progress) {
                frame->progress = false;
                rewinddir(frame->dir);
                return;
        }
        if (r < 0)
                fail(removal, r, frame->name);
        (void) closedir(frame->dir);
        removal->depth--;
        if (removal->depth > 0 && r == 0)
                top(removal)->progress = true;
}

int remove_entry(int dir_fd, const char *name, Error *reterr)
{
        Removal removal = { .parent_fd = dir_fd, .reterr = reterr };
        int r;

        assert(*name && !strchr(name, '/'));
        r = unlink_stubborn(dir_fd, name, 0);
        if (r == 0)
                return 0;
        if (r == -EISDIR)
                r = descend(&removal, dir_fd, name);
        if (r < 0)
                fail(&removal, r, name);
        while (removal.depth > 0) {
                struct dirent *entry = readdir(top(&removal)->dir);

                if (!entry)
                        ascend(&removal);
                else if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        remove_one(&removal, entry);
        }
        return removal.first;
}
