/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stages: the last steps, inside of the container's root. */

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "base/path.h"
#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"

int stage_stdio(StageContext *context, Error *reterr)
{
        const PlanInit *init = &context->plan->init;

        if (setsid() < 0)
                return error_errno(reterr, errno, "Cannot make a session");
        if (context->plan->terminals.console && ioctl(context->console_fd, TIOCSCTTY, 0) < 0)
                return error_errno(reterr, errno, "Cannot make the console the terminal of init");
        for (int fd = 0; fd <= 2; fd++)
                if (dup2(context->console_fd, fd) < 0)
                        return error_errno(reterr, errno, "Cannot put init on the console");
        /* An init that is not root may open its own terminal again. */
        if (init->uid != 0 && context->plan->terminals.console &&
            fchown(context->console_fd, init->uid, (gid_t) -1) < 0)
                return error_errno(reterr, errno, "Cannot give the console to user %u", init->uid);
        context->console_fd = fd_close(context->console_fd);
        return 0;
}

int stage_directory(StageContext *context, Error *reterr)
{
        const char *cwd = context->plan->init.cwd;
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        /* No magic link: /proc/self/fd/N must not lead anywhere. */
        fd = path_open_in_root(AT_FDCWD, cwd, O_PATH | O_DIRECTORY, 0);
        r = fd < 0 ? fd : fchdir(fd) < 0 ? -errno : 0;
        if (r < 0)
                return error_at(reterr,
                                error_errno(reterr, -r, "Cannot change to directory '%s'", cwd),
                                NULL, cwd);
        return 0;
}

int stage_wait(StageContext *context, Error *reterr)
{
        SyncMessage message = { .type = SYNC_PREPARED };
        int r;

        r = sync_send(context->sync_fd, &message);
        if (r == 0)
                r = sync_receive(context->sync_fd, &message);
        if (r <= 0)
                return error_errno(reterr, r < 0 ? -r : EPIPE, "The supervisor is gone");
        if (message.type != SYNC_GO)
                return error_errno(reterr, EPROTO, "The supervisor says something unexpected");
        return 0;
}

int stage_credentials(StageContext *context, Error *reterr)
{
        const PlanInit *init = &context->plan->init;

        if (setgroups(init->n_groups, init->groups) < 0)
                return error_errno(reterr, errno, "Cannot set the groups of init");
        if (setresgid(init->gid, init->gid, init->gid) < 0 ||
            setresuid(init->uid, init->uid, init->uid) < 0)
                return error_errno(reterr, errno, "Cannot become user %u, group %u", init->uid,
                                   init->gid);
        /* A change of credentials has cleared it: prctl(2). */
        if (prctl(PR_SET_PDEATHSIG, init->parent_death_signal) < 0)
                return error_errno(reterr, errno, "Cannot set the parent death signal");
        return 0;
}

/* A link to /proc/self/exe would execute this very program, a file of the host, in the container. */
static int check_program(const char *path)
{
        _cleanup_(fd_close_p) int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(fd_close_p) int fd = -EBADF;

        if (root_fd < 0)
                return -errno;
        fd = path_open_in_root(root_fd, path, O_PATH, 0);
        return fd < 0 ? fd : 0;
}

static int not_executed(const PlanInit *init, int r, Error *reterr)
{
        r = error_errno(reterr, -r, "Cannot execute '%s' in the container", init->command[0]);
        return error_at(reterr, r, NULL, init->command[0]);
}

int stage_exec(StageContext *context, Error *reterr)
{
        const PlanInit *init = &context->plan->init;
        SyncMessage message = { .type = SYNC_READY };
        sigset_t none;
        int r;

        r = check_program(init->command[0]);
        if (r < 0)
                return not_executed(init, r, reterr);
        if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot close file descriptors");
        r = sync_send(context->sync_fd, &message);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot tell the supervisor");
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) execve(init->command[0], init->command, init->environment);
        return not_executed(init, -errno, reterr);
}
