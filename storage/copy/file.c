/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include "storage/copy/private.h"

#define STAT_BLOCK 512 /* the unit of stx_blocks */
/* After so much, large files tell how far they are. */
#define RANGE_MAX (16 * 1024 * 1024)
#define OFFER_MIN ((uint64_t) 1024 * 1024)

/* One file, its bytes being copied. */
typedef struct Content {
        Hand *hand;
        const Object *object;
        const char *name;
} Content;

static int read_failed(const Content *content)
{
        return copy_fail(content->hand, -errno, COPY_FROM, "read", content->name);
}

static int write_failed(const Content *content)
{
        return copy_fail(content->hand, -errno, COPY_TO, "write", content->name);
}

/* Within the kernel, both files may be the reason. */
static int bytes_failed(const Content *content)
{
        bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EROFS;

        return is_full ? write_failed(content)
                       : copy_fail(content->hand, -errno, COPY_FROM, "copy the bytes of",
                                   content->name);
}

/* Ways to copy some bytes at an offset, the best one first. Return: as write(2). */

static ssize_t by_range(const Content *content, off_t offset, size_t n)
{
        off_t to = offset;

        return copy_file_range(content->object->from_fd, &offset, content->object->to_fd, &to, n,
                               0);
}

/* Between file systems, and still within the kernel. */
static ssize_t by_pipe(const Content *content, off_t offset, size_t n)
{
        if (lseek(content->object->to_fd, offset, SEEK_SET) < 0)
                return -1;
        return sendfile(content->object->to_fd, content->object->from_fd, &offset, n);
}

static ssize_t by_buffer(const Content *content, off_t offset, size_t n)
{
        char *data = content->hand->buffers->data;
        ssize_t got;

        got = pread(content->object->from_fd, data, n < COPY_DATA_SIZE ? n : COPY_DATA_SIZE,
                    offset);
        return got <= 0 ? got : pwrite(content->object->to_fd, data, (size_t) got, offset);
}

static ssize_t (*const ways[])(const Content *content, off_t offset, size_t n) = {
        by_range,
        by_pipe,
        by_buffer,
};

static bool is_unsupported(int errnum)
{
        return errnum == EXDEV || errnum == EOPNOTSUPP || errnum == ENOSYS || errnum == ENOTTY ||
               errnum == EINVAL;
}

/* Return: 0, also where the file ends before, -errno: told. */
static int copy_range(const Content *content, off_t offset, off_t end)
{
        Copy *copy = content->hand->copy;

        while (offset < end) {
                unsigned way = atomic_load_explicit(&copy->way, memory_order_relaxed);
                off_t left = end - offset;
                ssize_t n;

                n = ways[way](content, offset, left < RANGE_MAX ? (size_t) left : RANGE_MAX);
                if (n == 0)
                        return 0;
                if (n > 0) {
                        copy_account(copy, 0, (uint64_t) n);
                        offset += n;
                } else if (way + 1 < ELEMENTS(ways) && is_unsupported(errno))
                        atomic_store_explicit(&copy->way, way + 1, memory_order_relaxed);
                else
                        return bytes_failed(content);
        }
        return 0;
}

/* Return: 1 it shares the source's blocks, 0 not possible. */
static int clone_blocks(const Content *content)
{
        Copy *copy = content->hand->copy;
        const Object *object = content->object;

        if (atomic_load_explicit(&copy->no_reflink, memory_order_relaxed))
                return 0;
        if (ioctl(object->to_fd, FICLONE, object->from_fd) == 0) {
                (void) atomic_fetch_add_explicit(&copy->shared, object->from.stx_size,
                                                 memory_order_relaxed);
                copy_account(copy, 0, object->from.stx_size);
                return 1;
        }
        /* EINVAL may concern this file alone (on btrfs, one without checksums). */
        if (is_unsupported(errno) && errno != EINVAL)
                atomic_store_explicit(&copy->no_reflink, true, memory_order_relaxed);
        return 0;
}

/* Only what is not a hole. */
static int copy_sparse(const Content *content)
{
        const Object *object = content->object;
        off_t end = (off_t) object->from.stx_size, data, hole = 0;
        int r = 0;

        while (r == 0 && hole < end) {
                data = lseek(object->from_fd, hole, SEEK_DATA);
                if (data < 0 && errno == ENXIO)
                        break;
                if (data < 0)
                        return errno == EINVAL ? copy_range(content, hole, end)
                                               : read_failed(content);
                hole = lseek(object->from_fd, data, SEEK_HOLE);
                if (hole < 0)
                        return read_failed(content);
                hole = hole < end ? hole : end;
                r = copy_range(content, data, hole);
        }
        if (r == 0 && ftruncate(object->to_fd, end) < 0)
                return write_failed(content);
        return r;
}

static int copy_content(const Content *content)
{
        const struct statx *from = &content->object->from;

        if (from->stx_size == 0 || clone_blocks(content) > 0)
                return 0;
        if (from->stx_blocks * STAT_BLOCK < from->stx_size)
                return copy_sparse(content);
        return copy_range(content, 0, (off_t) from->stx_size);
}

int copy_file_fill(Hand *hand, Object *object, const char *name)
{
        _cleanup_(object_close) Object held = *object;
        int r;

        r = copy_content(&(Content){ .hand = hand, .object = &held, .name = name });
        if (r == 0)
                r = copy_attributes(hand, &held, name);
        if (r == 0)
                copy_account(hand->copy, 1, 0);
        return r;
}

/* Return: 1 made, 0 only named, as another thread or an earlier name made it. */
static int make_file(Hand *hand, Object *object, const char *name)
{
        Place place;
        int r;

        r = copy_place(hand, &object->from, name, &place);
        if (r < 0)
                return r;
        object->made = object->from.stx_mode & 0777;
        object->to_fd = openat(place.dir_fd, place.name,
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, object->made);
        if (object->to_fd < 0 && (errno != EEXIST || !place_is_shared(&place)))
                return copy_fail(hand, -errno, COPY_TO, "make", name);
        if (object->to_fd >= 0)
                copy_early_flags(hand, object);
        r = copy_link(hand, &place, name);
        return r < 0 ? r : object->to_fd >= 0;
}

int copy_file(Hand *hand, const char *name)
{
        _cleanup_(object_close) Object object = OBJECT_NULL;
        int r;

        object.from_fd = copy_open(hand, name, 0);
        if (object.from_fd < 0)
                return object.from_fd == -ENOENT ? 0 : object.from_fd;
        if (statx(object.from_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &object.from) < 0)
                return copy_fail(hand, -errno, COPY_FROM, "look at", name);
        if (!S_ISREG(object.from.stx_mode))
                return copy_fail_changed(hand, name);
        r = make_file(hand, &object, name);
        if (r == 0)
                copy_account(hand->copy, 1, 0);
        if (r <= 0)
                return r;
        if (object.from.stx_size < OFFER_MIN || !copy_offer(hand, &object, name))
                r = copy_file_fill(hand, &object, name);
        object = OBJECT_NULL;
        return r < 0 ? r : 0;
}
