/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Depth first, with a frame for each directory on the way. Only the innermost frames hold open files:
 * in a deeper tree the outermost is suspended, and is found again by the ".." of the one below it, if
 * that still leads to the same directory. So the depth costs some memory, but no file descriptors. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/path.h"
#include "base/strv.h"
#include "storage/copy/private.h"

#define OPEN_FRAMES_MAX 24
#define ENTRIES_SIZE ((size_t) 32 * 1024)
#define TYPES_MAX 16

int copy_open_quietly(Copy *copy, int dir_fd, const char *name, uint64_t flags)
{
        int fd = -EPERM;

        if (!atomic_load_explicit(&copy->no_noatime, memory_order_relaxed))
                fd = path_open_on_mount(dir_fd, name, flags | O_NOATIME);
        if (fd != -EPERM)
                return fd;
        atomic_store_explicit(&copy->no_noatime, true, memory_order_relaxed);
        return path_open_on_mount(dir_fd, name, flags);
}

int copy_open(Hand *hand, const char *name, uint64_t flags)
{
        int fd;

        fd = copy_open_quietly(hand->copy, hand->top->object.from_fd, name,
                               O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags);
        if (fd >= 0 || fd == -ENOENT || fd == -EXDEV)
                return fd;
        if (fd == -ELOOP || fd == -ENOTDIR || fd == -ENXIO)
                return copy_fail_changed(hand, name);
        return copy_fail(hand, fd, COPY_FROM, "open", name);
}

static int same_directory(int fd, const struct statx *expected)
{
        struct statx now;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_INO, &now) < 0)
                return -errno;
        return now.stx_ino == expected->stx_ino && now.stx_dev_major == expected->stx_dev_major &&
                               now.stx_dev_minor == expected->stx_dev_minor
                       ? 0
                       : -ESTALE;
}

static int frame_suspend(Hand *hand)
{
        Frame *frame = hand->oldest;

        if (statx(frame->object.to_fd, "", AT_EMPTY_PATH, STATX_INO, &frame->to) < 0)
                return copy_fail(hand, -errno, COPY_TO, "look at a directory above", NULL);
        object_close(&frame->object);
        free(frame->entries);
        frame->entries = NULL;
        frame->at = frame->n = 0;
        hand->oldest = frame->down;
        hand->n_open--;
        return 0;
}

/* Return: fd, -errno. */
static int open_parent(int fd, int flags, const struct statx *expected)
{
        _cleanup_(fd_close_p) int parent_fd = -EBADF;
        int r;

        parent_fd = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags);
        if (parent_fd < 0)
                return -errno;
        r = same_directory(parent_fd, expected);
        return r < 0 ? r : TAKE_FD(parent_fd);
}

static int frame_resume(Hand *hand, Frame *frame)
{
        Object *object = &frame->object;
        const Object *below = &frame->down->object;
        int quietly = hand->copy->no_noatime ? 0 : O_NOATIME;

        object->from_fd = open_parent(below->from_fd, quietly, &object->from);
        if (object->from_fd == -ESTALE)
                return copy_fail_changed(hand, NULL);
        if (object->from_fd < 0)
                return copy_fail(hand, object->from_fd, COPY_FROM, "return to the directory of",
                                 NULL);
        object->to_fd = open_parent(below->to_fd, 0, &frame->to);
        if (object->to_fd < 0)
                return copy_fail(hand, object->to_fd, COPY_TO, "return to the directory of", NULL);
        if (lseek(object->from_fd, frame->cookie, SEEK_SET) < 0)
                return copy_fail(hand, -errno, COPY_FROM, "return to the directory of", NULL);
        hand->oldest = frame;
        hand->n_open++;
        return 0;
}

/* Takes the object's fds, also on failure. */
static int frame_push(Hand *hand, const Object *object, const char *name)
{
        Frame *frame = calloc(1, sizeof(*frame) + strlen(name) + 1);
        int r = 0;

        if (!frame) {
                Object orphan = *object;

                object_close(&orphan);
                return copy_fail(hand, -ENOMEM, COPY_FROM, "open", name);
        }
        (void) strcpy(frame->name, name);
        frame->object = *object;
        frame->up = hand->top;
        if (hand->top)
                hand->top->down = frame;
        else
                hand->oldest = frame;
        hand->top = frame;
        hand->n_open++;
        if (hand->n_open > OPEN_FRAMES_MAX)
                r = frame_suspend(hand);
        return r;
}

static void frame_drop(Hand *hand)
{
        Frame *frame = hand->top;

        hand->top = frame->up;
        if (hand->top)
                hand->top->down = NULL;
        hand->n_open--;
        object_close(&frame->object);
        free(frame->entries);
        free(frame);
}

/* The directory at hand has been read to its end. */
static void frame_finish(Hand *hand, bool is_root)
{
        Frame *frame = hand->top, *up = frame->up;
        int r = 0;

        /* First, as afterwards the mode may forbid it. */
        if (up && up->object.from_fd < 0)
                r = frame_resume(hand, up);
        if (r == 0 && (up || !is_root))
                r = copy_attributes(hand, &frame->object, NULL);
        if (r == 0)
                copy_account(hand->copy, 1, 0);
        frame_drop(hand);
}

