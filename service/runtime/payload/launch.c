/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/payload/launch.h"

#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/names.h"
#include "kernel/namespace.h"
#include "runtime/payload/stage.h"
#include "runtime/payload/sync.h"
#include "runtime/payload/tree.h"
#include "runtime/payload/user-namespace.h"

_noreturn_ static void child_main(const Launch *launch, const Trees *trees, int sync_fd)
{
        StageContext context = {
                .launch = launch,
                .plan = launch->plan,
                .trees = trees,
                .mount_point_fd = -EBADF,
                .sync_fd = sync_fd,
                .root_fd = -EBADF,
                .console_fd = -EBADF,
                .proc_fd = -EBADF,
        };
        Error error = ERROR_NULL;

        (void) stages_run(&context, &error);
        (void) sync_send_error(context.sync_fd, &error);
        _exit(1);
}

/* Before the clone, what the child cannot do in a user namespace. */
static int prepare_host(const Launch *launch, Trees *trees, Error *reterr)
{
        const Plan *plan = launch->plan;
        int r = 0;

        if (plan->namespaces & CLONE_NEWUSER) {
                r = user_namespace_delegate(plan, launch->cgroup_fd, reterr);
                if (r == 0 && startswith(plan->rootfs_mount, RUN_DIR "/")) {
                        r = mkdir_parents(plan->rootfs_mount, 0755);
                        if (r < 0)
                                r = error_errno(reterr, -r, "Cannot make '%s'", plan->rootfs_mount);
                }
        }
        if (r == 0 && trees_wanted(launch))
                r = trees_make(launch, trees, reterr);
        if (r == 0)
                r = trees_add_cgroup(plan, launch->cgroup_fd, trees, reterr);
        return r < 0 ? error_at(reterr, r, "clone", NULL) : 0;
}

static int
begin_user_namespace(const Launch *launch, LaunchChild *child, Trees *trees, Error *reterr)
{
        int r;

        if (!(launch->plan->namespaces & CLONE_NEWUSER))
                return 0;
        r = user_namespace_begin(launch->plan, child, trees, reterr);
        if (r == 0)
                return 0;
        (void) process_kill(child->pidfd, SIGKILL);
        (void) process_wait(child->pidfd, &(int){ 0 }, &(int){ 0 });
        return error_at(reterr, r, "user-namespace", NULL);
}

int launch_begin(const Launch *launch, LaunchChild *ret, Error *reterr)
{
        _cleanup_(launch_child_done) LaunchChild child = LAUNCH_CHILD_NULL;
        _cleanup_(trees_done) Trees trees = TREES_NULL;
        _cleanup_(fd_close_p) int child_fd = -EBADF;
        int pair[2];
        pid_t pid;
        int r;

        child.n_masters = launch->plan->terminals.n_ttys + 1;
        child.masters = malloc(child.n_masters * sizeof(int));
        if (!child.masters)
                return error_oom(reterr);
        for (size_t i = 0; i < child.n_masters; i++)
                child.masters[i] = -EBADF;
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a pair of sockets");
        child.sync_fd = pair[0];
        child_fd = pair[1];
        r = fd_set_nonblock(child.sync_fd, true);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot set up a socket");

        r = prepare_host(launch, &trees, reterr);
        if (r < 0)
                return r;
        pid = namespace_clone_joining(launch->shares, launch->n_shares, launch->plan->namespaces,
                                      launch->cgroup_fd, &child.pidfd);
        if (pid < 0)
                return error_at(reterr,
                                error_errno(reterr, -pid,
                                            "Cannot make init in its namespaces and control group"),
                                "clone", NULL);
        if (pid == 0)
                child_main(launch, &trees, child_fd);
        child.pid = pid;
        r = begin_user_namespace(launch, &child, &trees, reterr);
        if (r < 0)
                return r;
        /* While the child is at work; a failure is told when the filter is needed. */
        if (launch->plan->devices.filter)
                child.device_filter = device_filter_load(launch->plan->devices.rules,
                                                         launch->plan->devices.n_rules);
        *ret = child;
        child = LAUNCH_CHILD_NULL;
        return 0;
}

