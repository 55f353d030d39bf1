/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "storage/copy-private.h"

#define STAT_BLOCK 512 /* the unit of stx_blocks */
/* A call for small files, so that they cost no more; large ones tell how far they are. */
#define RANGE_MAX ((size_t) 16 * 1024 * 1024)
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

static int write_all(const Content *content, const char *data, size_t n, off_t offset)
{
        while (n > 0) {
                ssize_t done = pwrite(content->object->to_fd, data, n, offset);

                if (done < 0)
                        return write_failed(content);
                data += done;
                n -= (size_t) done;
                offset += done;
        }
        return 0;
}

/* Return: 0, also where the file ends before, -errno: told. */
static int copy_buffered(const Content *content, off_t offset, off_t end)
{
        char *data = content->hand->buffers->data;

        while (offset < end) {
                size_t n = (size_t) (end - offset);
                ssize_t done;
                int r;

                n = n < COPY_DATA_SIZE ? n : COPY_DATA_SIZE;
                done = pread(content->object->from_fd, data, n, offset);
                if (done < 0)
                        return read_failed(content);
                if (done == 0)
                        return 0;
                r = write_all(content, data, (size_t) done, offset);
                if (r < 0)
                        return r;
                copy_account(content->hand->copy, 0, (uint64_t) done);
                offset += done;
        }
        return 0;
}

static bool is_unsupported(int errnum)
{
        return errnum == EXDEV || errnum == EOPNOTSUPP || errnum == ENOSYS || errnum == ENOTTY ||
               errnum == EINVAL;
}

/* Within the kernel. Return: as copy_buffered(). */
static int copy_range(const Content *content, off_t offset, off_t end)
{
        Copy *copy = content->hand->copy;
        off_t to = offset;

        while (offset < end && !atomic_load_explicit(&copy->no_ranges, memory_order_relaxed)) {
                size_t n = (size_t) (end - offset);
                ssize_t done;

                done = copy_file_range(content->object->from_fd, &offset, content->object->to_fd,
                                       &to, n < RANGE_MAX ? n : RANGE_MAX, 0);
                if (done == 0)
                        return 0;
                if (done > 0)
                        copy_account(copy, 0, (uint64_t) done);
                else if (is_unsupported(errno))
                        atomic_store_explicit(&copy->no_ranges, true, memory_order_relaxed);
                else
                        return write_failed(content);
        }
        return copy_buffered(content, offset, end);
}

/* Return: 1 it shares the source's blocks, 0 not possible. */
static int clone_blocks(const Content *content)
{
        Copy *copy = content->hand->copy;
        const Object *object = content->object;

        if (atomic_load_explicit(&copy->no_reflink, memory_order_relaxed))
                return 0;
        if (ioctl(object->to_fd, FICLONE, object->from_fd) == 0) {
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
        if (from->stx_size <= COPY_DATA_SIZE)
                return copy_buffered(content, 0, (off_t) from->stx_size);
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
