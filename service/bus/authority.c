/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* polkit's D-Bus protocol without libpolkit. Everything that is not a clear yes is a no: polkitd
 * absent, hanging, killed, an action it does not know. */

#include "bus/authority.h"

#include <inttypes.h>
#include <string.h>

#include "base/process.h"
#include "interfaces/errors.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define ALLOW_USER_INTERACTION 1u

#define ANSWER_TIMEOUT_USEC (25 * USEC_PER_SEC)
/* A person types a password. */
#define DIALOG_TIMEOUT_USEC (5 * 60 * USEC_PER_SEC)

struct BusAuthority {
        sd_bus *bus;
        Outbox *outbox;
        uint64_t last_cancellation;
};

struct AuthorityQuery {
        BusAuthority *authority;
        OutboxCall *call;
        char *action;
        char cancellation[40];
        bool interactive;
        AuthorityAnswer answer;
        void *answer_userdata;
};

static void query_free(AuthorityQuery *query)
{
        free(query->action);
        free(query);
}

/* By its name on the bus, or for varlink by pid and start time: polkit 122 knows no pidfd. */
static int append_subject(sd_bus_message *message, const Peer *peer)
{
        if (peer->bus_name)
                return sd_bus_message_append(message, "(sa{sv})", "system-bus-name", 1, "name", "s",
                                             peer->bus_name);
        return sd_bus_message_append(message, "(sa{sv})", "unix-process", 3, "pid", "u",
                                     (uint32_t) peer->pid, "start-time", "t", peer->start_time,
                                     "uid", "i", (int32_t) peer->uid);
}

