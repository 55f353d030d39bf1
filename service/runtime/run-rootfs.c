/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The root file system before there is a child. One that is files in directories is opened by its path
 * when its time comes. For another, programs run and disks are waited for: that does a process of its
 * own, and the supervisor's loop goes on meanwhile. */

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "kernel/cgroup.h"
#include "runtime/run-steps.h"
#include "runtime/supervisor.h"
#include "runtime/payload/sync.h"
#include "storage/backend/nbd.h"

/* --- in the process that opens or detaches ---------------------------------------------------- */

/* Nothing is attached that is not written down. */
static int announce(const char *device, void *userdata, Error *reterr)
{
        const RunRootfs *rootfs = userdata;
        SyncMessage message = { .type = SYNC_ATTACH, .text = { device } };
        int r = sync_send(rootfs->opener_fd, &message);

        if (r == 0)
                r = sync_receive(rootfs->opener_fd, &message);
        return r > 0 && message.type == SYNC_GO
                       ? 0
                       : error_errno(reterr, ECANCELED, "Cannot attach '%s'", device);
}

static int opener_main(void *userdata)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        const Supervisor *s = userdata;
        const RunRootfs *rootfs = &s->run.rootfs;
        RootfsMount mount = {
                .flags = s->run.plan->rootfs_options.set,
                .data = s->run.plan->rootfs_options.data,
                .user = s->run.plan->namespaces & CLONE_NEWUSER,
                .attach = announce,
                .userdata = (void *) rootfs,
        };
        SyncMessage message = { .type = SYNC_TREE, .n_fds = 1 };

        if (rootfs_open(&rootfs->rootfs, &mount, &message.fds[0], &error) < 0)
                return sync_send_error(rootfs->opener_fd, &error) < 0;
        return sync_send(rootfs->opener_fd, &message) < 0;
}

static int detacher_main(void *userdata)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        const Supervisor *s = userdata;

        if (nbd_detach(s->run.rootfs.device, &error) == 0)
                return EXIT_SUCCESS;
        log_error_event(LOG_WARNING, NULL, &error, NULL);
        return EXIT_FAILURE;
}

/* --- in the supervisor ------------------------------------------------------------------------ */

static void on_end(int code, int signal, void *userdata)
{
        Supervisor *s = userdata;

        s->run.rootfs.child = NULL;
        s->run.rootfs.code = signal > 0 ? 128 + signal : code;
        run_advance(s);
}

static void take_tree(RunRootfs *rootfs, SyncMessage *message)
{
        if (message->n_fds != 1 || rootfs->tree_fd >= 0)
                return;
        rootfs->tree_fd = message->fds[0];
        message->n_fds = 0;
}

static void take_device(Supervisor *s, const SyncMessage *message)
{
        RunRootfs *rootfs = &s->run.rootfs;
        SyncMessage go = { .type = SYNC_GO };

        if (!message->text[0] || rootfs->device ||
            string_set(&rootfs->device, message->text[0]) < 0)
                return;
        if (undo_add(&s->undo, UNDO_DEVICE, rootfs->device) == 0)
                (void) sync_send(rootfs->socket_fd, &go);
}

static int on_socket(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;
        RunRootfs *rootfs = &s->run.rootfs;
        SyncMessage message;
        int r;

        while ((r = sync_receive(fd, &message)) > 0) {
                if (message.type == SYNC_TREE)
                        take_tree(rootfs, &message);
                else if (message.type == SYNC_ATTACH)
                        take_device(s, &message);
                else if (message.type == SYNC_ERROR && !error_is_set(&rootfs->error))
                        (void) sync_take_error(&message, &rootfs->error);
                for (size_t i = 0; i < message.n_fds; i++)
                        (void) fd_close(message.fds[i]);
        }
        if (r == -EAGAIN)
                return 0;
        rootfs->socket = source_free(rootfs->socket);
        run_advance(s);
        return 0;
}

/* Where we will be ourselves: what the child leaves running (qemu-nbd) must not keep the unit's own group
 * from being divided. */
static int open_subgroup(const Supervisor *s)
{
        return s->in_subgroup ? -EBADF : cgroup_make(s->unit_fd, SUPERVISOR_GROUP, NULL);
}

static int start_child(Supervisor *s, ChildMain main, int keep_fd)
{
        _cleanup_(fd_close_p) int group_fd = open_subgroup(s);
        ChildSpec spec = {
                .group_fd = group_fd,
                .keep_fd = keep_fd,
                .main = main,
                .end = on_end,
                .userdata = s,
        };

        return child_start(s->loop, &spec, &s->run.rootfs.child);
}

