/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/stop.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/notify.h"
#include "base/process.h"
#include "interfaces/errors.h"
#include "kernel/cgroup.h"
#include "runtime/supervisor.h"

/* What the service manager allows beyond our own deadline: killing, hooks. */
#define GRACE_USEC (30 * USEC_PER_SEC)
#define EXTEND_USEC (60 * USEC_PER_SEC)

/* systemd's halt, in the numbering of signal(7): SIGRTMIN of glibc is 34. */
#define SIGNAL_HALT_SYSTEMD (SIGRTMIN + 3)

bool stop_blocks_signal(const char *status, int signal)
{
        const char *line = strstr(status, "\nSigBlk:");

        if (!line || signal < 1 || signal > 64)
                return false;
        return (strtoull(line + 8, NULL, 16) >> (signal - 1)) & 1;
}

/* systemd blocks the signals it reads from a signalfd, LXC's way to tell it from other inits. */
static int halt_signal(const Supervisor *s)
{
        _cleanup_(free_p) char *status = NULL;
        char path[64];

        if (s->config->signal.halt > 0)
                return s->config->signal.halt;
        (void) snprintf(path, sizeof(path), "/proc/%d/status", s->run.child.pid);
        if (file_read(AT_FDCWD, path, 65536, &status, NULL) == 0 &&
            stop_blocks_signal(status, SIGNAL_HALT_SYSTEMD))
                return SIGNAL_HALT_SYSTEMD;
        return SIGPWR;
}

static void kill_now(Supervisor *s)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        s->stop.deadline_usec = USEC_INFINITY;
        s->stop.timer = source_free(s->stop.timer);
        s->stop.extend = source_free(s->stop.extend);
        (void) error_public(&error, ERROR_CANCELLED, "The start of '%s' was cancelled", s->id);
        run_cancel(s, &error);
}

static int on_deadline(Source *source, int fd, uint32_t events, void *userdata)
{
        kill_now(userdata);
        return 0;
}

/* The service manager's own patience (TimeoutStopSec=) must not be shorter than what was asked of
 * us. */
static int on_extend(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;
        uint64_t deadline = s->stop.deadline_usec, now = now_usec();

        if (deadline != USEC_INFINITY && deadline > now)
                notify("EXTEND_TIMEOUT_USEC=%" PRIu64 "\n", deadline - now + GRACE_USEC);
        else if (run_has_init(s) && deadline == USEC_INFINITY) {
                notify("EXTEND_TIMEOUT_USEC=%" PRIu64 "\n", (uint64_t) EXTEND_USEC);
                source_set_time(source, now + EXTEND_USEC / 2);
        }
        return 0;
}

static int arm(Supervisor *s, uint64_t deadline_usec, Error *reterr)
{
        Stop *stop = &s->stop;

        stop->deadline_usec = deadline_usec;
        if (!stop->timer &&
            loop_add_timer(s->loop, USEC_INFINITY, on_deadline, s, &stop->timer) < 0)
                return error_oom(reterr);
        if (!stop->extend &&
            loop_add_timer(s->loop, USEC_INFINITY, on_extend, s, &stop->extend) < 0)
                return error_oom(reterr);
        source_set_time(stop->timer, deadline_usec);
        if (stop->by_manager)
                source_set_time(stop->extend, now_usec());
        return 0;
}

/* A frozen init cannot react: it is thawed behind the signal. */
static int send_to_init(Supervisor *s, int signal, Error *reterr)
{
        int r = process_kill(s->run.child.pidfd, signal);

        if (r < 0 && r != -ESRCH)
                return error_errno(reterr, -r, "Cannot send signal %d to init of '%s'", signal,
                                   s->id);
        return 0;
}

static int ask_to_halt(Supervisor *s, Error *reterr)
{
        int r = send_to_init(s, halt_signal(s), reterr);

        if (r == 0)
                freeze_end(s);
        return r;
}

static int not_running(const Supervisor *s, Error *reterr)
{
        return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING, "Container '%s' is not running",
                            s->id);
}

static int wait_without_kill(Supervisor *s, const StopRequest *request, Error *reterr)
{
        uint64_t timeout =
                request->timeout_usec < 0 ? USEC_INFINITY : (uint64_t) request->timeout_usec;
        int r;

        r = ask_to_halt(s, reterr);
        if (r < 0 || timeout == 0)
                return r;
        return control_wait(request->connection, WAIT_STOPPED, timeout, reterr);
}

int stop_request(Supervisor *s, const StopRequest *request, Error *reterr)
{
        bool now = request->kill || (request->timeout_usec == 0 && !request->no_kill);
        uint64_t deadline;
        int r;

        s->stop.requested = true;
        if (!now && run_has_init(s) && request->no_kill)
                return wait_without_kill(s, request, reterr);
        s->stop.asked = true;
        /* A start has no init that could be asked; an end is under way already. */
        if (now || run_is_starting(s) || s->ticket.token) {
                kill_now(s);
                return CONTROL_DONE;
        }
        if (!run_has_init(s))
                return CONTROL_DONE;
        deadline = request->timeout_usec < 0 ? USEC_INFINITY
                                             : now_usec() + (uint64_t) request->timeout_usec;
        /* It has been asked to halt already: the earlier end counts. */
        if (s->stop.timer)
                return deadline < s->stop.deadline_usec ? arm(s, deadline, reterr) : CONTROL_DONE;
        r = arm(s, deadline, reterr);
        return r < 0 ? r : ask_to_halt(s, reterr);
}

void stop_by_manager(Supervisor *s)
{
        static const StopRequest request = { .timeout_usec = STOP_TIMEOUT_USEC };
        _cleanup_(error_done) Error error = ERROR_NULL;

        s->stop.by_manager = true;
        notify("STOPPING=1\n");
        if (s->stop.asked) {
                /* Stop came first, with its own timeout. */
                if (s->stop.extend)
                        source_set_time(s->stop.extend, now_usec());
                return;
        }
        if (stop_request(s, &request, &error) < 0)
                kill_now(s);
}

int stop_reboot(Supervisor *s, Error *reterr)
{
        int signal = s->config && s->config->signal.reboot > 0 ? s->config->signal.reboot : SIGINT;
        int r;

        if (!run_has_init(s))
                return not_running(s, reterr);
        r = freeze_check(s, reterr);
        return r < 0 ? r : send_to_init(s, signal, reterr);
}

int stop_signal(Supervisor *s, int signal, Error *reterr)
{
        if (signal < 1 || signal > SIGRTMAX) {
                int r = error_public(reterr, ERROR_INVALID_ARGS, "There is no signal %d", signal);

                return error_at(reterr, r, NULL, "signal");
        }
        if (!run_has_init(s))
                return not_running(s, reterr);
        s->stop.sent_signal = signal;
        return send_to_init(s, signal, reterr);
}

bool stop_is_reboot(const Supervisor *s)
{
        return s->exit_signal == SIGHUP && s->stop.sent_signal != SIGHUP && !s->stop.asked &&
               !control_awaits(s->control, WAIT_STOPPED);
}

bool stop_was_wanted(const Supervisor *s)
{
        if (s->stop.requested)
                return true;
        /* reboot(2) inside: SIGINT is a halt; SIGHUP only comes here when it is not followed. */
        return s->exit_signal != 0 && (s->exit_signal == s->stop.sent_signal ||
                                       s->exit_signal == SIGINT || s->exit_signal == SIGHUP);
}

void stop_done(Stop *stop)
{
        bool by_manager = stop->by_manager;

        (void) source_free(stop->timer);
        (void) source_free(stop->extend);
        *stop = (Stop){ .by_manager = by_manager };
}
