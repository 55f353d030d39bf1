/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <glib.h>

#include "interfaces/lifecycle.h"

/* The transitions of lxc(7), written down once more by hand: whoever changes the table changes
 * what users are told. */
static const struct {
        State from;
        LifecycleEvent event;
        State to;
} allowed[] = {
        { STATE_STOPPED, EVENT_START, STATE_STARTING },
        { STATE_STARTING, EVENT_RUNNING, STATE_RUNNING },
        { STATE_STARTING, EVENT_FAIL, STATE_ABORTING },
        { STATE_ABORTING, EVENT_END, STATE_STOPPING },
        { STATE_RUNNING, EVENT_FREEZE, STATE_FREEZING },
        { STATE_RUNNING, EVENT_END, STATE_STOPPING },
        { STATE_FREEZING, EVENT_FROZEN, STATE_FROZEN },
        { STATE_FREEZING, EVENT_THAW, STATE_THAWED },
        { STATE_FREEZING, EVENT_END, STATE_STOPPING },
        { STATE_FROZEN, EVENT_THAW, STATE_THAWED },
        { STATE_FROZEN, EVENT_END, STATE_STOPPING },
        { STATE_THAWED, EVENT_RUNNING, STATE_RUNNING },
        { STATE_THAWED, EVENT_FREEZE, STATE_FREEZING },
        { STATE_THAWED, EVENT_END, STATE_STOPPING },
        { STATE_STOPPING, EVENT_CLEAN, STATE_STOPPED },
};

static State expected(State from, LifecycleEvent event)
{
        for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++)
                if (allowed[i].from == from && allowed[i].event == event)
                        return allowed[i].to;
        return _STATE_INVALID;
}

static void test_every_cell(void)
{
        for (State state = 0; state < _STATE_MAX; state++)
                for (LifecycleEvent event = 0; event < _EVENT_MAX; event++) {
                        g_test_message("%s + %s", state_name(state), lifecycle_event_name(event));
                        g_assert_cmpint(lifecycle_next(state, event), ==, expected(state, event));
                }
}

static void test_every_state_is_reachable(void)
{
        bool reached[_STATE_MAX] = { [STATE_STOPPED] = true };

        for (unsigned round = 0; round < _STATE_MAX; round++)
                for (State state = 0; state < _STATE_MAX; state++)
                        for (LifecycleEvent event = 0; reached[state] && event < _EVENT_MAX;
                             event++)
                                if (lifecycle_next(state, event) != _STATE_INVALID)
                                        reached[lifecycle_next(state, event)] = true;
        for (State state = 0; state < _STATE_MAX; state++)
                g_assert_true(reached[state]);
}

static void test_every_state_has_a_way_down(void)
{
        for (State state = 0; state < _STATE_MAX; state++) {
                unsigned steps = 0;

                for (State s = state; s != STATE_STOPPED; s = lifecycle_way_down(s))
                        g_assert_cmpuint(++steps, <, _STATE_MAX);
        }
        g_assert_cmpint(lifecycle_way_down(STATE_STARTING), ==, STATE_ABORTING);
        g_assert_cmpint(lifecycle_way_down(STATE_FROZEN), ==, STATE_STOPPING);
}

static void test_names_round_trip(void)
{
        for (State state = 0; state < _STATE_MAX; state++)
                g_assert_cmpint(state_from_name(state_name(state)), ==, state);
        g_assert_cmpint(state_from_name("RUNNING"), ==, _STATE_INVALID);
        g_assert_cmpint(state_from_name(""), ==, _STATE_INVALID);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lifecycle/every-cell-is-as-written-down", test_every_cell);
        g_test_add_func("/lifecycle/every-state-is-reachable", test_every_state_is_reachable);
        g_test_add_func("/lifecycle/every-state-has-a-way-down", test_every_state_has_a_way_down);
        g_test_add_func("/lifecycle/names-round-trip", test_names_round_trip);
        return g_test_run();
}
