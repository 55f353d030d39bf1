/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The supervisor points its future children at the container's pid namespace, clones one, and turns
 * back: the program is our child, to be reaped by us, and there is no process in between. All the
 * rest the child does itself (attach-child.c). */

#include "runtime/attach.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"
#include "config/environment.h"
#include "config/id-maps.h"
#include "interfaces/errors.h"
#include "kernel/capability.h"
#include "kernel/cgroup.h"
#include "kernel/namespace.h"
#include "kernel/pty.h"
#include "runtime/attach-child.h"
#include "runtime/supervisor.h"

#define MESSAGE_MAX 4096
#define ATTACH_GROUP ".nagaya" /* below payload/, where that takes no process itself */
#define HANGUP_USEC (5 * USEC_PER_SEC)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct AttachSession {
        Supervisor *supervisor;
        AttachSession *next;
        pid_t pid;
        int pidfd;
        int channel;  /* the child's reports, until it executes the program */
        int session;  /* our end */
        int client;   /* the client's end, until the call is answered */
        int terminal; /* likewise */
        Source *on_exit, *on_channel, *on_session, *on_patience;
        uint64_t connection;
        SeccompNotify *notify; /* of its own filter */
        char *program, *cwd;
        bool detach;
};

static AttachSession *session_free(AttachSession *a)
{
        if (!a)
                return NULL;
        (void) source_free(a->on_exit);
        (void) source_free(a->on_channel);
        (void) source_free(a->on_session);
        (void) source_free(a->on_patience);
        (void) fd_close(a->pidfd);
        (void) fd_close(a->channel);
        (void) fd_close(a->session);
        (void) fd_close(a->client);
        (void) fd_close(a->terminal);
        (void) seccomp_notify_free(a->notify);
        free(a->program);
        free(a->cwd);
        free(a);
        return NULL;
}
DEFINE_CLEANUP(AttachSession *, session_free)

static void session_unlink(AttachSession *a)
{
        AttachSession **link = &a->supervisor->sessions;

        while (*link && *link != a)
                link = &(*link)->next;
        if (*link)
                *link = a->next;
}

static const char *const step_sentences[_ATTACH_STEP_MAX] = {
        [ATTACH_NAMESPACES] = "Cannot enter the namespaces of the container",
        [ATTACH_SESSION] = "Cannot make a new session",
        [ATTACH_TERMINAL] = "Cannot make a terminal",
        [ATTACH_STDIO] = "Cannot set up standard input and output",
        [ATTACH_HARD_LIMITS] = "Cannot raise the hard limits of 'lxc.prlimit'",
        [ATTACH_LIMITS] = "Cannot set the limits of 'lxc.prlimit'",
        [ATTACH_PERSONALITY] = "Cannot set the personality",
        [ATTACH_CAPABILITIES] = "Cannot limit the capabilities",
        [ATTACH_LABEL] = "Cannot set the label",
        [ATTACH_SECCOMP] = "Cannot install the seccomp filter",
        [ATTACH_DIRECTORY] = "Cannot enter the directory",
        [ATTACH_USER] = "Cannot become that user (is the id mapped into the container?)",
        [ATTACH_EXEC] = "Cannot execute",
};

static void reply_failure(AttachSession *a, const AttachReport *report)
{
        Connection *connection = control_find(a->supervisor->control, a->connection);
        _cleanup_(error_done) Error error = ERROR_NULL;
        const char *object = report->step == ATTACH_DIRECTORY ? a->cwd
                             : report->step == ATTACH_EXEC    ? a->program
                                                              : NULL;
        int r;

        if (!connection)
                return;
        r = error_errno(&error, report->errnum, "%s%s%s%s",
                        report->step < _ATTACH_STEP_MAX ? step_sentences[report->step] : "Failed",
                        object ? " '" : "", object ? object : "", object ? "'" : "");
        (void) error_at(&error, r, "attach", object);
        control_reply_error(connection, &error);
}

static void reply_success(AttachSession *a)
{
        Connection *connection = control_find(a->supervisor->control, a->connection);
        FdArray fds = { .n = 0 };
        json_t *reply;

        if (!connection) {
                /* He does not wait any more: closing his end hangs the program up. */
                a->client = fd_close(a->client);
                a->terminal = fd_close(a->terminal);
                return;
        }
        fds.fds[fds.n++] = TAKE_FD(a->client);
        if (a->terminal >= 0) {
                fds.fds[fds.n++] = TAKE_FD(a->terminal);
                reply = json_pack("{s:i,s:i,s:i}", "pid", a->pid, "session", 0, "terminal", 1);
        } else
                reply = json_pack("{s:i,s:i}", "pid", a->pid, "session", 0);
        control_reply(connection, reply, &fds);
}

