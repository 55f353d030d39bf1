/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The order matters: a change of owner takes set-user-ID bits and capabilities away, a change of mode
 * must not come after the ACL it belongs to, and what is immutable takes nothing any more. */

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "base/strv.h"
#include "storage/copy/private.h"

/* What is set before there is any content: some of it cannot be set later, some is handed down by a
 * directory. */
#define FLAGS_EARLY                                                                                \
        (FS_COMPR_FL | FS_NOCOMP_FL | FS_NOCOW_FL | FS_SYNC_FL | FS_DIRSYNC_FL | FS_NOATIME_FL |   \
         FS_NODUMP_FL)

/* Attributes that mean the same on another file system. What else file systems list (ACLs of NFS or CIFS,
 * properties of their own) is a view of something that was copied, or cannot be. */
static const char *const xattr_prefixes[] = {
        "user.", "trusted.", "security.", "system.posix_acl_access", "system.posix_acl_default",
};

/* A file by its fd, or by a path of one component below /proc/self/fd/N. */
typedef struct XattrFile {
        int fd;
        const char *path;
} XattrFile;

static ssize_t xattr_list(const XattrFile *file, char *names, size_t size)
{
        return file->path ? llistxattr(file->path, names, size) : flistxattr(file->fd, names, size);
}

static ssize_t xattr_get(const XattrFile *file, const char *name, void *value, size_t size)
{
        return file->path ? lgetxattr(file->path, name, value, size)
                          : fgetxattr(file->fd, name, value, size);
}

static int xattr_set(const XattrFile *file, const char *name, const void *value, size_t size)
{
        return file->path ? lsetxattr(file->path, name, value, size, 0)
                          : fsetxattr(file->fd, name, value, size, 0);
}

static bool is_kept(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(xattr_prefixes); i++)
                if (startswith(name, xattr_prefixes[i]))
                        return true;
        return false;
}

static int copy_xattr(
        Hand *hand, const XattrFile *from, const XattrFile *to, const char *xattr, const char *name)
{
        char *value = hand->buffers->value;
        char what[XATTR_NAME_MAX + 64];
        ssize_t n;

        n = xattr_get(from, xattr, value, COPY_XATTR_SIZE);
        if (n >= 0 && xattr_set(to, xattr, value, (size_t) n) == 0)
                return 0;
        if (n < 0 && errno == ENODATA)
                return 0;
        (void) snprintf(what, sizeof(what), "%s the attribute '%s' of", n < 0 ? "read" : "set",
                        xattr);
        return copy_fail(hand, -errno, n < 0 ? COPY_FROM : COPY_TO, what, name);
}

static int copy_xattrs(Hand *hand, const XattrFile *from, const XattrFile *to, const char *name)
{
        const char *names = hand->buffers->names;
        ssize_t n;
        int r = 0;

        n = xattr_list(from, hand->buffers->names, COPY_XATTR_SIZE);
        if (n < 0)
                return errno == EOPNOTSUPP
                               ? 0
                               : copy_fail(hand, -errno, COPY_FROM, "list the attributes of", name);
        for (const char *xattr = names; r == 0 && xattr < names + n; xattr += strlen(xattr) + 1)
                if (is_kept(xattr))
                        r = copy_xattr(hand, from, to, xattr, name);
        return r;
}

static bool is_owner_right(const Copy *copy, const struct statx *from)
{
        return copy->is_owner_known && from->stx_uid == copy->uid && from->stx_gid == copy->gid;
}

static struct timespec timespec_of(const struct statx_timestamp *timestamp)
{
        return (struct timespec){ .tv_sec = timestamp->tv_sec, .tv_nsec = timestamp->tv_nsec };
}

#define TIMES_OF(from)                                                                             \
        ((struct timespec[]){ timespec_of(&(from)->stx_atime), timespec_of(&(from)->stx_mtime) })

