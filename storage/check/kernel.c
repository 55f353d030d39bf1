/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks: what the kernel has, and how it is set up. */

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "kernel/feature.h"
#include "kernel/idmap.h"
#include "kernel/mount.h"
#include "storage/check/check.h"
#include "storage/job/subprocess.h"

#define CGROUP_ROOT "/sys/fs/cgroup"
#define TEXT_MAX (1024 * 1024)

/* Older ones lack parts of what a start does; nobody has tried. */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

static int probe_kernel(const CheckInput *input, const char *argument, char **ret_detail)
{
        unsigned major = 0, minor = 0;
        struct utsname name;

        if (uname(&name) < 0)
                return -errno;
        if (sscanf(name.release, "%u.%u", &major, &minor) != 2)
                return -EBADMSG;
        *ret_detail = strdup(name.release);
        if (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR))
                return *ret_detail ? 1 : -ENOMEM;
        free(*ret_detail);
        *ret_detail = string_format("%s, which is older than %d.%d", name.release, KERNEL_MAJOR,
                                    KERNEL_MINOR);
        if (!*ret_detail)
                return -ENOMEM;
        return 0;
}

static int probe_namespace(const CheckInput *input, const char *argument, char **ret_detail)
{
        char path[64];

        (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", argument);
        return access(path, F_OK) == 0;
}

static int probe_user_namespace(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(free_p) char *text = NULL;
        uint64_t limit;

        if (!probe_namespace(input, "user", NULL))
                return 0;
        if (file_read(AT_FDCWD, "/proc/sys/user/max_user_namespaces", 64, &text, NULL) < 0 ||
            parse_u64(string_strip(text), &limit) < 0 || limit > 0)
                return 1;
        *ret_detail = strdup("The sysctl user.max_user_namespaces is 0: no unprivileged container "
                             "starts");
        return *ret_detail ? 0 : -ENOMEM;
}

static int probe_cgroup(const CheckInput *input, const char *argument, char **ret_detail)
{
        struct statfs fs;

        if (statfs(CGROUP_ROOT, &fs) < 0)
                return -errno;
        return fs.f_type == CGROUP2_SUPER_MAGIC;
}

static int probe_controller(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(strv_free_p) char **words = NULL;
        _cleanup_(free_p) char *text = NULL;
        int r = file_read(AT_FDCWD, CGROUP_ROOT "/cgroup.controllers", TEXT_MAX, &text, NULL);

        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (strv_split(&words, text, " \n") < 0)
                return -ENOMEM;
        return strv_contains(words, argument);
}

/* The line of a mount has the options of its file system at the end: proc_pid_mountinfo(5). */
static int probe_nsdelegate(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(strv_free_p) char **lines = NULL;
        _cleanup_(free_p) char *text = NULL;
        int r = file_read(AT_FDCWD, "/proc/self/mountinfo", TEXT_MAX, &text, NULL);

        if (r < 0)
                return r;
        if (strv_split(&lines, text, "\n") < 0)
                return -ENOMEM;
        strv_foreach(line, lines)
                if (strstr(*line, " " CGROUP_ROOT " ") && strstr(*line, " - cgroup2 "))
                        return strstr(*line, "nsdelegate") != NULL;
        return 0;
}

static int wait_in_user_namespace(int channel_fd, void *userdata, Error *reterr)
{
        char end;

        (void) recv(channel_fd, &end, 1, 0);
        return 0;
}

static int map_container_path(pid_t pid, int channel_fd, void *userdata, Error *reterr)
{
        _cleanup_(fd_close_p) int proc_fd = -EBADF, user_fd = -EBADF, tree_fd = -EBADF;
        const CheckInput *input = userdata;
        int r;

        proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (proc_fd < 0)
                return error_errno(reterr, errno, "Cannot open '/proc'");
        r = idmap_write(proc_fd, pid, "0 100000 65536\n", "0 100000 65536\n");
        if (r < 0)
                return error_errno(reterr, -r, "A user namespace cannot be given a map");
        user_fd = idmap_open(proc_fd, pid);
        if (user_fd < 0)
                return error_errno(reterr, -user_fd, "A user namespace cannot be opened");
        tree_fd = mount_clone(AT_FDCWD, input->container_path, false);
        r = tree_fd < 0 ? tree_fd : mount_set_idmap(tree_fd, user_fd, false);
        if (r < 0)
                return error_errno(reterr, -r,
                                   "The file system of '%s' cannot be mounted through "
                                   "an id map; 'lxc.rootfs.options = idmap=container' "
                                   "does not work there",
                                   input->container_path);
        (void) send(channel_fd, "", 1, MSG_NOSIGNAL);
        return 0;
}

static int probe_idmapped(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        Subprocess call = {
                .namespaces = CLONE_NEWUSER,
                .main = wait_in_user_namespace,
                .made = map_container_path,
                .userdata = (void *) input,
        };

        if (subprocess_call(&call, &error) == 0) {
                *ret_detail = strdup(input->container_path);
                return *ret_detail ? 1 : -ENOMEM;
        }
        *ret_detail = strdup(error_message(&error));
        return *ret_detail ? 0 : -ENOMEM;
}

static int probe_file_system(const CheckInput *input, const char *argument, char **ret_detail)
{
        return feature_file_system(argument);
}

static int probe_seccomp(const CheckInput *input, const char *argument, char **ret_detail)
{
        uint32_t action = SECCOMP_RET_ERRNO;

        return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static int probe_apparmor(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(free_p) char *text = NULL;

        return file_read(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text, NULL) ==
                       0 &&
               text[0] == 'Y';
}

static int probe_path(const CheckInput *input, const char *argument, char **ret_detail)
{
        return access(argument, F_OK) == 0;
}

/* clang-format off */
const CheckRow checks_kernel[] = {
        { "kernel", CHECK_REQUIRED, probe_kernel, NULL, NULL },
        { "namespace mnt", CHECK_REQUIRED, probe_namespace, "mnt", "No container can be built" },
        { "namespace pid", CHECK_REQUIRED, probe_namespace, "pid", "No container can be built" },
        { "namespace uts", CHECK_REQUIRED, probe_namespace, "uts", "No container can be built" },
        { "namespace ipc", CHECK_REQUIRED, probe_namespace, "ipc", "No container can be built" },
        { "namespace net", CHECK_REQUIRED, probe_namespace, "net", "No container can be built" },
        { "namespace cgroup", CHECK_REQUIRED, probe_namespace, "cgroup", "No container can be built" },
        { "namespace user", CHECK_MISSING, probe_user_namespace, "user", "No unprivileged container (lxc.idmap) starts" },
        { "namespace time", CHECK_MISSING, probe_namespace, "time", "lxc.time.offset does not work" },
        { "cgroup v2", CHECK_REQUIRED, probe_cgroup, NULL, "'" CGROUP_ROOT "' is of version 1: boot with 'systemd.unified_cgroup_hierarchy=1'" },
        { "cgroup nsdelegate", CHECK_WARNING, probe_nsdelegate, NULL, "cgroup2 is mounted without it: a container's root can change the limits of its own control group" },
        { "cgroup controller cpu", CHECK_MISSING, probe_controller, "cpu", "lxc.cgroup2.cpu.* has no effect" },
        { "cgroup controller cpuset", CHECK_MISSING, probe_controller, "cpuset", "lxc.cgroup2.cpuset.* has no effect" },
        { "cgroup controller io", CHECK_MISSING, probe_controller, "io", "lxc.cgroup2.io.* has no effect" },
        { "cgroup controller memory", CHECK_MISSING, probe_controller, "memory", "lxc.cgroup2.memory.* has no effect" },
        { "cgroup controller pids", CHECK_MISSING, probe_controller, "pids", "lxc.cgroup2.pids.* has no effect" },
        { "idmapped mounts", CHECK_MISSING, probe_idmapped, NULL, NULL },
        { "overlay", CHECK_MISSING, probe_file_system, "overlay", "Containers cannot share what has not changed with the one they were made from" },
        { "fuse", CHECK_MISSING, probe_file_system, "fuse", "lxcfs, which shows a container its own limits in /proc, does not work" },
        { "seccomp", CHECK_MISSING, probe_seccomp, NULL, "lxc.seccomp.profile does not work" },
        { "AppArmor", CHECK_MISSING, probe_apparmor, NULL, "Nothing but its namespaces keeps a privileged container's root from being the host's" },
        { "SELinux", CHECK_MISSING, probe_path, "/sys/fs/selinux/enforce", "lxc.selinux.context does not work" },
        { NULL },
};
/* clang-format on */