static int append_details(sd_bus_message *message, const AuthorityDetails *details)
{
        const struct {
                const char *key, *value;
        } rows[] = {
                { "container", details->container },       { "owner", details->owner },
                { "owner_uid", details->owner_uid },       { "verb", details->verb },
                { "unprivileged", details->unprivileged },
        };
        int r = sd_bus_message_open_container(message, 'a', "{ss}");

        for (size_t i = 0; r >= 0 && i < ELEMENTS(rows); i++)
                if (rows[i].value)
                        r = sd_bus_message_append(message, "{ss}", rows[i].key, rows[i].value);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int make_question(const AuthorityQuery *query,
                         const Peer *peer,
                         const AuthorityDetails *details,
                         sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(query->authority->bus, &message, POLKIT_NAME,
                                           POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
        if (r >= 0)
                r = append_subject(message, peer);
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', query->action);
        if (r >= 0)
                r = append_details(message, details);
        if (r >= 0)
                r = sd_bus_message_append(message, "us",
                                          query->interactive ? ALLOW_USER_INTERACTION : 0u,
                                          query->cancellation);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(message);
        return 0;
}

static void deny(const AuthorityQuery *query, Error *error, const char *why)
{
        (void) error_public(error, ERROR_ACCESS_DENIED, "Not allowed: %s (polkit action '%s')", why,
                            query->action);
}

/* A verdict as an error, unset when granted. */
static void judge(const AuthorityQuery *query, sd_bus_message *reply, Error *error)
{
        int authorized, challenge;
        int r = sd_bus_message_enter_container(reply, 'r', "bba{ss}");

        if (r >= 0)
                r = sd_bus_message_read(reply, "bb", &authorized, &challenge);
        if (r < 0)
                deny(query, error, "polkitd gave an answer that cannot be read");
        else if (authorized)
                return;
        else if (!challenge)
                deny(query, error, "you are not authorized");
        else if (query->interactive)
                deny(query, error,
                     "you have to authenticate, and no authentication agent is there to ask you");
        else
                (void) error_public(error, ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                    "You have to authenticate, and the call does not allow to ask "
                                    "you (polkit action '%s')",
                                    query->action);
}

static void judge_failure(const AuthorityQuery *query, const sd_bus_error *problem, Error *error)
{
        const char *message = problem->message ? problem->message : problem->name;
        char why[512];

        (void) snprintf(why, sizeof(why), "polkitd could not be asked: %s", message);
        deny(query, error, why);
}

static void query_cancel_dialog(const AuthorityQuery *query)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const BusAuthority *authority = query->authority;
        int r;

        if (!authority->bus)
                return;
        r = sd_bus_message_new_method_call(authority->bus, &message, POLKIT_NAME, POLKIT_PATH,
                                           POLKIT_INTERFACE, "CancelCheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(message, false);
        if (r >= 0)
                r = sd_bus_message_append_basic(message, 's', query->cancellation);
        /* Not through the outbox, which may be full of questions to be cancelled. Nothing more can
         * be done where it fails: the dialog times out. */
        if (r >= 0)
                (void) sd_bus_send(authority->bus, message, NULL);
}

static void on_answer(void *userdata, sd_bus_message *reply, int problem)
{
        AuthorityQuery *query = userdata;
        Error error = ERROR_NULL;

        if (problem == -ETIMEDOUT) {
                query_cancel_dialog(query);
                deny(query, &error,
                     query->interactive ? "nobody answered the authentication dialog"
                                        : "polkitd did not answer");
        } else if (!reply) {
                deny(query, &error, "the system bus went away before polkitd answered");
        } else if (sd_bus_message_is_method_error(reply, NULL)) {
                judge_failure(query, sd_bus_message_get_error(reply), &error);
        } else {
                judge(query, reply, &error);
        }
        query->answer(query->answer_userdata, error_is_set(&error) ? &error : NULL);
        error_done(&error);
        query_free(query);
}

static int send_question(AuthorityQuery *query, const Peer *peer, const AuthorityDetails *details)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r = make_question(query, peer, details, &message);

        if (r < 0)
                return r;
        return outbox_call(query->authority->outbox, message, peer->uid,
                           query->interactive ? DIALOG_TIMEOUT_USEC : ANSWER_TIMEOUT_USEC,
                           on_answer, query, &query->call);
}

static int check(void *userdata,
                 const Peer *peer,
                 const char *action,
                 const AuthorityDetails *details,
                 bool interactive,
                 AuthorityAnswer answer,
                 void *answer_userdata,
                 AuthorityQuery **ret,
                 Error *reterr)
{
        BusAuthority *authority = userdata;
        AuthorityQuery *query;
        int r;

        if (!authority->bus)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "Not allowed: polkitd could not be asked, since the system bus "
                                    "is away (polkit action '%s')",
                                    action);
        query = malloc(sizeof(*query));
        if (!query)
                return error_oom(reterr);
        *query = (AuthorityQuery){
                .authority = authority,
                .action = strdup(action),
                .interactive = interactive,
                .answer = answer,
                .answer_userdata = answer_userdata,
        };
        (void) snprintf(query->cancellation, sizeof(query->cancellation), "nagaya-%" PRIu64,
                        ++authority->last_cancellation);
        r = query->action ? send_question(query, peer, details) : -ENOMEM;
        if (r < 0) {
                query_free(query);
                return error_code(
                        reterr, ERROR_ACCESS_DENIED, -r,
                        "Not allowed: polkitd could not be asked: %s (polkit action '%s')",
                        strerror(-r), action);
        }
        *ret = query;
        return 0;
}

static void cancel(AuthorityQuery *query)
{
        if (outbox_call_forget(query->call))
                query_cancel_dialog(query);
        query_free(query);
}

int bus_authority_new(Authority *port, BusAuthority **ret)
{
        BusAuthority *authority = calloc(1, sizeof(*authority));

        if (!authority)
                return -ENOMEM;
        *port = (Authority){ .check = check, .cancel = cancel, .userdata = authority };
        *ret = authority;
        return 0;
}

BusAuthority *bus_authority_free(BusAuthority *authority)
{
        free(authority);
        return NULL;
}

void bus_authority_attach(BusAuthority *authority, sd_bus *bus, Outbox *outbox)
{
        authority->bus = bus;
        authority->outbox = outbox;
}