/* Return: the size of the report, 0 at the end, -errno. *ret_fd: what came with it, or < 0. */
static ssize_t receive_report(AttachSession *a, AttachReport *ret, int *ret_fd)
{
        union {
                struct cmsghdr header;
                char data[CMSG_SPACE(sizeof(int))];
        } control;
        struct iovec part = { .iov_base = ret, .iov_len = sizeof(*ret) };
        struct msghdr message = {
                .msg_iov = &part,
                .msg_iovlen = 1,
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        ssize_t n = recvmsg(a->channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        struct cmsghdr *rights = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

        if (n < 0)
                return -errno;
        if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
            rights->cmsg_len == CMSG_LEN(sizeof(int)))
                memcpy(ret_fd, CMSG_DATA(rights), sizeof(int));
        return n;
}

/* Return: was it no end? */
static bool take_fd(AttachSession *a, const AttachReport *report, int fd)
{
        switch (report->step) {
        case ATTACH_TERMINAL_READY:
                (void) fd_close(a->terminal);
                a->terminal = fd;
                return true;
        case ATTACH_LISTENER_READY:
                if (fd >= 0 && !a->notify)
                        a->notify = run_notify(a->supervisor, fd);
                return true;
        default:
                (void) fd_close(fd);
                return false;
        }
}

static int on_channel(Source *source, int fd, uint32_t events, void *userdata)
{
        AttachSession *a = userdata;
        AttachReport report = { .step = _ATTACH_STEP_MAX };
        int came = -EBADF;
        ssize_t n = receive_report(a, &report, &came);

        if (n == -EAGAIN || n == -EINTR)
                return 0;
        if (n == sizeof(report) && take_fd(a, &report, came))
                return 0;
        a->on_channel = source_free(a->on_channel);
        if (n == sizeof(report)) {
                reply_failure(a, &report);
                a->client = fd_close(a->client);
        } else
                reply_success(a);
        return 0;
}

/* The program and what it started in its process group: it leads one. Not reaped yet, so that its
 * number cannot name anybody else. */
static void signal_group(const AttachSession *a, int signal)
{
        if (kill(-a->pid, signal) < 0)
                (void) process_kill(a->pidfd, signal);
}

static int on_patience(Source *source, int fd, uint32_t events, void *userdata)
{
        signal_group(userdata, SIGKILL);
        return 0;
}

static void hang_up(AttachSession *a)
{
        signal_group(a, SIGHUP);
        signal_group(a, SIGCONT);
        if (loop_add_timer(a->supervisor->loop, now_usec() + HANGUP_USEC, on_patience, a,
                           &a->on_patience) < 0)
                signal_group(a, SIGKILL);
}

static void handle_message(AttachSession *a, const char *text, size_t n)
{
        _cleanup_(json_decref_p) json_t *message = json_loadb(text, n, 0, NULL);
        int64_t signal = 0;

        /* A message that is none is not worth ending a program for. */
        if (message && json_get_integer(message, "kill", &signal, NULL) > 0 && signal > 0 &&
            signal <= SIGRTMAX)
                signal_group(a, (int) signal);
}

static int on_session(Source *source, int fd, uint32_t events, void *userdata)
{
        AttachSession *a = userdata;
        char text[MESSAGE_MAX];
        ssize_t n = recv(fd, text, sizeof(text), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n > 0) {
                handle_message(a, text, (size_t) n);
                return 0;
        }
        a->on_session = source_free(a->on_session);
        if (!a->detach)
                hang_up(a);
        return 0;
}

static void tell_end(AttachSession *a, int code, int signal)
{
        char text[64];
        int n = snprintf(text, sizeof(text), signal > 0 ? "{\"signal\":%d}" : "{\"exitCode\":%d}",
                         signal > 0 ? signal : code);

        (void) send(a->session, text, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int on_exit_event(Source *source, int fd, uint32_t events, void *userdata)
{
        AttachSession *a = userdata;
        int code, signal;

        /* What it said before its end comes first. */
        while (a->on_channel)
                (void) on_channel(a->on_channel, a->channel, EPOLLIN, a);
        if (process_wait(a->pidfd, &code, &signal) == 0)
                tell_end(a, code, signal);
        session_unlink(a);
        (void) session_free(a);
        return 0;
}

void attach_done(Supervisor *s)
{
        while (s->sessions) {
                AttachSession *a = s->sessions;
                siginfo_t info = { 0 };

                if (waitid(P_PIDFD, (id_t) a->pidfd, &info, WEXITED | WNOHANG) == 0 &&
                    info.si_pid > 0)
                        tell_end(a, info.si_code == CLD_EXITED ? info.si_status : 0,
                                 info.si_code == CLD_EXITED ? 0 : info.si_status);
                s->sessions = a->next;
                (void) session_free(a);
        }
}

/* Of those that are the container's own: to enter the host's would change nothing. */
static int wanted_namespaces(const Supervisor *s, const AttachRequest *request)
{
        uint64_t flags = 0;

        for (NamespaceType type = 0; type < _NAMESPACE_TYPE_MAX; type++)
                if (request->namespaces == 0 || (request->namespaces >> type & 1))
                        flags |= run_namespace_flag(type);
        return (int) (flags & s->run.security.namespaces);
}

static int
make_environment(const Supervisor *s, const AttachRequest *request, char ***ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **list = NULL;
        int r;

        r = strv_env_set(&list, "container", "lxc");
        if (r == 0 && !request->clear_environment)
                r = strv_env_set(&list, "PATH", DEFAULT_PATH);
        if (r == 0 && !request->clear_environment && request->tty)
                r = strv_env_set(&list, "TERM", "linux");
        if (r < 0)
                return error_oom(reterr);
        if (!request->clear_environment) {
                r = environment_add_entries(&list, s->config->environment.all, "lxc.environment",
                                            environ, reterr);
                if (r < 0)
                        return r;
        }
        strv_foreach(entry, request->environment) {
                const char *equals = strchr(*entry, '=');
                _cleanup_(free_p) char *name = NULL;

                if (!equals || equals == *entry) {
                        r = error_public(reterr, ERROR_INVALID_ARGS,
                                         "'%s' is no environment variable, NAME=value", *entry);
                        return error_at(reterr, r, NULL, "environment");
                }
                name = strndup(*entry, (size_t) (equals - *entry));
                if (!name || strv_env_set(&list, name, equals + 1) < 0)
                        return error_oom(reterr);
        }
        *ret = TAKE_PTR(list);
        return 0;
}

static int session_new(Supervisor *s,
                       const AttachRequest *request,
                       AttachSession **ret,
                       int *ret_child_channel,
                       Error *reterr)
{
        _cleanup_(session_free_p) AttachSession *a = calloc(1, sizeof(*a));
        int channel[2], session[2];

        if (!a)
                return error_oom(reterr);
        *a = (AttachSession){
                .supervisor = s,
                .pidfd = -EBADF,
                .channel = -EBADF,
                .session = -EBADF,
                .client = -EBADF,
                .terminal = -EBADF,
                .detach = request->detach,
        };
        if (string_set(&a->program, request->command[0]) < 0 ||
            string_set(&a->cwd, request->cwd) < 0)
                return error_oom(reterr);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, session) < 0)
                return error_errno(reterr, errno, "Cannot make a session");
        a->session = session[0];
        a->client = session[1];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) < 0)
                return error_errno(reterr, errno, "Cannot make a session");
        a->channel = channel[0];
        *ret_child_channel = channel[1];
        *ret = TAKE_PTR(a);
        return 0;
}

