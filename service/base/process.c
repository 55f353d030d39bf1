/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"

static int stdio_fd(int fd, int flags)
{
        return fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 10) : open("/dev/null", flags | O_CLOEXEC);
}

static void reset_signals(void)
{
        sigset_t none;

        for (int i = 1; i < _NSIG; i++)
                (void) signal(i, SIG_DFL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Return: only when it failed, with errno set. */
static void exec_child(const Spawn *spawn)
{
        int fds[3] = {
                stdio_fd(spawn->stdin_fd, O_RDONLY),
                stdio_fd(spawn->stdout_fd, O_WRONLY),
                stdio_fd(spawn->stderr_fd, O_WRONLY),
        };

        reset_signals();
        (void) setsid();
        if (spawn->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return;
        for (int i = 0; i < 3; i++)
                if (fds[i] < 0 || dup2(fds[i], i) < 0)
                        return;
        if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return;
        if (spawn->cwd && chdir(spawn->cwd) < 0)
                return;
        (void) execve(spawn->argv[0], spawn->argv,
                      spawn->environment ? spawn->environment : (char *const[]){ NULL });
}

int process_spawn(const Spawn *spawn, pid_t *ret_pid, int *ret_pidfd, Error *reterr)
{
        _cleanup_(fd_close_p) int report_r = -EBADF, report_w = -EBADF, pidfd = -EBADF;
        int pair[2], errnum = 0, code, signal;
        ssize_t n;
        pid_t pid;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        report_r = pair[0];
        report_w = pair[1];
        pid = fork();
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot fork to run '%s'", spawn->argv[0]);
        if (pid == 0) {
                exec_child(spawn);
                errnum = errno;
                (void) !write(report_w, &errnum, sizeof(errnum));
                _exit(127);
        }

        report_w = fd_close(report_w);
        pidfd = process_pidfd(pid);
        do
                n = read(report_r, &errnum, sizeof(errnum));
        while (n < 0 && errno == EINTR);
        if (n == sizeof(errnum)) {
                if (pidfd >= 0)
                        (void) process_wait(pidfd, &code, &signal);
                return error_errno(reterr, errnum, "Cannot run '%s'", spawn->argv[0]);
        }
        if (pidfd < 0)
                return error_errno(reterr, -pidfd, "Cannot get a pidfd of '%s'", spawn->argv[0]);
        if (ret_pid)
                *ret_pid = pid;
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}

int process_pidfd(pid_t pid)
{
        int fd = pidfd_open(pid, 0); /* CLOEXEC from birth, pidfd_open(2) */

        return fd < 0 ? -errno : fd;
}

int process_kill(int pidfd, int signal)
{
        return pidfd_send_signal(pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int process_wait(int pidfd, int *ret_code, int *ret_signal)
{
        siginfo_t info = { 0 };
        int r;

        do
                r = waitid(P_PIDFD, (id_t) pidfd, &info, WEXITED);
        while (r < 0 && errno == EINTR);
        if (r < 0)
                return -errno;
        *ret_code = info.si_code == CLD_EXITED ? info.si_status : 0;
        *ret_signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
        return 0;
}

int process_start_time(pid_t pid, uint64_t *ret)
{
        _cleanup_(free_p) char *text = NULL;
        char path[64];
        char *p;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/%d/stat", pid);
        r = file_read(AT_FDCWD, path, 8192, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        /* The second field is the name in parentheses, which may hold anything. */
        p = strrchr(text, ')');
        if (!p)
                return -EIO;
        for (unsigned field = 2; field < 22; field++) {
                p = strchr(p + 1, ' ');
                if (!p)
                        return -EIO;
        }
        return sscanf(p, " %" SCNu64, ret) == 1 ? 0 : -EIO;
}

int process_shell_status(int code, int signal)
{
        return signal > 0 ? 128 + signal : code;
}

uint64_t now_usec(void)
{
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}
