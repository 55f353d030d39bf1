/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This process is in the container's reach from its birth: it is not dumpable (nobody inside can
 * trace it or look at its fds), it follows no magic link, and it knows no NSS: a user is a line of
 * the container's own /etc/passwd. */

#include "runtime/attach-child.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/strv.h"
#include "kernel/capability.h"
#include "kernel/pty.h"
#include "kernel/seccomp.h"

#define PASSWD_SIZE_MAX (256 * 1024)
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND 127

/* What this process needs itself until it executes the program. */
#define CAPABILITIES_HELD                                                                          \
        ((UINT64_C(1) << 6 /* SETGID */) | (UINT64_C(1) << 7 /* SETUID */) |                       \
         (UINT64_C(1) << 21 /* SYS_ADMIN */) | (UINT64_C(1) << 1 /* DAC_OVERRIDE */) |             \
         (UINT64_C(1) << 8 /* SETPCAP */))

static int reset_signals(void)
{
        sigset_t none;

        for (int i = 1; i < _NSIG; i++)
                (void) signal(i, SIG_DFL);
        (void) sigemptyset(&none);
        return sigprocmask(SIG_SETMASK, &none, NULL) < 0 ? -errno : 0;
}

static int enter_namespaces(AttachChild *child)
{
        if (reset_signals() < 0)
                return -errno;
        if (child->namespaces != 0 && setns(child->init_pidfd, child->namespaces) < 0)
                return -errno;
        /* Until then our ids are nobody's there. */
        if (child->namespaces & CLONE_NEWUSER &&
            (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0 ||
             prctl(PR_SET_DUMPABLE, 0) < 0))
                return -errno;
        return chdir("/") < 0 ? -errno : 0;
}

static int new_session(AttachChild *child)
{
        if (setsid() < 0)
                return -errno;
        /* Ours may hold keys of the host. */
        if (child->session_keyring &&
            syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0) < 0 &&
            errno != ENOSYS && errno != EPERM && errno != EDQUOT)
                return -errno;
        return 0;
}

