/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "kernel/mount.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/file.h"

#define MOUNTINFO_SIZE_MAX (64U << 20)

static int set_option(int fs_fd, const char *option)
{
        _cleanup_(free_p) char *key = NULL;
        const char *equals = strchr(option, '=');
        int r;

        if (!equals)
                return fsconfig(fs_fd, FSCONFIG_SET_FLAG, option, NULL, 0) < 0 ? -errno : 0;
        key = strndup(option, (size_t) (equals - option));
        if (!key)
                return -ENOMEM;
        r = fsconfig(fs_fd, FSCONFIG_SET_STRING, key, equals + 1, 0);
        return r < 0 ? -errno : 0;
}

static int new_mount(int fs_fd, const char *const *options, unsigned attributes)
{
        int fd;

        for (; options && *options; options++) {
                int r = set_option(fs_fd, *options);

                if (r < 0)
                        return r;
        }
        if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return -errno;
        fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, attributes);
        return fd < 0 ? -errno : fd;
}

/* The first error message of the context, one a read(2): "e TEXT". The latest that a failure causes are
 * about its consequences. */
static char *read_reason(int fs_fd)
{
        char message[512];
        ssize_t n;

        while ((n = read(fs_fd, message, sizeof(message) - 1)) > 2) {
                if (message[0] != 'e')
                        continue;
                message[n] = '\0';
                message[strcspn(message, "\n")] = '\0';
                return strdup(message + 2);
        }
        return NULL;
}

int mount_file_system_explained(const char *type,
                                const char *const *options,
                                unsigned attributes,
                                char **ret_reason)
{
        _cleanup_(fd_close_p) int fs_fd = -EBADF;
        int r;

        if (ret_reason)
                *ret_reason = NULL;
        fs_fd = fsopen(type, FSOPEN_CLOEXEC);
        if (fs_fd < 0)
                return -errno;
        r = new_mount(fs_fd, options, attributes);
        if (r < 0 && ret_reason)
                *ret_reason = read_reason(fs_fd);
        return r;
}

int mount_file_system(const char *type, const char *const *options, unsigned attributes)
{
        return mount_file_system_explained(type, options, attributes, NULL);
}

int mount_clone(int dir_fd, const char *path, bool recursive)
{
        unsigned flags =
                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
        int fd;

        if (!*path)
                flags |= AT_EMPTY_PATH;
        if (recursive)
                flags |= AT_RECURSIVE;
        fd = open_tree(dir_fd, path, flags);
        return fd < 0 ? -errno : fd;
}

int mount_attach(int tree_fd, int target_fd)
{
        unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

        return move_mount(tree_fd, "", target_fd, "", flags) < 0 ? -errno : 0;
}

static const struct {
        unsigned long flag;
        uint64_t attribute;
} attribute_table[] = {
        { MS_RDONLY, MOUNT_ATTR_RDONLY },         { MS_NOSUID, MOUNT_ATTR_NOSUID },
        { MS_NODEV, MOUNT_ATTR_NODEV },           { MS_NOEXEC, MOUNT_ATTR_NOEXEC },
        { MS_NOATIME, MOUNT_ATTR_NOATIME },       { MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
        { MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
};

uint64_t mount_attributes(unsigned long flags)
{
        uint64_t attributes = 0;

        for (size_t i = 0; i < ELEMENTS(attribute_table); i++)
                if (flags & attribute_table[i].flag)
                        attributes |= attribute_table[i].attribute;
        return attributes;
}

int mount_change(int tree_fd,
                 unsigned long set,
                 unsigned long clear,
                 unsigned long propagation,
                 bool recursive)
{
        struct mount_attr attr = {
                .attr_set = mount_attributes(set),
                .attr_clr = mount_attributes(clear),
                .propagation = propagation,
        };
        unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

        /* The access times are one field of three values: it is cleared as a whole. */
        if ((set | clear) & (MS_NOATIME | MS_STRICTATIME | MS_RELATIME)) {
                attr.attr_clr &= ~(uint64_t) (MOUNT_ATTR_NOATIME | MOUNT_ATTR_STRICTATIME);
                attr.attr_clr |= MOUNT_ATTR__ATIME;
        }
        if (attr.attr_set == 0 && attr.attr_clr == 0 && attr.propagation == 0)
                return 0;
        return mount_setattr(tree_fd, "", flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

int mount_set_idmap(int tree_fd, int user_namespace_fd, bool recursive)
{
        struct mount_attr attr = {
                .attr_set = MOUNT_ATTR_IDMAP,
                .userns_fd = (uint64_t) user_namespace_fd,
        };
        unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

        return mount_setattr(tree_fd, "", flags, &attr, sizeof(attr)) < 0 ? -errno : 0;
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS: proc(5). Return: 0, -ENOENT,
 * -EBADMSG, -ENOMEM. */
static int find_line(const char *mountinfo, uint64_t id, char **ret)
{
        for (const char *line = mountinfo; *line;
             line += strcspn(line, "\n"), line += *line == '\n') {
                if (strtoull(line, NULL, 10) != id)
                        continue;
                *ret = strndup(line, strcspn(line, "\n"));
                if (!*ret)
                        return -ENOMEM;
                return strstr(*ret, " - ") ? 0 : -EBADMSG;
        }
        return -ENOENT;
}

static int read_line(int fd, char **ret)
{
        _cleanup_(free_p) char *mountinfo = NULL;
        struct statx st;
        int r;

        if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
                return -errno;
        r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &mountinfo, NULL);
        return r < 0 ? r : find_line(mountinfo, st.stx_mnt_id, ret);
}

int mount_type(int fd, char **ret)
{
        _cleanup_(free_p) char *line = NULL;
        int r = read_line(fd, &line);
        const char *type;

        if (r < 0)
                return r;
        type = strstr(line, " - ") + strlen(" - ");
        *ret = strndup(type, strcspn(type, " "));
        return *ret ? 0 : -ENOMEM;
}

int mount_is_shared(int fd)
{
        _cleanup_(free_p) char *line = NULL;
        const char *tag;
        int r = read_line(fd, &line);

        if (r < 0)
                return r;
        tag = strstr(line, " shared:");
        return tag && tag < strstr(line, " - ");
}

int mount_pivot(int root_fd)
{
        /* The old root ends up stacked on the new one, and "." still is the old: pivot_root(2). */
        if (fchdir(root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
                return -errno;
        if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
                return -errno;
        return 0;
}
