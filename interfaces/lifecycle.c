/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "interfaces/lifecycle.h"

#include <stddef.h>
#include <string.h>

/* A cell holds the next state + 1: the absent cell is a refusal. */
#define TO(state) (STATE_##state + 1)

/* clang-format off */
static const unsigned char lifecycle[_STATE_MAX][_EVENT_MAX] = {
        [STATE_STOPPED]  = { [EVENT_START] = TO(STARTING) },
        [STATE_STARTING] = { [EVENT_RUNNING] = TO(RUNNING), [EVENT_FAIL] = TO(ABORTING) },
        [STATE_ABORTING] = { [EVENT_END] = TO(STOPPING) },
        [STATE_RUNNING]  = { [EVENT_FREEZE] = TO(FREEZING), [EVENT_END] = TO(STOPPING) },
        [STATE_FREEZING] = { [EVENT_FROZEN] = TO(FROZEN), [EVENT_THAW] = TO(THAWED),
                             [EVENT_END] = TO(STOPPING) },
        [STATE_FROZEN]   = { [EVENT_THAW] = TO(THAWED), [EVENT_END] = TO(STOPPING) },
        [STATE_THAWED]   = { [EVENT_RUNNING] = TO(RUNNING), [EVENT_FREEZE] = TO(FREEZING),
                             [EVENT_END] = TO(STOPPING) },
        [STATE_STOPPING] = { [EVENT_CLEAN] = TO(STOPPED) },
};
/* clang-format on */

static const char *const state_names[_STATE_MAX] = {
        [STATE_STOPPED] = "stopped",   [STATE_STARTING] = "starting", [STATE_RUNNING] = "running",
        [STATE_STOPPING] = "stopping", [STATE_ABORTING] = "aborting", [STATE_FREEZING] = "freezing",
        [STATE_FROZEN] = "frozen",     [STATE_THAWED] = "thawed",
};

static const char *const event_names[_EVENT_MAX] = {
        [EVENT_START] = "start",   [EVENT_RUNNING] = "running", [EVENT_FAIL] = "fail",
        [EVENT_FREEZE] = "freeze", [EVENT_FROZEN] = "frozen",   [EVENT_THAW] = "thaw",
        [EVENT_END] = "end",       [EVENT_CLEAN] = "clean",
};

State lifecycle_next(State state, LifecycleEvent event)
{
        return (State) lifecycle[state][event] - 1;
}

State lifecycle_way_down(State state)
{
        static const LifecycleEvent down[] = { EVENT_FAIL, EVENT_END, EVENT_CLEAN };

        for (size_t i = 0; i < sizeof(down) / sizeof(down[0]); i++) {
                State next = lifecycle_next(state, down[i]);

                if (next != _STATE_INVALID)
                        return next;
        }
        return STATE_STOPPED;
}

const char *state_name(State state)
{
        return state_names[state];
}

State state_from_name(const char *name)
{
        for (State state = 0; state < _STATE_MAX; state++)
                if (strcmp(state_names[state], name) == 0)
                        return state;
        return _STATE_INVALID;
}

const char *lifecycle_event_name(LifecycleEvent event)
{
        return event_names[event];
}

bool state_is_active(State state)
{
        return state != STATE_STOPPED;
}
