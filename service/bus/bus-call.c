/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/bus-call.h"

#include "base/log.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "bus/marshal.h"
#include "bus/object-path.h"
#include "container/dispatch.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* The transport of a Call. In the list of its peer until the call is released or the peer goes. */
typedef struct BusCall {
        BusPeer *peer; /* NULL: gone */
        struct BusCall *previous, *next;
        Call *call;
        sd_bus_message *message;
        size_t size;
        bool waiting; /* not dispatched yet: the list holds a reference to the call */
} BusCall;

static void bus_call_link(BusCall *self, BusPeer *peer)
{
        self->peer = peer;
        self->previous = peer->last;
        if (peer->last)
                peer->last->next = self;
        else
                peer->first = self;
        peer->last = self;
        peer->n_calls++;
        peer->size += self->size;
}

static void bus_call_unlink(BusCall *self)
{
        BusPeer *peer = self->peer;

        if (!peer)
                return;
        if (self->previous)
                self->previous->next = self->next;
        else
                peer->first = self->next;
        if (self->next)
                self->next->previous = self->previous;
        else
                peer->last = self->previous;
        peer->n_calls--;
        peer->size -= self->size;
        self->peer = NULL;
}

static void send_error(sd_bus_message *message, const char *name, const char *sentence)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (!sd_bus_message_get_expect_reply(message))
                return;
        /* A client that cannot be told is gone, or its connection or ours is: nobody to tell. */
        if (sd_bus_message_new_method_errorf(message, &reply, name, "%s", sentence) >= 0)
                (void) sd_bus_send(NULL, reply, NULL);
}

void bus_reply_error(sd_bus_message *message, const Error *error)
{
        const char *name = error_row(error)->bus_name;
        _cleanup_(free_p) char *sentence = NULL;

        /* varlink has a field for the stage; here the sentence is all there is. */
        if (error->stage && !startswith(error_message(error), "Stage '"))
                sentence = string_format("Stage '%s': %s", error->stage, error_message(error));
        send_error(message, name, utf8_make_valid(sentence) ?: error_message(error));
}

static int make_reply(Call *call, json_t *result, FdArray *fds, sd_bus_message **ret, Error *reterr)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const BusCall *self = call->transport;
        int r;

        r = sd_bus_message_new_method_return(self->message, &reply);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make a reply");
        r = marshal_append(reply, call->verb->out, call->verb->rows, result, fds, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reply);
        return 0;
}

static void bus_call_reply(Call *call, json_t *result, FdArray *fds, bool continues)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const BusCall *self = call->transport;
        const char *fields[] = { NULL, NULL };
        char verb[96];
        Error error = ERROR_NULL;

        /* D-Bus knows one reply per call: what comes before the last is for streams. */
        if (continues || !sd_bus_message_get_expect_reply(self->message))
                return;
        if (make_reply(call, result, fds, &reply, &error) >= 0) {
                (void) sd_bus_send(NULL, reply, NULL);
                return;
        }
        (void) snprintf(verb, sizeof(verb), "VERB=%s.%s", call->table->interface,
                        call->verb->member);
        fields[0] = verb;
        log_error_event(LOG_ERR, fields, &error, "Cannot answer over D-Bus");
        bus_reply_error(self->message, &error);
        error_done(&error);
}

static void bus_call_fail(Call *call, const Error *error)
{
        const BusCall *self = call->transport;

        bus_reply_error(self->message, error);
}

static void bus_call_free(Call *call)
{
        BusCall *self = call->transport;

        bus_call_unlink(self);
        (void) sd_bus_message_unref(self->message);
        free(self);
}

static const CallOps bus_call_ops = {
        .reply = bus_call_reply,
        .fail = bus_call_fail,
        .free = bus_call_free,
};

/* The object a method is called on becomes the field that names it. */
static int
read_object(sd_bus_message *message, const VerbTable *table, json_t *parameters, Error *reterr)
{
        const char *path = sd_bus_message_get_path(message);
        _cleanup_(free_p) char *id = NULL;
        json_t *value = NULL;
        int64_t number;

        if (!table->object)
                return 0;
        if (object_path_to_job(path, &number) == 0)
                value = json_integer(number);
        else if (object_path_to_container(path, &id) == 0)
                value = json_string(id);
        if (!value)
                return error_public(reterr, ERROR_INVALID_ARGS, "'%s' is no object of ours", path);
        return json_set(parameters, table->object, value) < 0 ? error_oom(reterr) : 0;
}

