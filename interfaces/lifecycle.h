/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The states of a container and what leads from one to the other, as one table. The supervisor
 * moves by it; the service follows and completes by it what a killed supervisor could not tell. */

#include <stdbool.h>

typedef enum State {
        STATE_STOPPED,
        STATE_STARTING,
        STATE_RUNNING,
        STATE_STOPPING,
        STATE_ABORTING,
        STATE_FREEZING,
        STATE_FROZEN,
        STATE_THAWED,
        _STATE_MAX,
        _STATE_INVALID = -1,
} State;

typedef enum LifecycleEvent {
        EVENT_START,   /* a run begins */
        EVENT_RUNNING, /* init was executed; or the container is thawed again */
        EVENT_FAIL,    /* a step of the start failed */
        EVENT_FREEZE,  /* the group is told to freeze */
        EVENT_FROZEN,  /* the kernel says it is */
        EVENT_THAW,    /* the group is told to go on */
        EVENT_END,     /* init ended, or what was made of it is gone */
        EVENT_CLEAN,   /* everything of the run is cleaned up */
        _EVENT_MAX,
} LifecycleEvent;

/* Return: the next state, or _STATE_INVALID: in this state the event is refused. */
State lifecycle_next(State state, LifecycleEvent event);

/* lifecycle_way_down() - the next state on the shortest way to STOPPED, for whoever has to tell
 * the end of a run whose supervisor died. STOPPED for STOPPED. */
State lifecycle_way_down(State state);

/* "running"; as in the API. */
const char *state_name(State state);
State state_from_name(const char *name);
const char *lifecycle_event_name(LifecycleEvent event);

/* Is there, or will there be in a moment, an init? */
bool state_is_active(State state);