static int send_fd(int channel, AttachStep step, int fd)
{
        AttachReport report = { .step = step };
        union {
                struct cmsghdr header;
                char data[CMSG_SPACE(sizeof(int))];
        } control = { 0 };
        struct iovec part = { .iov_base = &report, .iov_len = sizeof(report) };
        struct msghdr message = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);

        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(rights), &fd, sizeof(int));
        return sendmsg(channel, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* A terminal of the container's own devpts, so that ttyname(3) works inside; of the host's where it
 * has none. */
static int open_terminal(AttachChild *child)
{
        const AttachRequest *request = child->request;
        _cleanup_(fd_close_p) int root = -EBADF, master = -EBADF, slave = -EBADF;
        int r;

        if (!request->tty)
                return 0;
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return -errno;
        master = pty_open_multiplexer(root, "/dev/pts/ptmx");
        if (master < 0) {
                master = TAKE_FD(child->host_master);
                slave = TAKE_FD(child->host_slave);
        } else
                slave = pty_open_slave(master);
        if (slave < 0)
                return slave;
        r = send_fd(child->channel, ATTACH_TERMINAL_READY, master);
        if (r < 0)
                return r;
        if (request->uid_set && fchown(slave, request->uid, (gid_t) -1) < 0)
                return -errno;
        if (ioctl(slave, TIOCSCTTY, 0) < 0)
                return -errno;
        for (int i = 0; i < 3; i++)
                if (dup2(slave, i) < 0)
                        return -errno;
        return 0;
}

static int set_stdio(AttachChild *child)
{
        const AttachRequest *request = child->request;
        int fds[3];

        for (int i = 0; i < 3 && !request->tty; i++) {
                /* Out of the way first: one may have the number of another. */
                fds[i] = request->stdio[i] >= 0 ? fcntl(request->stdio[i], F_DUPFD_CLOEXEC, 10)
                                                : open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
                if (fds[i] < 0)
                        return -errno;
        }
        for (int i = 0; i < 3 && !request->tty; i++)
                if (dup2(fds[i], i) < 0)
                        return -errno;
        return close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

/* Only the host's root may, so before the user namespace is entered. */
static int raise_hard_limits(AttachChild *child)
{
        for (int i = 0; i < RLIM_NLIMITS; i++) {
                struct rlimit limit;

                if (!child->limited[i])
                        continue;
                if (getrlimit(i, &limit) < 0)
                        return -errno;
                if (limit.rlim_max >= child->limits[i].rlim_max)
                        continue;
                limit.rlim_max = child->limits[i].rlim_max;
                if (setrlimit(i, &limit) < 0)
                        return -errno;
        }
        return 0;
}

/* Late: what comes before them may need more files than the program shall have. */
static int set_limits(AttachChild *child)
{
        for (int i = 0; i < RLIM_NLIMITS; i++)
                if (child->limited[i] && setrlimit(i, &child->limits[i]) < 0)
                        return -errno;
        return 0;
}

static int set_personality(AttachChild *child)
{
        return child->personality != PER_LINUX && personality(child->personality) < 0 ? -errno : 0;
}

static int limit_capabilities(AttachChild *child)
{
        if (child->request->keep_capabilities)
                return 0;
        return capability_limit(child->capabilities, CAPABILITIES_HELD);
}

/* By the host's proc: the container's own may be anything. */
static int set_label(AttachChild *child)
{
        return child->label ? label_set_at_exec(child->proc_fd, child->label_module, child->label)
                            : 0;
}

static int install_filter(AttachChild *child)
{
        int fd, r;

        if (child->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return -errno;
        if (!child->seccomp)
                return 0;
        if (!child->seccomp_notify)
                return seccomp_install(child->seccomp, child->seccomp_size);
        fd = seccomp_install_listening(child->seccomp, child->seccomp_size);
        if (fd < 0)
                return fd;
        r = send_fd(child->channel, ATTACH_LISTENER_READY, fd);
        (void) fd_close(fd);
        return r;
}

/* No magic links: /proc/PID/cwd or /proc/self/fd/N may lead out of the container. */
static int enter_directory(AttachChild *child)
{
        const char *cwd = child->request->cwd;
        _cleanup_(fd_close_p) int root = -EBADF, fd = -EBADF;

        if (!cwd)
                return 0;
        root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return -errno;
        fd = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        return fchdir(fd) < 0 ? -errno : 0;
}

/* One field of a passwd line; *line moves behind it. */
static char *next_field(char **line)
{
        return strsep(line, ":");
}

static int match_line(char *line, uid_t uid, char **ret_name, char **ret_home, gid_t *ret_gid)
{
        char *name = next_field(&line), *fields[6] = { NULL };
        uid_t found;
        gid_t gid;

        for (size_t i = 0; i < ELEMENTS(fields) && line; i++)
                fields[i] = next_field(&line);
        /* NAME:x:UID:GID:GECOS:HOME:SHELL */
        if (!name || !*name || !fields[4] || parse_id(fields[1], &found) < 0 || found != uid ||
            parse_id(fields[2], &gid) < 0 || fields[4][0] != '/')
                return 0;
        *ret_name = strdup(name);
        *ret_home = strdup(fields[4]);
        *ret_gid = gid;
        return *ret_name && *ret_home ? 1 : -ENOMEM;
}

int attach_find_user(
        const char *passwd, uid_t uid, char **ret_name, char **ret_home, gid_t *ret_gid)
{
        _cleanup_(free_p) char *copy = strdup(passwd);
        char *rest = copy, *line;

        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                int r = match_line(line, uid, ret_name, ret_home, ret_gid);

                if (r != 0)
                        return r;
        }
        return 0;
}

/* Return: 0 also when there is no such file. */
static int read_passwd(char **ret)
{
        _cleanup_(fd_close_p) int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        if (root < 0)
                return -errno;
        fd = path_open_in_root(root, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        return file_read_fd(fd, PASSWD_SIZE_MAX, ret, NULL) == -ENOMEM ? -ENOMEM : 0;
}

static int set_default(char ***environment, const char *name, const char *value)
{
        return strv_env_get(*environment, name) ? 0 : strv_env_set(environment, name, value);
}

static int become_user(AttachChild *child)
{
        const AttachRequest *request = child->request;
        _cleanup_(free_p) char *passwd = NULL, *name = NULL, *home = NULL;
        gid_t gid = 0;
        int r;

        r = read_passwd(&passwd);
        if (r == 0 && passwd)
                r = attach_find_user(passwd, request->uid, &name, &home, &gid);
        if (r >= 0 && !request->clear_environment)
                r = set_default(&child->environment, "HOME", home ? home : "/");
        if (r >= 0 && name && !request->clear_environment)
                r = set_default(&child->environment, "USER", name);
        if (r < 0)
                return r;
        if (request->gid_set)
                gid = request->gid;
        if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
            setresuid(request->uid, request->uid, request->uid) < 0)
                return -errno;
        return 0;
}

/* /proc/self/exe (also as the interpreter of a script) would execute this program, a file of the
 * host, inside the container. */
static int check_program(const char *path)
{
        struct open_how how = {
                .flags = O_PATH | O_CLOEXEC,
                .resolve = RESOLVE_NO_MAGICLINKS,
        };
        _cleanup_(fd_close_p) int fd =
                (int) syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

        return fd < 0 ? -errno : 0;
}

static int try_program(const AttachChild *child, const char *path)
{
        int r = check_program(path);

        if (r < 0)
                return r;
        (void) execve(path, child->request->command, child->environment);
        return -errno;
}

/* As execvp(3), with the PATH the program is given. */
static int search_program(const AttachChild *child)
{
        const char *name = child->request->command[0];
        const char *path = strv_env_get(child->environment, "PATH");
        _cleanup_(strv_free_p) char **directories = NULL;
        int result = -ENOENT;

        if (strchr(name, '/'))
                return try_program(child, name);
        if (!path)
                path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        if (strv_split(&directories, path, ":") < 0)
                return -ENOMEM;
        strv_foreach(directory, directories) {
                _cleanup_(free_p) char *full = NULL;
                int r;

                full = string_format("%s/%s", *directory, name);
                if (!full)
                        return -ENOMEM;
                r = try_program(child, full);
                if (r == -EACCES)
                        result = r;
                else if (r != -ENOENT && r != -ENOTDIR)
                        return r;
        }
        return result;
}

/* The shell's convention: these two are the program's own result, and its own errors tell why. */
_noreturn_ static void exit_unexecuted(const AttachChild *child, int errnum, int status)
{
        (void) dprintf(STDERR_FILENO, "nagaya: Cannot execute '%s': %s\n",
                       child->request->command[0], strerror(errnum));
        _exit(status);
}

static int execute(AttachChild *child)
{
        int r = search_program(child);

        if (r == -ENOENT || r == -ENOTDIR)
                exit_unexecuted(child, -r, EXIT_NOT_FOUND);
        if (r == -EACCES || r == -ENOEXEC || r == -EISDIR || r == -ELOOP)
                exit_unexecuted(child, -r, EXIT_NOT_EXECUTABLE);
        return r;
}

_noreturn_ void attach_child_run(AttachChild *child)
{
        static const struct {
                AttachStep step;
                int (*function)(AttachChild *child);
        } steps[] = {
                { ATTACH_HARD_LIMITS, raise_hard_limits },
                { ATTACH_NAMESPACES, enter_namespaces },
                { ATTACH_SESSION, new_session },
                { ATTACH_TERMINAL, open_terminal },
                { ATTACH_STDIO, set_stdio },
                { ATTACH_PERSONALITY, set_personality },
                { ATTACH_LIMITS, set_limits },
                { ATTACH_CAPABILITIES, limit_capabilities },
                { ATTACH_LABEL, set_label },
                { ATTACH_SECCOMP, install_filter },
                { ATTACH_USER, become_user },
                { ATTACH_DIRECTORY, enter_directory },
                { ATTACH_EXEC, execute },
        };
        AttachReport report = { 0 };

        for (size_t i = 0; i < ELEMENTS(steps) && report.errnum == 0; i++)
                report = (AttachReport){
                        .step = steps[i].step,
                        .errnum = -steps[i].function(child),
                };
        (void) send(child->channel, &report, sizeof(report), MSG_NOSIGNAL);
        _exit(EXIT_NOT_EXECUTABLE);
}