/* Flags of one file system need not exist on the other: those are left out. */
static int add_flags(int fd, int wanted)
{
        int flags = 0;

        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
                return -errno;
        if ((flags & wanted) == wanted)
                return 0;
        flags |= wanted;
        return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* Most files have none: then it is one call, or none where the file system has no such thing. */
void copy_early_flags(Hand *hand, const Object *object)
{
        Copy *copy = hand->copy;
        int flags = 0;

        if (atomic_load_explicit(&copy->no_flags, memory_order_relaxed))
                return;
        if (ioctl(object->from_fd, FS_IOC_GETFLAGS, &flags) < 0)
                atomic_store_explicit(&copy->no_flags, true, memory_order_relaxed);
        else if (flags & FLAGS_EARLY)
                (void) add_flags(object->to_fd, flags & FLAGS_EARLY);
}

int copy_final_flags(int fd, uint64_t attributes)
{
        int r, flags = 0;

        if (attributes & STATX_ATTR_IMMUTABLE)
                flags |= FS_IMMUTABLE_FL;
        if (attributes & STATX_ATTR_APPEND)
                flags |= FS_APPEND_FL;
        r = add_flags(fd, flags);
        return r == -ENOTTY || r == -EOPNOTSUPP ? 0 : r;
}

static int copy_late_flags(Hand *hand, const Object *object, const char *name)
{
        uint64_t final = object->from.stx_attributes & ATTRIBUTES_FINAL;
        int r;

        /* Of a file with several names they are set when it has got all of them. */
        if (final == 0 || (!S_ISDIR(object->from.stx_mode) && object->from.stx_nlink > 1))
                return 0;
        r = copy_final_flags(object->to_fd, final);
        return r < 0 ? copy_fail(hand, r, COPY_TO, "set the flags of", name) : 0;
}

int copy_attributes(Hand *hand, const Object *object, const char *name)
{
        const struct statx *from = &object->from;
        mode_t mode = from->stx_mode & 07777;
        int fd = object->to_fd, r = 0;

        if (!is_owner_right(hand->copy, from) && fchown(fd, from->stx_uid, from->stx_gid) < 0)
                return copy_fail(hand, -errno, COPY_TO, "set the owner of", name);
        if (mode != object->made && fchmod(fd, mode) < 0)
                return copy_fail(hand, -errno, COPY_TO, "set the mode of", name);
        if (object->from_fd >= 0)
                r = copy_xattrs(hand, &(XattrFile){ .fd = object->from_fd },
                                &(XattrFile){ .fd = fd }, name);
        if (r < 0)
                return r;
        if (futimens(fd, TIMES_OF(from)) < 0)
                return copy_fail(hand, -errno, COPY_TO, "set the times of", name);
        return object->from_fd >= 0 ? copy_late_flags(hand, object, name) : 0;
}

typedef struct XattrPath {
        char text[64 + NAME_MAX];
} XattrPath;

static XattrPath xattr_path(int dir_fd, const char *name)
{
        XattrPath path;

        (void) snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d/%s", dir_fd, name);
        return path;
}

int copy_special_attributes(Hand *hand, const struct statx *from, const Place *to, const char *name)
{
        int r;

        if (!is_owner_right(hand->copy, from) &&
            fchownat(to->dir_fd, to->name, from->stx_uid, from->stx_gid, AT_SYMLINK_NOFOLLOW) < 0)
                return copy_fail(hand, -errno, COPY_TO, "set the owner of", name);
        if (!S_ISLNK(from->stx_mode) && (from->stx_mode & 07000) &&
            fchmodat(to->dir_fd, to->name, from->stx_mode & 07777, 0) < 0)
                return copy_fail(hand, -errno, COPY_TO, "set the mode of", name);
        r = copy_xattrs(hand,
                        &(XattrFile){ .path = xattr_path(hand->top->object.from_fd, name).text },
                        &(XattrFile){ .path = xattr_path(to->dir_fd, to->name).text }, name);
        if (r < 0)
                return r;
        if (utimensat(to->dir_fd, to->name, TIMES_OF(from), AT_SYMLINK_NOFOLLOW) < 0)
                return copy_fail(hand, -errno, COPY_TO, "set the times of", name);
        return 0;
}
