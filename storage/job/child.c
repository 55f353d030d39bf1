/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/job/child.h"

#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/process.h"
#include "kernel/namespace.h"

struct Child {
        int pidfd;
        Source *source;
        ChildEnd end;
        void *userdata;
};

static Child *child_free(Child *child)
{
        (void) source_free(child->source);
        (void) fd_close(child->pidfd);
        free(child);
        return NULL;
}

/* Nobody's connection may be held open by a copy of it. */
static void close_others(int keep_fd)
{
        if (keep_fd < 3) {
                (void) close_range(3, ~0U, 0);
                return;
        }
        if (keep_fd > 3)
                (void) close_range(3, (unsigned) keep_fd - 1, 0);
        (void) close_range((unsigned) keep_fd + 1, ~0U, 0);
}

_noreturn_ static void run_child(const ChildSpec *spec)
{
        sigset_t none;

        for (int i = 1; i < _NSIG; i++)
                (void) signal(i, SIG_DFL);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) umask(0022);
        close_others(spec->keep_fd);
        _exit(spec->main(spec->userdata));
}

static int on_exit_event(Source *source, int fd, uint32_t events, void *userdata)
{
        Child *child = userdata;
        ChildEnd end = child->end;
        void *end_userdata = child->userdata;
        int code = 0, sig = SIGKILL;

        (void) process_wait(child->pidfd, &code, &sig);
        (void) child_free(child);
        end(code, sig, end_userdata);
        return 0;
}

int child_start(Loop *loop, const ChildSpec *spec, Child **ret)
{
        Child *child;
        pid_t pid;
        int r;

        child = calloc(1, sizeof(*child));
        if (!child)
                return -ENOMEM;
        *child = (Child){ .pidfd = -EBADF, .end = spec->end, .userdata = spec->userdata };
        pid = namespace_clone(0, spec->group_fd, &child->pidfd);
        if (pid == 0)
                run_child(spec);
        r = pid < 0 ? (int) pid
                    : loop_add_fd(loop, child->pidfd, EPOLLIN, on_exit_event, child,
                                  &child->source);
        if (r < 0) {
                int code, sig;

                if (pid > 0 && process_kill(child->pidfd, SIGKILL) == 0)
                        (void) process_wait(child->pidfd, &code, &sig);
                (void) child_free(child);
                return r;
        }
        *ret = child;
        return 0;
}

Child *child_abandon(Child *child)
{
        return child ? child_free(child) : NULL;
}

int child_kill(Child *child, int signal)
{
        return process_kill(child->pidfd, signal);
}