static int session_watch(AttachSession *a)
{
        Loop *loop = a->supervisor->loop;
        int r;

        r = loop_add_fd(loop, a->channel, EPOLLIN, on_channel, a, &a->on_channel);
        if (r == 0)
                r = loop_add_fd(loop, a->session, EPOLLIN, on_session, a, &a->on_session);
        if (r == 0)
                r = loop_add_fd(loop, a->pidfd, EPOLLIN, on_exit_event, a, &a->on_exit);
        return r;
}

static int check_state(const Supervisor *s, Error *reterr)
{
        unsigned n = 0;

        if (!run_has_init(s))
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is not running", s->id);
        for (const AttachSession *a = s->sessions; a; a = a->next)
                n++;
        if (n >= ATTACH_SESSIONS_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "%u programs were started in '%s' and still run", n, s->id);
        return freeze_check(s, reterr);
}

/* Into the container's pid namespace and, unless it is to stay outside, its group. As fork(2). */
static pid_t clone_inside(Supervisor *s, const AttachRequest *request, int flags, int *ret_pidfd)
{
        const NamespaceFd inside = { .fd = s->run.child.pidfd, .flag = CLONE_NEWPID };
        unsigned n = flags & CLONE_NEWPID ? 1 : 0;
        _cleanup_(fd_close_p) int beside_fd = -EBADF;
        pid_t pid;

        pid = namespace_clone_joining(
                &inside, n, 0, request->outside_cgroup ? -EBADF : s->run.payload_fd, ret_pidfd);
        if (pid != -EBUSY || request->outside_cgroup)
                return pid;
        /* An init like systemd enables controllers for the groups it makes, and a group with such
         * below it holds no process of its own. */
        beside_fd = cgroup_make(s->run.payload_fd, ATTACH_GROUP, NULL);
        return beside_fd < 0 ? beside_fd
                             : namespace_clone_joining(&inside, n, 0, beside_fd, ret_pidfd);
}

