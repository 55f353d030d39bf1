/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/share.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"
#include "runtime/run.h"
#include "runtime/record/undo.h"

#define CGROUP_FILE_SIZE_MAX 65536

/* The journal of its present run says who its init is. */
static int find_init(const char *id, pid_t *ret, Error *reterr)
{
        _cleanup_(fd_close_p) int dir_fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;
        UndoLog log = { 0 };
        int r;

        r = container_id_check(id, reterr);
        if (r < 0)
                return r;
        path = string_format(RECORD_DIR "/%s", id);
        if (!path)
                return error_oom(reterr);
        dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        r = dir_fd < 0 ? -errno : undo_log_read(dir_fd, &log);
        if (r == 0 && log.init > 0)
                *ret = log.init;
        else if (r == 0 || r == -ENOENT)
                r = error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                 "Container '%s' is not running", id);
        else
                r = error_errno(reterr, -r, "Cannot read the journal of '%s'", id);
        undo_log_done(&log);
        return r;
}

/* A number may belong to somebody else by now. */
static int check_group(pid_t pid, const char *id, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL, *group = NULL;
        char path[64];

        group = string_format("/" UNIT_PREFIX "%s" UNIT_SUFFIX "/", id);
        if (!group)
                return error_oom(reterr);
        (void) snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
        if (file_read(AT_FDCWD, path, CGROUP_FILE_SIZE_MAX, &text, NULL) == 0 &&
            strstr(text, group))
                return 0;
        return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING, "Container '%s' is not running",
                            id);
}

/* `id`: of the container whose init it is to be, or NULL. */
static int open_of_process(pid_t pid, const char *id, NamespaceType type, Error *reterr)
{
        _cleanup_(fd_close_p) int pidfd = process_pidfd(pid), fd = -EBADF;
        char path[64];
        int r;

        if (pidfd < 0)
                return error_errno(reterr, -pidfd, "Cannot find process %d", pid);
        r = id ? check_group(pid, id, reterr) : 0;
        if (r < 0)
                return r;
        (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, namespace_type_name(type));
        fd = open(path, O_RDONLY | O_CLOEXEC);
        r = fd < 0 ? -errno : process_kill(pidfd, 0);
        return r < 0 ? error_errno(reterr, -r, "Cannot open '%s'", path) : TAKE_FD(fd);
}

static int open_from(const char *from, NamespaceType type, Error *reterr)
{
        uint32_t number;
        pid_t pid = 0;
        int r;

        if (from[0] == '/') {
                int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

                return fd < 0 ? error_errno(reterr, errno, "Cannot open '%s'", from) : fd;
        }
        if (parse_u32(from, &number) == 0 && number > 0 && number <= INT32_MAX)
                return open_of_process((pid_t) number, NULL, type, reterr);
        r = find_init(from, &pid, reterr);
        return r < 0 ? r : open_of_process(pid, from, type, reterr);
}

/* reboot(2) in the host's own pid namespace would be the host's. */
static int check_own(int fd, NamespaceType type, Error *reterr)
{
        struct stat own, other;

        if (type != NAMESPACE_PID)
                return 0;
        if (stat("/proc/self/ns/pid", &own) < 0 || fstat(fd, &other) < 0)
                return error_errno(reterr, errno, "Cannot look at a pid namespace");
        if (own.st_dev == other.st_dev && own.st_ino == other.st_ino)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "It is the host's, which no container can have");
        return 0;
}

int shares_open(const Plan *plan, NamespaceFd *ret, Error *reterr)
{
        int n = 0;

        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++) {
                const char *from = plan->shares[type];
                int fd, r;

                if (!from)
                        continue;
                fd = open_from(from, type, reterr);
                r = fd < 0 ? fd : check_own(fd, type, reterr);
                if (fd >= 0)
                        ret[n++] = (NamespaceFd){ fd, (int) run_namespace_flag(type) };
                if (r < 0) {
                        shares_close(ret, (size_t) n);
                        r = error_prefix(reterr, r, "Cannot share the %s namespace of '%s'",
                                         namespace_type_name(type), from);
                        return error_at(reterr, r, NULL, "lxc.namespace.share");
                }
        }
        return n;
}

void shares_close(NamespaceFd *shares, size_t n)
{
        for (size_t i = 0; i < n; i++)
                shares[i].fd = fd_close(shares[i].fd);
}

uint64_t shares_flags(const Plan *plan)
{
        uint64_t flags = 0;

        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++)
                if (plan->shares[type])
                        flags |= run_namespace_flag(type);
        return flags;
}
