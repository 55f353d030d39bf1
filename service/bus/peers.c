/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bus/peers.h"

#include <search.h>
#include <string.h>

#include "base/process.h"
#include "base/strv.h"
#include "bus/bus-call.h"
#include "interfaces/errors.h"

#define DRIVER "org.freedesktop.DBus"
#define DRIVER_PATH "/org/freedesktop/DBus"
#define ANSWER_TIMEOUT_USEC (25 * USEC_PER_SEC)

struct BusPeers {
        sd_bus *bus;
        Outbox *driver;
        sd_bus_slot *vanished;
        void *tree; /* BusPeer by name */
};

/* The question who a peer is. It may outlive the peer, which is found again by its name. */
typedef struct Question {
        BusPeers *peers;
        char *name;
} Question;

static int compare(const void *a, const void *b)
{
        const BusPeer *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static BusPeer *find(BusPeers *peers, const char *name)
{
        BusPeer key = { .name = (char *) name };
        void *node = tfind(&key, &peers->tree, compare);

        return node ? *(BusPeer **) node : NULL;
}

static void peer_free(BusPeer *peer)
{
        bus_call_hangup_all(peer);
        (void) tdelete(peer, &peer->peers->tree, compare);
        free(peer->name);
        free(peer);
}

static int on_name_vanished(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        BusPeers *peers = userdata;
        const char *name, *before, *after;
        BusPeer *peer;

        if (sd_bus_message_read(message, "sss", &name, &before, &after) < 0 || *after)
                return 0;
        peer = find(peers, name);
        if (peer)
                peer_free(peer);
        return 0;
}

/* From a{sv}; what is not known here is passed over. */
static int read_credentials(sd_bus_message *reply, BusPeer *peer)
{
        bool has_uid = false;
        uint32_t pid = 0;
        const char *key;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
                r = sd_bus_message_read_basic(reply, 's', &key);
                if (r >= 0 && streq(key, "UnixUserID"))
                        has_uid = (r = sd_bus_message_read(reply, "v", "u", &peer->uid)) > 0;
                else if (r >= 0 && streq(key, "ProcessID"))
                        r = sd_bus_message_read(reply, "v", "u", &pid);
                else if (r >= 0)
                        r = sd_bus_message_skip(reply, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }
        if (r < 0 || !has_uid)
                return r < 0 ? r : -ENODATA;
        peer->pid = (pid_t) pid;
        /* Told to nobody as a proof: over the bus the name is what identifies. */
        if (pid > 0)
                (void) process_start_time(peer->pid, &peer->start_time);
        return 0;
}

static void peer_refuse(BusPeer *peer, const char *why)
{
        Error error = ERROR_NULL;

        (void) error_code(&error, ERROR_ACCESS_DENIED, EACCES,
                          "The bus daemon did not tell who is asking: %s", why);
        bus_call_refuse_waiting(peer, &error);
        error_done(&error);
        /* Its next call asks again. */
        peer_free(peer);
}

static void on_credentials(void *userdata, sd_bus_message *reply, int problem)
{
        Question *question = userdata;
        BusPeer *peer = find(question->peers, question->name);

        free(question->name);
        free(question);
        if (!peer || peer->known)
                return;
        if (problem == -ECONNRESET) {
                peer_free(peer);
        } else if (!reply) {
                peer_refuse(peer, strerror(-problem));
        } else if (sd_bus_message_is_method_error(reply,
                                                  "org.freedesktop.DBus.Error.NameHasNoOwner")) {
                /* It went before the question came. */
                peer_free(peer);
        } else if (sd_bus_message_is_method_error(reply, NULL)) {
                peer_refuse(peer, sd_bus_message_get_error(reply)->message);
        } else if (read_credentials(reply, peer) < 0) {
                peer_refuse(peer, "no uid in its answer");
        } else {
                peer->known = true;
                bus_call_release_waiting(peer);
        }
}

static int ask(BusPeers *peers, const char *name)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        Question *question;
        int r;

        r = sd_bus_message_new_method_call(peers->bus, &message, DRIVER, DRIVER_PATH, DRIVER,
                                           "GetConnectionCredentials");
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', name);
        if (r < 0)
                return r;
        question = malloc(sizeof(*question));
        if (!question)
                return -ENOMEM;
        *question = (Question){ .peers = peers, .name = strdup(name) };
        r = question->name ? outbox_call(peers->driver, message, 0, ANSWER_TIMEOUT_USEC,
                                         on_credentials, question, NULL)
                           : -ENOMEM;
        if (r < 0) {
                free(question->name);
                free(question);
        }
        return r;
}

int bus_peers_get(BusPeers *peers, const char *name, BusPeer **ret)
{
        BusPeer *peer = find(peers, name);
        int r;

        if (peer) {
                *ret = peer;
                return 0;
        }
        peer = calloc(1, sizeof(*peer));
        if (!peer)
                return -ENOMEM;
        peer->peers = peers;
        peer->uid = (uid_t) -1;
        peer->name = strdup(name);
        if (!peer->name || !tsearch(peer, &peers->tree, compare)) {
                free(peer->name);
                free(peer);
                return -ENOMEM;
        }
        r = ask(peers, name);
        if (r < 0) {
                peer_free(peer);
                return r;
        }
        *ret = peer;
        return 0;
}

int bus_peers_new(sd_bus *bus, Outbox *driver, BusPeers **ret)
{
        BusPeers *peers = calloc(1, sizeof(*peers));
        int r;

        if (!peers)
                return -ENOMEM;
        peers->bus = bus;
        peers->driver = driver;
        r = sd_bus_add_match_async(bus, &peers->vanished,
                                   "type='signal',sender='" DRIVER "',path='" DRIVER_PATH
                                   "',interface='" DRIVER "',member='NameOwnerChanged',arg2=''",
                                   on_name_vanished, NULL, peers);
        if (r < 0) {
                free(peers);
                return r;
        }
        *ret = peers;
        return 0;
}

BusPeers *bus_peers_free(BusPeers *peers)
{
        if (!peers)
                return NULL;
        (void) sd_bus_slot_unref(peers->vanished);
        while (peers->tree)
                peer_free(*(BusPeer **) peers->tree);
        free(peers);
        return NULL;
}