static int take_masters(LaunchChild *child, SyncMessage *message)
{
        for (size_t i = 0; i < message->n_fds; i++) {
                size_t number = (size_t) message->value + i;

                if (message->value < 0 || number >= child->n_masters ||
                    child->masters[number] >= 0) {
                        (void) fd_close(message->fds[i]);
                        continue;
                }
                child->masters[number] = message->fds[i];
        }
        message->n_fds = 0;
        return LAUNCH_HEARD;
}

/* What it was that ended the child: it has closed the socket, so it has ended or is about to. */
static int died(LaunchChild *child, Error *reterr)
{
        siginfo_t info = { 0 };
        const char *why = "";

        (void) waitid(P_PIDFD, (id_t) child->pidfd, &info, WEXITED | WNOWAIT);
        if (info.si_code == CLD_EXITED)
                return error_code(reterr, 0, ECHILD, "Init's setup ended with exit status %d",
                                  info.si_status);
        if (info.si_status == SIGSYS)
                why = ": the seccomp profile forbids what is needed to execute init";
        return error_code(reterr, 0, ECHILD, "Init's setup was killed by SIG%s%s",
                          sigabbrev_np(info.si_status), why);
}

static int take_message(LaunchChild *child, SyncMessage *message, Error *reterr)
{
        switch (message->type) {
        case SYNC_LOG:
                if (message->text[0] && message->value >= 0 && message->value < _HOOK_TYPE_MAX)
                        hook_output_log((HookType) message->value, message->text[0], NULL);
                return LAUNCH_HEARD;
        case SYNC_NOTE:
                if (message->text[0])
                        log_event(message->value, NULL, "%s", message->text[0]);
                return LAUNCH_HEARD;
        case SYNC_MASTERS:
                return take_masters(child, message);
        case SYNC_LISTENER:
                if (message->n_fds == 1 && child->listener < 0)
                        child->listener = message->fds[--message->n_fds];
                return LAUNCH_HEARD;
        case SYNC_PREPARED:
                return LAUNCH_PREPARED;
        case SYNC_READY:
                child->ready = true;
                return LAUNCH_HEARD;
        case SYNC_ERROR:
                return sync_take_error(message, reterr);
        default:
                return error_errno(reterr, EPROTO, "Init's setup says something unexpected");
        }
}

int launch_receive(LaunchChild *child, Error *reterr)
{
        SyncMessage message;
        int r;

        r = sync_receive(child->sync_fd, &message);
        if (r == -EAGAIN)
                return LAUNCH_AGAIN;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot hear from init's setup");
        if (r == 0)
                return child->ready ? LAUNCH_RUNNING : died(child, reterr);
        r = take_message(child, &message, reterr);
        for (size_t i = 0; i < message.n_fds; i++)
                (void) fd_close(message.fds[i]);
        return r;
}

int launch_go(const Launch *launch, LaunchChild *child, Error *reterr)
{
        SyncMessage message = { .type = SYNC_GO };
        int r = 0;

        if (launch->plan->devices.filter)
                r = child->device_filter < 0
                            ? child->device_filter
                            : device_filter_attach(launch->cgroup_fd, child->device_filter);
        if (r < 0)
                return error_at(reterr,
                                error_errno(reterr, -r, "Cannot restrict the container's devices"),
                                "device-filter", "lxc.cgroup2.devices");
        child->device_filter = fd_close(child->device_filter);
        if (launch->plan->namespaces & CLONE_NEWUSER) {
                r = user_namespace_finish(launch->plan, child->pid, reterr);
                if (r < 0)
                        return r;
        }
        r = sync_send(child->sync_fd, &message);
        /* A child that is gone has left its reason in the socket: launch_receive() tells it. */
        return r < 0 && r != -EPIPE ? error_errno(reterr, -r, "Cannot let init go on") : 0;
}

void launch_child_done(LaunchChild *child)
{
        for (size_t i = 0; i < child->n_masters; i++)
                (void) fd_close(child->masters[i]);
        free(child->masters);
        (void) fd_close(child->pidfd);
        (void) fd_close(child->sync_fd);
        (void) fd_close(child->device_filter);
        (void) fd_close(child->listener);
        *child = LAUNCH_CHILD_NULL;
}
