/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/outbox.h"

#include <errno.h>

struct OutboxCall {
        Outbox *outbox;
        OutboxCall *previous, *next; /* in the order of outbox_call() */
        sd_bus_message *message;     /* NULL once it is sent */
        sd_bus_slot *slot;
        sd_event_source *timer;
        uint64_t lane;
        OutboxAnswer answer; /* NULL: forgotten, but it still takes its place */
        void *userdata;
};

struct Outbox {
        sd_bus *bus;
        sd_event *event;
        size_t limit, lane_limit, n_sent;
        OutboxCall *first, *last;
        sd_event_source *flush; /* sends what waits, from the loop */
};

static OutboxCall *call_free(OutboxCall *call)
{
        Outbox *outbox = call->outbox;

        if (call->previous)
                call->previous->next = call->next;
        else
                outbox->first = call->next;
        if (call->next)
                call->next->previous = call->previous;
        else
                outbox->last = call->previous;
        if (!call->message)
                outbox->n_sent--;
        (void) sd_bus_message_unref(call->message);
        (void) sd_bus_slot_unref(call->slot);
        (void) sd_event_source_disable_unref(call->timer);
        free(call);
        return NULL;
}

static void call_answer(OutboxCall *call, sd_bus_message *reply, int problem)
{
        OutboxAnswer answer = call->answer;

        call->answer = NULL;
        if (answer)
                answer(call->userdata, reply, problem);
}

static void outbox_wake(Outbox *outbox)
{
        (void) sd_event_source_set_enabled(outbox->flush, SD_EVENT_ONESHOT);
}

static bool lane_has_room(const Outbox *outbox, uint64_t lane)
{
        size_t n = 0;

        for (const OutboxCall *call = outbox->first; call; call = call->next)
                n += !call->message && call->lane == lane;
        return n < outbox->lane_limit;
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        OutboxCall *call = userdata;
        Outbox *outbox = call->outbox;

        /* sd-bus makes up replies when the connection ends: outbox_free() answers, at the time
         * that suits its owner. */
        if (sd_bus_is_open(outbox->bus) <= 0)
                return 1;
        outbox_wake(outbox);
        call_answer(call, reply, 0);
        (void) call_free(call);
        return 1;
}

static int call_send(OutboxCall *call)
{
        Outbox *outbox = call->outbox;
        int r;

        /* No timeout of sd-bus: the place is taken until dbus-daemon has seen an answer. */
        r = sd_bus_call_async(outbox->bus, &call->slot, call->message, on_reply, call, UINT64_MAX);
        if (r < 0)
                return r;
        call->message = sd_bus_message_unref(call->message);
        outbox->n_sent++;
        return 0;
}

static int on_flush(sd_event_source *source, void *userdata)
{
        Outbox *outbox = userdata;
        OutboxCall *next;

        for (OutboxCall *call = outbox->first; call && outbox->n_sent < outbox->limit;
             call = next) {
                next = call->next;
                if (!call->message || !lane_has_room(outbox, call->lane) || call_send(call) >= 0)
                        continue;
                /* The answer may do anything to the list: come back for the rest. */
                outbox_wake(outbox);
                call_answer(call, NULL, -ECONNRESET);
                (void) call_free(call);
                break;
        }
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
        OutboxCall *call = userdata;

        call_answer(call, NULL, -ETIMEDOUT);
        /* One that was sent stays as a placeholder. */
        if (call->message)
                (void) call_free(call);
        return 0;
}

Outbox *outbox_new(sd_bus *bus, sd_event *event, size_t limit, size_t lane_limit)
{
        Outbox *outbox = calloc(1, sizeof(*outbox));

        if (!outbox)
                return NULL;
        outbox->bus = bus;
        outbox->event = event;
        outbox->limit = limit;
        outbox->lane_limit = lane_limit;
        if (sd_event_add_defer(event, &outbox->flush, on_flush, outbox) < 0) {
                free(outbox);
                return NULL;
        }
        (void) sd_event_source_set_enabled(outbox->flush, SD_EVENT_OFF);
        return outbox;
}

Outbox *outbox_free(Outbox *outbox)
{
        if (!outbox)
                return NULL;
        while (outbox->first) {
                OutboxCall *call = outbox->first;

                call_answer(call, NULL, -ECONNRESET);
                (void) call_free(call);
        }
        (void) sd_event_source_disable_unref(outbox->flush);
        free(outbox);
        return NULL;
}

static int call_start(OutboxCall *call, uint64_t timeout_usec)
{
        Outbox *outbox = call->outbox;
        int r = 0;

        if (timeout_usec != UINT64_MAX)
                r = sd_event_add_time_relative(outbox->event, &call->timer, CLOCK_MONOTONIC,
                                               timeout_usec, 0, on_timeout, call);
        if (r >= 0 && outbox->n_sent < outbox->limit && lane_has_room(outbox, call->lane))
                r = call_send(call);
        return r;
}

int outbox_call(Outbox *outbox,
                sd_bus_message *message,
                uint64_t lane,
                uint64_t timeout_usec,
                OutboxAnswer answer,
                void *userdata,
                OutboxCall **ret)
{
        OutboxCall *call = malloc(sizeof(*call));
        int r;

        if (!call)
                return -ENOMEM;
        *call = (OutboxCall){
                .outbox = outbox,
                .previous = outbox->last,
                .message = sd_bus_message_ref(message),
                .lane = lane,
                .answer = answer,
                .userdata = userdata,
        };
        if (outbox->last)
                outbox->last->next = call;
        else
                outbox->first = call;
        outbox->last = call;
        r = call_start(call, timeout_usec);
        if (r < 0) {
                (void) call_free(call);
                return r;
        }
        if (ret)
                *ret = call;
        return 0;
}

bool outbox_call_forget(OutboxCall *call)
{
        bool sent = !call->message;

        call->answer = NULL;
        if (sent)
                call->timer = sd_event_source_disable_unref(call->timer);
        else
                (void) call_free(call);
        return sent;
}

int outbox_tell(Outbox *outbox, sd_bus_message *message)
{
        return outbox_call(outbox, message, 0, UINT64_MAX, NULL, NULL, NULL);
}