static int start_opener(Supervisor *s, Error *reterr)
{
        RunRootfs *rootfs = &s->run.rootfs;
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a pair of sockets");
        rootfs->socket_fd = pair[0];
        rootfs->opener_fd = pair[1];
        r = fd_set_nonblock(rootfs->socket_fd, true);
        if (r == 0)
                r = loop_add_fd(s->loop, rootfs->socket_fd, EPOLLIN, on_socket, s, &rootfs->socket);
        if (r == 0)
                r = start_child(s, opener_main, rootfs->opener_fd);
        rootfs->opener_fd = fd_close(rootfs->opener_fd);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot start a process that opens '%s'",
                                   s->run.plan->rootfs_path);
        return STEP_WAIT;
}

/* What came of the opener, which has ended. */
static int take_outcome(Supervisor *s, Error *reterr)
{
        RunRootfs *rootfs = &s->run.rootfs;
        int r = -rootfs->error.errnum;

        if (r < 0)
                error_move(reterr, &rootfs->error);
        else if (rootfs->tree_fd < 0)
                r = error_code(reterr, 0, ECHILD,
                               "The process that opens '%s' ended without a result",
                               s->run.plan->rootfs_path);
        if (r < 0)
                return error_at(reterr, r, NULL, s->run.plan->rootfs);
        s->run.launch.rootfs_fd = rootfs->tree_fd;
        return STEP_DONE;
}

int run_rootfs_open(Supervisor *s, Error *reterr)
{
        RunRootfs *rootfs = &s->run.rootfs;
        int r;

        if (rootfs->child || rootfs->socket)
                return STEP_WAIT;
        if (rootfs->socket_fd >= 0)
                return take_outcome(s, reterr);
        r = rootfs_parse(s->run.plan->rootfs_path, &rootfs->rootfs, reterr);
        if (r < 0)
                return error_at(reterr, r, NULL, "lxc.rootfs.path");
        s->run.launch.rootfs = &rootfs->rootfs;
        return rootfs->rootfs.backend->slow ? start_opener(s, reterr) : STEP_DONE;
}

/* The device has no user any more: the mount went with init's namespace. A failure is logged, and the
 * entry in the journal stays for the next clean-up. */
int run_rootfs_detach(Supervisor *s, Error *reterr)
{
        RunRootfs *rootfs = &s->run.rootfs;

        run_rootfs_forget(&s->run);
        /* An opener that was killed may hang on its disk for longer than anybody wants to wait. */
        if (!rootfs->device) {
                rootfs->child = child_abandon(rootfs->child);
                return STEP_DONE;
        }
        if (rootfs->child)
                return STEP_WAIT;
        if (!rootfs->detaching) {
                rootfs->detaching = true;
                if (start_child(s, detacher_main, -EBADF) == 0)
                        return STEP_WAIT;
                rootfs->code = EXIT_FAILURE;
        }
        if (rootfs->code == EXIT_SUCCESS)
                (void) undo_drop(&s->undo, UNDO_DEVICE, rootfs->device);
        free(rootfs->device);
        rootfs->device = NULL;
        return STEP_DONE;
}

void run_rootfs_init(RunRootfs *rootfs)
{
        *rootfs = (RunRootfs){
                .rootfs = ROOTFS_NULL,
                .socket_fd = -EBADF,
                .opener_fd = -EBADF,
                .tree_fd = -EBADF,
        };
}

void run_rootfs_kill(Run *run)
{
        if (run->rootfs.child)
                (void) child_kill(run->rootfs.child, SIGKILL);
}

void run_rootfs_forget(Run *run)
{
        RunRootfs *rootfs = &run->rootfs;

        rootfs->socket = source_free(rootfs->socket);
        rootfs->socket_fd = fd_close(rootfs->socket_fd);
        rootfs->tree_fd = fd_close(rootfs->tree_fd);
        run->launch.rootfs_fd = -EBADF;
        run->launch.rootfs = NULL;
        rootfs_done(&rootfs->rootfs);
        error_done(&rootfs->error);
}

void run_rootfs_done(Run *run)
{
        run_rootfs_kill(run);
        run->rootfs.child = child_abandon(run->rootfs.child);
        run_rootfs_forget(run);
        free(run->rootfs.device);
        run_rootfs_init(&run->rootfs);
}