static int spawn(Supervisor *s, AttachSession *a, AttachChild *child, int flags, Error *reterr)
{
        const AttachRequest *request = child->request;
        pid_t pid;
        int r;

        pid = clone_inside(s, request, flags, &a->pidfd);
        /* A pid namespace whose init is ending lets nobody in: ENOMEM, clone(2). */
        if (pid == -ESRCH || pid == -ENOMEM)
                return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING,
                                    "Container '%s' is ending; nothing can be started in it",
                                    s->id);
        if (pid < 0)
                return error_errno(reterr, -pid, "Cannot clone a process into container '%s'",
                                   s->id);
        if (pid == 0)
                attach_child_run(child);
        a->pid = pid;
        r = session_watch(a);
        if (r == 0)
                return 0;
        (void) process_kill(a->pidfd, SIGKILL);
        (void) process_wait(a->pidfd, &(int){ 0 }, &(int){ 0 });
        return error_errno(reterr, -r, "Cannot watch a process");
}

static int host_terminal(const Supervisor *s, int flags, int *master, int *slave, Error *reterr)
{
        const NamespaceConfig *ids = &s->config->namespace;
        int r = pty_new(master, slave);

        if (r == 0 && flags & CLONE_NEWUSER &&
            fchown(*slave, id_maps_root(ids->idmaps, ids->n_idmaps, false),
                   id_maps_root(ids->idmaps, ids->n_idmaps, true)) < 0)
                r = -errno;
        return r < 0 ? error_errno(reterr, -r, "Cannot make a terminal") : 0;
}

int attach_start(Supervisor *s, const AttachRequest *request, Connection *connection, Error *reterr)
{
        _cleanup_(session_free_p) AttachSession *a = NULL;
        _cleanup_(fd_close_p) int channel = -EBADF, master = -EBADF, slave = -EBADF;
        _cleanup_(free_p) void *filter = NULL;
        int flags = wanted_namespaces(s, request);
        AttachChild child = {
                .request = request,
                .init_pidfd = s->run.child.pidfd,
                .namespaces = flags & ~CLONE_NEWPID,
                .session_keyring = s->run.security.session_keyring,
                .proc_fd = -EBADF,
        };
        int r;

        r = check_state(s, reterr);
        if (r == 0)
                r = attach_read_limits(s, request, &child, reterr);
        if (r == 0 && s->run.security.seccomp_profile)
                r = seccomp_filter_get(s->run.security.seccomp_profile, &filter,
                                       &child.seccomp_size, NULL, reterr);
        if (r == 0)
                r = make_environment(s, request, &child.environment, reterr);
        if (r == 0)
                r = session_new(s, request, &a, &channel, reterr);
        if (r == 0 && request->tty)
                r = host_terminal(s, flags, &master, &slave, reterr);
        if (r == 0) {
                child.channel = channel;
                child.seccomp = filter;
                child.seccomp_notify = s->config->security.seccomp_notify_proxy;
                child.host_master = master;
                child.host_slave = slave;
                r = spawn(s, a, &child, flags, reterr);
        }
        attach_child_done(&child);
        if (r < 0)
                return r;
        a->connection = control_id(connection);
        a->next = s->sessions;
        s->sessions = TAKE_PTR(a);
        return control_wait(connection, WAIT_REPLY, USEC_INFINITY, reterr);
}
