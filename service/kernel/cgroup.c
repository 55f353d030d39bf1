/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* cgroups(7), Documentation/admin-guide/cgroup-v2.rst */

#include "kernel/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"

/* Groups below groups: a payload may nest as deep as it likes, we do not recurse without limit. */
#define DEPTH_MAX 64

int cgroup_path_parse(const char *text, char **ret)
{
        const char *line = text;

        while (line && *line) {
                const char *path = startswith(line, "0::");
                const char *end = strchr(line, '\n');

                if (path) {
                        size_t n = end ? (size_t) (end - path) : strlen(path);
                        char *copy;

                        if (n == 0 || path[0] != '/')
                                return -EBADMSG;
                        copy = strndup(path, n);
                        if (!copy)
                                return -ENOMEM;
                        if (streq(copy, "/..") || startswith(copy, "/../")) {
                                free(copy);
                                return -EBADMSG;
                        }
                        *ret = copy;
                        return 0;
                }
                line = end ? end + 1 : NULL;
        }
        return -ENOENT;
}

static bool is_cgroup2(const char *path)
{
        struct statfs fs;

        return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

const char *cgroup_mount_point(void)
{
        static const char *const points[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

        for (size_t i = 0; i < ELEMENTS(points); i++)
                if (is_cgroup2(points[i]))
                        return points[i];
        return NULL;
}

int cgroup_open_path(const char *path)
{
        const char *point = cgroup_mount_point();
        _cleanup_(free_p) char *full = NULL;
        int fd;

        if (!point)
                return -ENOENT;
        full = string_format("%s%s", point, path);
        if (!full)
                return -ENOMEM;
        fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int cgroup_open_own(char **ret_path, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL, *path = NULL;
        int fd, r;

        r = file_read(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read '/proc/self/cgroup'");
        r = cgroup_path_parse(text, &path);
        if (r == -ENOENT)
                return error_errno(reterr, -r, "This process is in no cgroup of version 2");
        if (r < 0)
                return error_errno(reterr, -r, "Cannot tell our cgroup from '/proc/self/cgroup'");
        if (!cgroup_mount_point())
                return error_errno(reterr, ENOENT,
                                   "No cgroup2 file system is mounted on "
                                   "'/sys/fs/cgroup' or below");
        fd = cgroup_open_path(path);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open our cgroup '%s'", path);
        *ret_path = TAKE_PTR(path);
        return fd;
}

int cgroup_make(int parent_fd, const char *name, Error *reterr)
{
        int fd;

        if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make the cgroup '%s'", name);
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open the cgroup '%s'", name);
        return fd;
}

int cgroup_enter(int group_fd, Error *reterr)
{
        int r = file_write_attribute(group_fd, "cgroup.procs", "0");

        return r < 0 ? error_errno(reterr, -r, "Cannot enter a cgroup") : 0;
}

static char **read_controllers(int group_fd)
{
        _cleanup_(free_p) char *text = NULL;
        char **names = NULL;

        if (file_read(group_fd, "cgroup.controllers", 4096, &text, NULL) < 0 ||
            strv_split(&names, text, " \n") < 0)
                return NULL;
        return names;
}

bool cgroup_has_controllers(int group_fd)
{
        _cleanup_(strv_free_p) char **names = read_controllers(group_fd);

        return names != NULL;
}

void cgroup_enable_controllers(int group_fd)
{
        _cleanup_(strv_free_p) char **names = read_controllers(group_fd), **words = NULL;
        _cleanup_(free_p) char *all = NULL;

        strv_foreach(name, names)
                if (strv_addf(&words, "+%s", *name) < 0)
                        return;
        if (!words)
                return;
        all = strv_join(words, " ");
        /* One write for all; a single one that is refused must not keep the others off. */
        if (!all || file_write_attribute(group_fd, "cgroup.subtree_control", all) == 0)
                return;
        strv_foreach(word, words)
                (void) file_write_attribute(group_fd, "cgroup.subtree_control", *word);
}

int cgroup_write(int group_fd, const char *file, const char *value, Error *reterr)
{
        int r = file_write_attribute(group_fd, file, value);

        if (r == -ENOENT)
                return error_code(reterr, 0, ENOENT,
                                  "Cannot set '%s': the controller '%.*s' is not available to the "
                                  "unit, or has no such file",
                                  file, (int) strcspn(file, "."), file);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot write '%s' to the cgroup file '%s'", value,
                                   file);
        return 0;
}

int cgroup_freeze(int group_fd, bool frozen)
{
        return file_write_attribute(group_fd, "cgroup.freeze", frozen ? "1" : "0");
}

int cgroup_kill(int group_fd)
{
        return file_write_attribute(group_fd, "cgroup.kill", "1");
}

static int flag_parse(const char *text, const char *name, bool *ret)
{
        const char *p = strstr(text, name);

        if (!p || (p[strlen(name)] != '0' && p[strlen(name)] != '1'))
                return -EBADMSG;
        *ret = p[strlen(name)] == '1';
        return 0;
}

int cgroup_events_parse(const char *text, CgroupEvents *ret)
{
        CgroupEvents events = { 0 };

        if (flag_parse(text, "populated ", &events.populated) < 0 ||
            flag_parse(text, "frozen ", &events.frozen) < 0)
                return -EBADMSG;
        *ret = events;
        return 0;
}

int cgroup_events_open(int group_fd)
{
        int fd = openat(group_fd, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        return fd < 0 ? -errno : fd;
}

int cgroup_events_read(int events_fd, CgroupEvents *ret)
{
        char text[256];
        ssize_t n = pread(events_fd, text, sizeof(text) - 1, 0);

        if (n < 0)
                return -errno;
        text[n] = '\0';
        return cgroup_events_parse(text, ret);
}

int cgroup_oom_kills_parse(const char *text, uint64_t *ret)
{
        const char *line = startswith(text, "oom_kill ") ? text : strstr(text, "\noom_kill ");
        char *end;

        if (!line)
                return -EBADMSG;
        line += strcspn(line, " ") + 1;
        errno = 0;
        *ret = strtoull(line, &end, 10);
        return errno == 0 && end > line && (*end == '\n' || *end == '\0') ? 0 : -EBADMSG;
}

uint64_t cgroup_oom_kills(int group_fd)
{
        _cleanup_(free_p) char *text = NULL;
        uint64_t kills;

        if (file_read(group_fd, "memory.events", 4096, &text, NULL) < 0 ||
            cgroup_oom_kills_parse(text, &kills) < 0)
                return 0;
        return kills;
}

static int remove_group(int parent_fd, const char *name, unsigned depth);

static int remove_children(int fd, unsigned depth)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int copy;

        copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (copy < 0)
                return -errno;
        dir = fdopendir(copy);
        if (!dir) {
                (void) fd_close(copy);
                return -ENOMEM;
        }
        while ((entry = readdir(dir))) {
                int r;

                if (entry->d_type != DT_DIR || streq(entry->d_name, ".") ||
                    streq(entry->d_name, ".."))
                        continue;
                r = remove_group(dirfd(dir), entry->d_name, depth + 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int remove_group(int parent_fd, const char *name, unsigned depth)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
                return 0;
        if (depth > DEPTH_MAX)
                return -ELOOP;
        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = remove_children(fd, depth);
        if (r < 0)
                return r;
        return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

int cgroup_remove(int parent_fd, const char *name)
{
        return remove_group(parent_fd, name, 0);
}

static int wait_empty(int group_fd, uint64_t deadline_usec)
{
        _cleanup_(fd_close_p) int events_fd = cgroup_events_open(group_fd);
        CgroupEvents events;
        int r;

        if (events_fd < 0)
                return events_fd == -ENOENT ? 0 : events_fd;
        while ((r = cgroup_events_read(events_fd, &events)) == 0 && events.populated) {
                struct pollfd poll_fd = { .fd = events_fd, .events = POLLPRI };
                uint64_t now = now_usec();

                if (now >= deadline_usec)
                        return -ETIMEDOUT;
                (void) poll(&poll_fd, 1, (int) ((deadline_usec - now) / USEC_PER_MSEC) + 1);
        }
        return r == -ENODEV ? 0 : r;
}

int cgroup_reap(int parent_fd, const char *name, uint64_t deadline_usec)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = cgroup_kill(fd);
        if (r < 0 && r != -ENOENT && r != -ENODEV)
                return r;
        r = wait_empty(fd, deadline_usec);
        if (r < 0)
                return r;
        return cgroup_remove(parent_fd, name);
}
