/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/device.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/mount.h"
#include "storage/backend/tool.h"

/* Where a file system puts its mark. The kernel is told the type rather than left to try them all: what
 * is on the device was written in a container. */
static const struct {
        const char *type;
        bool is_writable;
        off_t offset;
        const char *mark;
        size_t size;
        const char *always; /* an option that it is always mounted with, or NULL */
} file_systems[] = {
        { "ext4", true, 0x438, "\x53\xef", 2, NULL }, /* ext2 and ext3 as well */
        /* A clone by its storage has the id of its source, which may be mounted at the same time. */
        { "xfs", true, 0, "XFSB", 4, "nouuid" },
        { "btrfs", true, 0x10040, "_BHRfS_M", 8, NULL },
        { "f2fs", true, 0x400, "\x10\x20\xf5\xf2", 4, NULL },
        { "squashfs", false, 0, "hsqs", 4, NULL },
        { "erofs", false, 0x400, "\xe2\xe1\xf5\xe0", 4, NULL },
};

static int find_mark(int fd)
{
        for (size_t i = 0; i < ELEMENTS(file_systems); i++) {
                char data[8];

                if (pread(fd, data, file_systems[i].size, file_systems[i].offset) ==
                            (ssize_t) file_systems[i].size &&
                    memcmp(data, file_systems[i].mark, file_systems[i].size) == 0)
                        return (int) i;
        }
        return -ENOENT;
}

const char *device_file_system(int fd)
{
        int i = find_mark(fd);

        return i < 0 ? NULL : file_systems[i].type;
}

const char *device_fresh_file_system(int fd)
{
        _cleanup_(free_p) char *path = NULL;
        char program[32];
        int i = find_mark(fd);

        if (i < 0 || !file_systems[i].is_writable)
                return NULL;
        (void) snprintf(program, sizeof(program), "mkfs.%s", file_systems[i].type);
        return tool_find(program, &path) == 0 ? file_systems[i].type : NULL;
}

static int make_options(const char *device, int row, const RootfsMount *mount, char ***ret)
{
        _cleanup_(strv_free_p) char **options = NULL, **data = NULL;
        int r;

        if (mount->data && strv_split(&data, mount->data, ",") < 0)
                return -ENOMEM;
        r = strv_addf(&options, "source=%s", device);
        if (r == 0 && mount->flags & MS_RDONLY)
                r = strv_add(&options, "ro");
        if (r == 0 && file_systems[row].always)
                r = strv_add(&options, file_systems[row].always);
        strv_foreach(option, data)
                if (r == 0)
                        r = strv_add(&options, *option);
        *ret = TAKE_PTR(options);
        return r;
}

int device_mount(const char *device,
                 const char *path,
                 const RootfsMount *mount,
                 int *ret_tree_fd,
                 Error *reterr)
{
        _cleanup_(fd_close_p) int fd = open(device, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        _cleanup_(strv_free_p) char **options = NULL;
        _cleanup_(free_p) char *reason = NULL;
        int row, r;

        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open '%s'", path);
        row = find_mark(fd);
        if (row < 0)
                return error_public(
                        reterr, ERROR_INVALID_CONFIG,
                        "There is no file system on '%s' that can be a root file system", path);
        fd = fd_close(fd);
        if (make_options(device, row, mount, &options) < 0)
                return error_oom(reterr);
        r = mount_file_system_explained(file_systems[row].type, (const char *const *) options,
                                        (unsigned) mount_attributes(mount->flags), &reason);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot mount the %s file system on '%s'%s%s%s",
                                   file_systems[row].type, path, reason ? " (" : "",
                                   reason ? reason : "", reason ? ")" : "");
        *ret_tree_fd = r;
        return 0;
}

/* The word that keeps each from asking, or from refusing to write over an old file system. */
static const struct {
        const char *type, *force;
} forces[] = {
        { "ext2", "-F" }, { "ext3", "-F" },  { "ext4", "-F" },
        { "xfs", "-f" },  { "btrfs", "-f" }, { "f2fs", "-f" },
};

int device_format(const char *device, const char *fstype, Error *reterr)
{
        const char *argv[4] = { NULL };
        char program[64];
        size_t n = 0;

        if (!fstype)
                fstype = FSTYPE_DEFAULT;
        (void) snprintf(program, sizeof(program), "mkfs.%s", fstype);
        argv[n++] = program;
        for (size_t i = 0; i < ELEMENTS(forces); i++)
                if (streq(forces[i].type, fstype))
                        argv[n++] = forces[i].force;
        argv[n] = device;
        return tool_run(argv, NULL, reterr);
}

bool device_is_block(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISBLK(st.st_mode);
}

bool device_is_mapped(const char *path)
{
        char dm[64];
        struct stat st;

        if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
                return false;
        (void) snprintf(dm, sizeof(dm), "/sys/dev/block/%u:%u/dm", major(st.st_rdev),
                        minor(st.st_rdev));
        return access(dm, F_OK) == 0;
}
