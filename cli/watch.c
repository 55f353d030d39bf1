/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/watch.h"

#include "base/process.h"
#include "base/strv.h"
#include "cli/output.h"
#include "interfaces/lifecycle.h"
#include "interfaces/names.h"

struct Watch {
        Context *context;
        bool announce;
        bool again; /* this is not the first connection */
        VarlinkClient *client;
        json_t *known;   /* name -> state, as last told */
        json_t *present; /* of this connection, until "ready" */
        json_t *missed;  /* events made from the difference, and the one that is to follow them */
};

int watch_new(Context *context, bool announce, Watch **ret, Error *reterr)
{
        _cleanup_(watch_free_p) Watch *watch = calloc(1, sizeof(*watch));

        if (!watch)
                return error_oom(reterr);
        watch->context = context;
        watch->announce = announce;
        watch->known = json_object();
        watch->present = json_object();
        watch->missed = json_array();
        if (!watch->known || !watch->present || !watch->missed)
                return error_oom(reterr);
        *ret = TAKE_PTR(watch);
        return 0;
}

Watch *watch_free(Watch *watch)
{
        if (!watch)
                return NULL;
        (void) varlink_client_free(watch->client);
        json_decref(watch->known);
        json_decref(watch->present);
        json_decref(watch->missed);
        free(watch);
        return NULL;
}

static uint64_t remaining(uint64_t until_usec)
{
        uint64_t now = now_usec();

        if (until_usec == USEC_INFINITY)
                return USEC_INFINITY;
        return until_usec > now ? until_usec - now : 0;
}

static int connect_again(Watch *watch, uint64_t until_usec, Error *reterr)
{
        int r;

        if (watch->again && watch->announce)
                output_note("The service went away; waiting for it");
        if (watch->again)
                r = client_reconnect(watch->context, remaining(until_usec), &watch->client, reterr);
        else
                r = client_connect(watch->context, &watch->client, reterr);
        if (r < 0)
                return r;
        return varlink_client_send(watch->client, INTERFACE_MANAGER ".Monitor", NULL, true, NULL,
                                   reterr);
}

static int add_missed(Watch *watch, json_t *event, Error *reterr)
{
        return json_array_append_new(watch->missed, event) < 0 ? error_oom(reterr) : 0;
}

static int
add_state(Watch *watch, const char *name, const json_t *before, json_t *state, Error *reterr)
{
        const char *previous = before ? json_string_value(before) : state_name(STATE_STOPPED);

        return add_missed(watch,
                          json_pack("{s:s,s:s,s:s,s:O}", "event", "state", "container", name,
                                    "previous", previous, "state", state),
                          reterr);
}

/* What happened while nobody told: the difference between what was known and what is there. */
static int find_missed(Watch *watch, Error *reterr)
{
        const char *name;
        json_t *state;
        int r = 0;

        json_object_foreach(watch->known, name, state) {
                if (!json_object_get(watch->present, name))
                        r = add_missed(
                                watch,
                                json_pack("{s:s,s:s}", "event", "removed", "container", name),
                                reterr);
                if (r < 0)
                        return r;
        }
        json_object_foreach(watch->present, name, state) {
                const json_t *before = json_object_get(watch->known, name);

                if (!before)
                        r = add_missed(watch,
                                       json_pack("{s:s,s:s}", "event", "added", "container", name),
                                       reterr);
                /* What is new begins as stopped. */
                if (r >= 0 &&
                    (before ? !json_equal(before, state)
                            : !streq(json_string_value(state), state_name(STATE_STOPPED))))
                        r = add_state(watch, name, before, state, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int on_ready(Watch *watch, json_t *ready, Error *reterr)
{
        int r = watch->again ? find_missed(watch, reterr) : 0;

        if (r < 0)
                return r;
        if (watch->again && watch->announce)
                output_note("The service is back");
        watch->again = true;
        json_decref(watch->known);
        watch->known = TAKE_PTR(watch->present);
        watch->present = json_object();
        if (!watch->present)
                return error_oom(reterr);
        return json_array_append(watch->missed, ready) < 0 ? error_oom(reterr) : 0;
}

/* Keeps the books. Return: 0, -errno. */
static int note_event(Watch *watch, json_t *event, Error *reterr)
{
        const char *kind = json_text(event, "event"), *name = json_text(event, "container");
        json_t *state = json_object_get(event, "state");

        if (streq(kind, "ready"))
                return on_ready(watch, event, reterr);
        if (streq(kind, "present") && json_is_string(state) &&
            json_object_set(watch->present, name, state) < 0)
                return error_oom(reterr);
        if (streq(kind, "removed"))
                (void) json_object_del(watch->known, name);
        if (streq(kind, "added") &&
            json_object_set_new(watch->known, name, json_string(state_name(STATE_STOPPED))))
                return error_oom(reterr);
        if (streq(kind, "state") && json_is_string(state) &&
            json_object_set(watch->known, name, state) < 0)
                return error_oom(reterr);
        return json_array_append(watch->missed, event) < 0 ? error_oom(reterr) : 0;
}

/* Return: 0 (maybe nothing was told), -errno. */
static int receive(Watch *watch, uint64_t until_usec, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *event = NULL;
        Error error = ERROR_NULL;
        int r;

        r = varlink_client_receive(watch->client, remaining(until_usec), &event, NULL, &error);
        if (r >= 0)
                return note_event(watch, event, reterr);
        if (r == -ETIMEDOUT || !client_lost(watch->client) || !watch->again) {
                error_move(reterr, &error);
                return r;
        }
        error_done(&error);
        watch->client = varlink_client_free(watch->client);
        (void) json_object_clear(watch->present);
        return 0;
}

int watch_next(Watch *watch, uint64_t until_usec, json_t **ret, Error *reterr)
{
        while (json_array_size(watch->missed) == 0) {
                int r;

                if (!watch->client) {
                        r = connect_again(watch, until_usec, reterr);
                        if (r < 0)
                                return r;
                }
                r = receive(watch, until_usec, reterr);
                if (r < 0)
                        return r;
        }
        *ret = json_incref(json_array_get(watch->missed, 0));
        (void) json_array_remove(watch->missed, 0);
        return 0;
}
