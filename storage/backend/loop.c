/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file with a file system in it, `rootdev` in the container's directory. Mounted by a loop device that
 * goes with the mount. */

#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "kernel/loop-device.h"
#include "storage/backend/device.h"
#include "storage/backend/rootfs.h"
#include "storage/backend/tool.h"

#define IMAGE "rootdev"

static int loop_probe(char **ret_reason)
{
        return feature_need_driver("loop", ret_reason);
}

static bool loop_claims(const char *source)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        if (stat(source, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        fd = open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        return fd >= 0 && device_file_system(fd);
}

static int rootfs_path(const Volume *volume, char **ret, Error *reterr)
{
        *ret = string_format("loop:%s/" IMAGE, volume->directory);
        if (!*ret)
                return error_oom(reterr);
        return 0;
}

/* Return: fd, -errno. */
static int make_image(const Volume *volume, Error *reterr)
{
        int fd = openat(volume->dir_fd, IMAGE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        return fd < 0 ? error_errno(reterr, errno, "Cannot make '%s/" IMAGE "'", volume->directory)
                      : fd;
}

/* By our fd: the directory has another name yet. */
static int format_image(int fd, const BackendOptions *options, Error *reterr)
{
        uint64_t size = options && options->size ? options->size : FSSIZE_DEFAULT;
        char path[64];

        if (ftruncate(fd, (off_t) size) < 0)
                return error_errno(reterr, errno, "Cannot make an image of %ju bytes",
                                   (uintmax_t) size);
        (void) snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
        return device_format(path, options ? options->fstype : NULL, reterr);
}

static int loop_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = make_image(volume, reterr);
        int r;

        if (fd < 0)
                return fd;
        r = format_image(fd, volume->options, reterr);
        if (r == 0)
                r = rootfs_path(volume, ret_rootfs_path, reterr);
        if (r < 0)
                (void) unlinkat(volume->dir_fd, IMAGE, 0);
        return r;
}

/* Not what a link leads to, and nothing but a file. */
static int open_image(const char *source, bool read_only, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        fd = open(source,
                  (read_only ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 && errno == ELOOP)
                return error_public(
                        reterr, ERROR_INVALID_CONFIG,
                        "The image '%s' is a symbolic link, which is not followed: name "
                        "the file itself",
                        source);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot open the image '%s'", source);
        if (!S_ISREG(st.st_mode))
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "'%s' is not a file with an image", source);
        return TAKE_FD(fd);
}

static int loop_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        bool read_only = mount->flags & MS_RDONLY;
        _cleanup_(fd_close_p) int image_fd = open_image(source, read_only, reterr);
        LoopDevice device = LOOP_DEVICE_NULL;
        int r;

        if (image_fd < 0)
                return image_fd;
        r = loop_device_open(image_fd, source, read_only, &device);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make a loop device of '%s'", source);
        r = device_mount(device.path, source, mount, ret_tree_fd, reterr);
        (void) fd_close(device.fd); /* the mount holds it, or nobody does */
        return r;
}

/* Shares the blocks where the file system can. Not of a btrfs image: two with one id must never be mounted
 * at once. */
static int loop_clone(const Rootfs *from, const Volume *to, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(fd_close_p) int from_fd = -EBADF, fd = -EBADF;
        const char *type;

        if (to->options && (to->options->size || to->options->fstype))
                return 1;
        from_fd = open_image(from->source, true, reterr);
        if (from_fd < 0)
                return from_fd;
        type = device_file_system(from_fd);
        if (!type || streq(type, "btrfs"))
                return 1;
        fd = make_image(to, reterr);
        if (fd < 0)
                return fd;
        if (ioctl(fd, FICLONE, from_fd) == 0)
                return rootfs_path(to, ret_rootfs_path, reterr);
        (void) unlinkat(to->dir_fd, IMAGE, 0);
        return 1;
}

static int loop_rename(const char *source,
                       const char *from_directory,
                       const Volume *volume,
                       char **ret_rootfs_path,
                       Error *reterr)
{
        return backend_rename_path("loop", source, from_directory, volume, ret_rootfs_path, reterr);
}

const Backend backend_loop = {
        .name = "loop",
        .summary = "A file with a file system in it",
        .options = (const char *const[]){ "fstype", "fssize", NULL },
        .can_create = true,
        .can_clone = true,
        .slow = true,
        .probe = loop_probe,
        .claims = loop_claims,
        .create = loop_create,
        .open = loop_open,
        .clone = loop_clone,
        .rename = loop_rename,
};