static int check_room(const BusPeer *peer, size_t size, Error *reterr)
{
        if (peer->n_calls >= BUS_CALLS_PER_SENDER_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "Connection '%s' has %d calls open; wait for their replies",
                                    peer->name, BUS_CALLS_PER_SENDER_MAX);
        if (peer->size + size > BUS_BYTES_PER_SENDER_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED,
                                    "Connection '%s' has too large calls open; wait for their "
                                    "replies",
                                    peer->name);
        return 0;
}

static int bus_call_new(BusPeer *peer,
                        Manager *manager,
                        sd_bus_message *message,
                        const VerbTable *table,
                        const Verb *verb,
                        Call **ret,
                        Error *reterr)
{
        _cleanup_(json_decref_p) json_t *parameters = json_object();
        _cleanup_(fd_array_done) FdArray fds = { .n = 0 };
        _cleanup_(free_p) BusCall *self = calloc(1, sizeof(*self));
        _cleanup_(free_p) char *name = strdup(peer->name);
        Peer who = { .bus_name = name };
        Call *call;
        int r;

        if (!parameters || !self || !name)
                return error_oom(reterr);
        r = read_object(message, table, parameters, reterr);
        if (r >= 0)
                r = marshal_read(message, verb, parameters, &fds, &self->size, reterr);
        if (r >= 0)
                r = check_room(peer, self->size, reterr);
        if (r < 0)
                return r;
        call = call_new(manager, table, verb, &bus_call_ops, self, &who, parameters, &fds);
        if (!call)
                return error_oom(reterr);
        (void) TAKE_PTR(parameters);
        (void) TAKE_PTR(name);
        call->interactive = sd_bus_message_get_allow_interactive_authorization(message) > 0;
        self->message = sd_bus_message_ref(message);
        self->call = call;
        bus_call_link(TAKE_PTR(self), peer);
        *ret = call;
        return 0;
}

/* Gives up the list's reference. */
static void bus_call_release(BusCall *self)
{
        _cleanup_(call_unref_p) Call *call = self->call;
        const BusPeer *peer = self->peer;

        self->waiting = false;
        call->peer.uid = peer->uid;
        call->peer.pid = peer->pid;
        call->peer.start_time = peer->start_time;
        dispatch(call);
}

void bus_call_begin(BusPeers *peers,
                    Manager *manager,
                    sd_bus_message *message,
                    const VerbTable *table,
                    const Verb *verb)
{
        const char *sender = sd_bus_message_get_sender(message);
        Error error = ERROR_NULL;
        BusCall *self;
        BusPeer *peer;
        Call *call;
        int r;

        if (sender)
                r = bus_peers_get(peers, sender, &peer);
        else
                r = -EBADMSG;
        if (r < 0)
                r = error_code(&error, ERROR_ACCESS_DENIED, -r, "Cannot find out who is asking");
        else
                r = bus_call_new(peer, manager, message, table, verb, &call, &error);
        if (r < 0) {
                bus_reply_error(message, &error);
                error_done(&error);
                return;
        }
        self = call->transport;
        self->waiting = true;
        if (peer->known)
                bus_call_release(self);
}

/* Return: the first call that waits, or NULL. Handling one may change the list, never bring more. */
static BusCall *find_waiting(const BusPeer *peer)
{
        for (BusCall *self = peer->first; self; self = self->next)
                if (self->waiting)
                        return self;
        return NULL;
}

void bus_call_release_waiting(BusPeer *peer)
{
        BusCall *self;

        while ((self = find_waiting(peer)))
                bus_call_release(self);
}

void bus_call_refuse_waiting(BusPeer *peer, const Error *error)
{
        BusCall *self;

        while ((self = find_waiting(peer))) {
                _cleanup_(call_unref_p) Call *call = self->call;

                self->waiting = false;
                call_fail(call, error);
        }
}

void bus_call_hangup_all(BusPeer *peer)
{
        while (peer->first) {
                BusCall *self = peer->first;
                Call *call = call_ref(self->call);

                bus_call_unlink(self);
                call_hangup(call);
                if (self->waiting) {
                        self->waiting = false;
                        (void) call_unref(call);
                }
                (void) call_unref(call);
        }
}
