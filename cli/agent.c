/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/agent.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define AGENT "/usr/bin/pkttyagent"
#define REGISTER_TIMEOUT_MSEC 10000

/* process_spawn() would give it a session of its own, in which it had no terminal to ask on. */
_noreturn_ static void agent_exec(int notify_fd, pid_t parent)
{
        sigset_t none;
        int fd;

        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
                _exit(EXIT_SUCCESS);
        /* dup2() onto itself would leave CLOEXEC set. */
        fd = fcntl(notify_fd, F_DUPFD_CLOEXEC, 4);
        if (fd < 0 || dup2(fd, 3) < 0 || close_range(4, ~0U, 0) < 0)
                _exit(EXIT_FAILURE);
        (void) execl(AGENT, AGENT, "--notify-fd", "3", "--fallback", NULL);
        _exit(EXIT_FAILURE);
}

int agent_open(Agent *agent, Error *reterr)
{
        _cleanup_(fd_close_p) int registered_r = -EBADF, registered_w = -EBADF;
        struct pollfd pollfd;
        pid_t parent = getpid();
        int pair[2], n;

        if (agent->pid > 0 || geteuid() == 0)
                return 0;
        if (access(AGENT, X_OK) < 0)
                return error_errno(reterr, errno, "Cannot run '%s' to ask for a password", AGENT);
        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        registered_r = pair[0];
        registered_w = pair[1];
        agent->pid = fork();
        if (agent->pid < 0) {
                agent->pid = 0;
                return error_errno(reterr, errno, "Cannot fork to run '%s'", AGENT);
        }
        if (agent->pid == 0)
                agent_exec(registered_w, parent);

        registered_w = fd_close(registered_w);
        /* It closes the pipe when it is registered, or when it ends: then the service's answer says
         * what is missing. */
        pollfd = (struct pollfd){ .fd = registered_r, .events = POLLIN };
        do
                n = poll(&pollfd, 1, REGISTER_TIMEOUT_MSEC);
        while (n < 0 && errno == EINTR);
        return 0;
}

void agent_close(Agent *agent)
{
        if (agent->pid <= 0)
                return;
        (void) kill(agent->pid, SIGTERM);
        (void) kill(agent->pid, SIGCONT);
        while (waitpid(agent->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        agent->pid = 0;
}