/* Return: 1 an entry, 0 the end, -errno: told. */
static int next_entry(Hand *hand, struct dirent64 **ret)
{
        Frame *frame = hand->top;
        struct dirent64 *entry;
        ssize_t n;

        if (!frame->entries)
                frame->entries = malloc(ENTRIES_SIZE);
        if (!frame->entries)
                return copy_fail(hand, -ENOMEM, COPY_FROM, "list", NULL);
        if (frame->at == frame->n) {
                n = getdents64(frame->object.from_fd, frame->entries, ENTRIES_SIZE);
                /* Removed meanwhile, it is empty. */
                if (n == 0 || (n < 0 && errno == ENOENT))
                        return 0;
                if (n < 0)
                        return copy_fail(hand, -errno, COPY_FROM, "list", NULL);
                frame->at = 0;
                frame->n = (size_t) n;
        }
        entry = (struct dirent64 *) (void *) (frame->entries + frame->at);
        frame->at += entry->d_reclen;
        frame->cookie = entry->d_off;
        *ret = entry;
        return 1;
}

/* What is mounted is not part of the tree: an empty file or directory takes its place. */
static int copy_mount_point(Hand *hand, const char *name)
{
        _cleanup_(object_close) Object object = OBJECT_NULL;
        int dir_fd = hand->top->object.to_fd;
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = path_open_beneath(hand->top->object.from_fd, name, O_PATH | O_NOFOLLOW, 0);
        if (fd < 0)
                return copy_fail(hand, fd, COPY_FROM, "look at", name);
        if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &object.from) < 0)
                return copy_fail(hand, -errno, COPY_FROM, "look at", name);
        if (S_ISDIR(object.from.stx_mode) && mkdirat(dir_fd, name, 0700) < 0)
                return copy_fail(hand, -errno, COPY_TO, "make", name);
        object.to_fd =
                path_open_beneath(dir_fd, name,
                                  S_ISDIR(object.from.stx_mode) ? O_RDONLY | O_DIRECTORY
                                                                : O_WRONLY | O_CREAT | O_EXCL,
                                  0700);
        if (object.to_fd < 0)
                return copy_fail(hand, object.to_fd, COPY_TO, "make", name);
        object.made = 0700;
        copy_account(hand->copy, 1, 0);
        return copy_attributes(hand, &object, name);
}

static int make_directory(Hand *hand, Object *object, const char *name)
{
        int dir_fd = hand->top->object.to_fd;

        object->made = (object->from.stx_mode & 0777) | 0700;
        if (mkdirat(dir_fd, name, object->made) < 0)
                return copy_fail(hand, -errno, COPY_TO, "make", name);
        object->to_fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (object->to_fd < 0)
                return copy_fail(hand, -errno, COPY_TO, "open", name);
        copy_early_flags(hand, object);
        return 0;
}

static int copy_directory(Hand *hand, const char *name)
{
        _cleanup_(object_close) Object object = OBJECT_NULL;
        int r;

        object.from_fd = copy_open(hand, name, O_DIRECTORY);
        if (object.from_fd == -EXDEV)
                return copy_mount_point(hand, name);
        if (object.from_fd < 0)
                return object.from_fd == -ENOENT ? 0 : object.from_fd;
        if (statx(object.from_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &object.from) < 0)
                return copy_fail(hand, -errno, COPY_FROM, "look at", name);
        r = make_directory(hand, &object, name);
        if (r < 0)
                return r;
        if (!copy_offer(hand, &object, name))
                r = frame_push(hand, &object, name);
        object = OBJECT_NULL;
        return r;
}

static int copy_regular(Hand *hand, const char *name)
{
        int r = copy_file(hand, name);

        return r == -EXDEV ? copy_mount_point(hand, name) : r;
}

static int copy_other(Hand *hand, const char *name)
{
        int r = copy_special(hand, name);

        return r == -EXDEV ? copy_mount_point(hand, name) : r;
}

static int copy_unknown(Hand *hand, const char *name);

/* clang-format off */
static int (*const functions[TYPES_MAX])(Hand *hand, const char *name) = {
        [DT_UNKNOWN] = copy_unknown,
        [DT_DIR]     = copy_directory,
        [DT_REG]     = copy_regular,
        [DT_LNK]     = copy_other,
        [DT_CHR]     = copy_other,
        [DT_BLK]     = copy_other,
        [DT_FIFO]    = copy_other,
        [DT_SOCK]    = copy_other,
};
/* clang-format on */

static int copy_entry(Hand *hand, const char *name, unsigned type)
{
        if (type >= TYPES_MAX || !functions[type])
                return copy_fail(hand, -EOPNOTSUPP, COPY_FROM, "copy", name);
        return functions[type](hand, name);
}

/* File systems need not tell the type in the list. */
static int copy_unknown(Hand *hand, const char *name)
{
        struct statx from;

        if (statx(hand->top->object.from_fd, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &from) < 0)
                return errno == ENOENT ? 0 : copy_fail(hand, -errno, COPY_FROM, "look at", name);
        return copy_entry(hand, name, IFTODT(from.stx_mode));
}

void copy_tree_run(Hand *hand, const Object *object, bool is_root)
{
        struct dirent64 *entry = NULL;
        int r;

        if (frame_push(hand, object, "") < 0)
                return;
        while (hand->top && !copy_has_failed(hand->copy)) {
                r = next_entry(hand, &entry);
                if (r == 0)
                        frame_finish(hand, is_root);
                else if (r > 0 && !streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        (void) copy_entry(hand, entry->d_name, entry->d_type);
        }
        while (hand->top)
                frame_drop(hand);
}
