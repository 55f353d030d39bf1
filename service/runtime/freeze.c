/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/freeze.h"

#include "base/process.h"
#include "interfaces/errors.h"
#include "kernel/cgroup.h"
#include "runtime/supervisor.h"

static bool is_freezing_or_frozen(const Supervisor *s)
{
        return s->state == STATE_FREEZING || s->state == STATE_FROZEN;
}

static int not_running(const Supervisor *s, Error *reterr)
{
        return error_public(reterr, ERROR_CONTAINER_NOT_RUNNING, "Container '%s' is not running",
                            s->id);
}

/* A frozen init would not follow the signal that it was sent, and the stop would last until it kills. */
static int check_stop(const Supervisor *s, Error *reterr)
{
        if (!s->stop.asked)
                return 0;
        return error_public(reterr, ERROR_BUSY, "Container '%s' is being stopped", s->id);
}

static int write_freeze(const Supervisor *s, bool frozen, Error *reterr)
{
        int r = cgroup_freeze(s->run.payload_fd, frozen);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot %s container '%s'",
                                   frozen ? "freeze" : "thaw", s->id);
        return 0;
}

static void answer(Supervisor *s, ErrorCode code, const char *sentence)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        (void) error_public(&error, code, "%s", sentence);
        control_answer(s->control, WAIT_FROZEN, &error);
        control_answer(s->control, WAIT_HOLD, &error);
}

/* Whoever counted on its being frozen is told that it is not. */
static void end_holds(Supervisor *s)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        (void) error_public(&error, ERROR_CANCELLED, "Container '%s' was thawed or ended meanwhile",
                            s->id);
        control_answer(s->control, WAIT_HELD, &error);
        s->freeze.for_holders = false;
}

static int on_timeout(Source *source, int fd, uint32_t events, void *userdata)
{
        Supervisor *s = userdata;

        if (s->state != STATE_FREEZING)
                return 0;
        answer(s, ERROR_TIMED_OUT,
               "A process of the container did not stop in time; it was thawed again");
        (void) freeze_thaw(s, NULL);
        return 0;
}

/* Return: 0, -errno. */
static int begin(Supervisor *s, Error *reterr)
{
        CgroupEvents now;
        int r;

        if (!s->freeze.timer &&
            loop_add_timer(s->loop, USEC_INFINITY, on_timeout, s, &s->freeze.timer) < 0)
                return error_oom(reterr);
        r = write_freeze(s, true, reterr);
        if (r < 0)
                return r;
        supervisor_transition(s, EVENT_FREEZE);
        source_set_time(s->freeze.timer, now_usec() + FREEZE_TIMEOUT_USEC);
        /* Often it is frozen when the write returns. */
        if (cgroup_events_read(s->run.events_fd, &now) == 0)
                freeze_update(s, now.frozen);
        return 0;
}

int freeze_request(Supervisor *s, Connection *connection, Error *reterr)
{
        int r;

        /* It stays frozen when the holders go. */
        s->freeze.for_holders = false;
        if (s->state == STATE_FROZEN)
                return CONTROL_DONE;
        if (!run_has_init(s))
                return not_running(s, reterr);
        r = check_stop(s, reterr);
        if (r == 0 && s->state != STATE_FREEZING)
                r = begin(s, reterr);
        if (r < 0)
                return r;
        if (s->state == STATE_FROZEN)
                return CONTROL_DONE;
        return control_wait(connection, WAIT_FROZEN, USEC_INFINITY, reterr);
}

int freeze_hold(Supervisor *s, Connection *connection, Error *reterr)
{
        int r;

        if (!run_has_init(s))
                return not_running(s, reterr);
        r = check_stop(s, reterr);
        if (r == 0 && !is_freezing_or_frozen(s)) {
                r = begin(s, reterr);
                s->freeze.for_holders = r == 0;
        }
        if (r == 0)
                r = control_wait(connection, WAIT_HOLD, USEC_INFINITY, reterr);
        if (r >= 0 && s->state == STATE_FROZEN)
                control_hold(s->control);
        return r;
}

void freeze_release(void *supervisor)
{
        Supervisor *s = supervisor;

        if (!s->freeze.for_holders || control_awaits(s->control, WAIT_HELD) ||
            control_awaits(s->control, WAIT_HOLD))
                return;
        s->freeze.for_holders = false;
        (void) freeze_thaw(s, NULL);
}

int freeze_thaw(Supervisor *s, Error *reterr)
{
        CgroupEvents now;
        int r;

        if (!run_has_init(s))
                return not_running(s, reterr);
        if (!is_freezing_or_frozen(s))
                return 0;
        r = write_freeze(s, false, reterr);
        if (r < 0)
                return r;
        if (s->state == STATE_FREEZING)
                answer(s, ERROR_CANCELLED, "The container was thawed before it was frozen");
        end_holds(s);
        supervisor_transition(s, EVENT_THAW);
        if (cgroup_events_read(s->run.events_fd, &now) == 0)
                freeze_update(s, now.frozen);
        return 0;
}

void freeze_end(Supervisor *s)
{
        if (is_freezing_or_frozen(s))
                (void) freeze_thaw(s, NULL);
}

void freeze_update(Supervisor *s, bool frozen)
{
        if (frozen && s->state == STATE_RUNNING)
                supervisor_transition(s, EVENT_FREEZE); /* the payload itself did it */
        if (frozen && s->state == STATE_FREEZING) {
                supervisor_transition(s, EVENT_FROZEN);
                control_answer(s->control, WAIT_FROZEN, NULL);
                control_hold(s->control);
        }
        if (!frozen && s->state == STATE_FROZEN) {
                end_holds(s);
                supervisor_transition(s, EVENT_THAW);
        }
        if (!frozen && s->state == STATE_THAWED)
                supervisor_transition(s, EVENT_RUNNING);
}

int freeze_check(const Supervisor *s, Error *reterr)
{
        if (!is_freezing_or_frozen(s))
                return 0;
        return error_public(reterr, ERROR_CONTAINER_FROZEN,
                            "Container '%s' is frozen; thaw it first ('nagaya thaw %s')", s->id,
                            s->id);
}

void freeze_abandon(Supervisor *s)
{
        answer(s, ERROR_CONTAINER_NOT_RUNNING, "The container ended before it was frozen");
        end_holds(s);
}

void freeze_done(Freeze *freeze)
{
        freeze->timer = source_free(freeze->timer);
}
