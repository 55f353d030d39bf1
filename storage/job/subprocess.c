/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/job/subprocess.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/process.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "kernel/namespace.h"
#include "storage/job/report.h"

_noreturn_ static void child_main(const Subprocess *call, int channel_fd)
{
        Error error = ERROR_NULL;
        int r = 0;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                r = error_errno(&error, errno, "Cannot set up a process");
        if (r == 0)
                r = call->main(channel_fd, call->userdata, &error);
        if (r == 0)
                _exit(EXIT_SUCCESS);
        report_error(&(Report){ .fd = channel_fd }, &error);
        _exit(EXIT_FAILURE);
}

/* An error as report_error() tells it. Return: -errno of it. */
static int take_error(const json_t *message, Error *reterr)
{
        const char *code = NULL, *object = NULL, *text = NULL;
        int64_t errnum = 0;
        int r;

        (void) json_get_string(message, "code", &code, NULL);
        (void) json_get_string(message, "object", &object, NULL);
        (void) json_get_string(message, "message", &text, NULL);
        (void) json_get_integer(message, "errno", &errnum, NULL);
        r = error_code(reterr, code && *code ? (int) error_code_from_name(code) : 0,
                       errnum > 0 && errnum < 4096 ? (int) errnum : EIO, "%s", text ? text : "");
        return error_at(reterr, r, NULL, object);
}

/* Return: 0 it has closed its end without a word, or -errno of its error. */
static int hear(int channel_fd, Error *reterr)
{
        struct pollfd pfd = { .fd = channel_fd, .events = POLLIN };
        json_t *message;
        int r;

        while (poll(&pfd, 1, -1) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for a process");
        r = report_read(channel_fd, &message);
        if (r <= 0)
                return 0;
        r = take_error(message, reterr);
        json_decref(message);
        return r;
}

static int follow(const Subprocess *call, pid_t pid, int pidfd, int channel_fd, Error *reterr)
{
        int r, code, sig;

        r = call->made ? call->made(pid, channel_fd, call->userdata, reterr) : 0;
        if (r == 0)
                r = hear(channel_fd, reterr);
        else
                (void) process_kill(pidfd, SIGKILL);
        if (process_wait(pidfd, &code, &sig) < 0)
                sig = SIGKILL;
        if (r == 0 && (code != 0 || sig != 0))
                r = error_code(reterr, 0, ECHILD, "A process of the job was killed");
        return r;
}

int subprocess_call(const Subprocess *call, Error *reterr)
{
        _cleanup_(fd_close_p) int channel_fd = -EBADF, child_fd = -EBADF, pidfd = -EBADF;
        int pair[2];
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a pair of sockets");
        channel_fd = pair[0];
        child_fd = pair[1];
        pid = namespace_clone(call->namespaces, -EBADF, &pidfd);
        if (pid < 0)
                return error_errno(reterr, -pid, "Cannot make a process");
        if (pid == 0) {
                (void) fd_close(channel_fd);
                child_main(call, child_fd);
        }
        child_fd = fd_close(child_fd);
        return follow(call, pid, pidfd, channel_fd, reterr);
}
