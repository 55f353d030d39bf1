/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Calls, their senders and the outbox, between two ends of sd-bus; the other end is client and bus
 * daemon in one. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "bus-pair.h"
#include "bus/bus-call.h"
#include "container/charge.h"
#include "container/manager.h"
#include "interfaces/errors.h"

#define SENDER ":1.7"

typedef struct Fixture {
        BusPair pair;
        Manager manager;
        Outbox *driver;
        BusPeers *peers;

        /* The bus daemon. */
        unsigned n_questions;
        sd_bus_message *question; /* held back */
        bool hold;
        const char *refusal;

        /* The verb. */
        Call *held;
        unsigned n_runs, n_gone;
        uid_t uid;
        bool interactive;

        /* The client. */
        unsigned n_replies, n_errors;
        char *last, *error_name;
} Fixture;

static Fixture *the_fixture;

static int run_echo(Call *call, Error *reterr)
{
        Fixture *f = the_fixture;

        f->n_runs++;
        f->uid = call->peer.uid;
        f->interactive = call->interactive;
        g_assert_cmpstr(call->peer.bus_name, ==, SENDER);
        call_reply(call, json_pack("{s:s}", "text", call_string(call, "text")));
        return 0;
}

static void on_gone(Call *call, void *userdata)
{
        Fixture *f = userdata;

        f->n_gone++;
        f->held = call_unref(f->held);
}

static int run_hold(Call *call, Error *reterr)
{
        Fixture *f = the_fixture;

        f->n_runs++;
        if (!f->held) {
                f->held = call_ref(call);
                call->on_gone = on_gone;
                call->on_gone_userdata = f;
        }
        return 0;
}

static int run_fail(Call *call, Error *reterr)
{
        int r = error_public(reterr, ERROR_START_FAILED, "Cannot mount '%s'", "/a\xff");

        return error_at(reterr, r, "mount", "/a");
}

static int run_break(Call *call, Error *reterr)
{
        call_reply(call, json_object());
        return 0;
}

static const Field text[] = { { "text", "s", ACTION_NONE }, { NULL } };
static const Verb verbs[] = {
        { "Echo", text, NULL, text, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_echo } },
        { "Hold", text, NULL, text, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_hold } },
        { "Fail", text, NULL, NULL, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_fail } },
        { "Break", text, NULL, text, NULL, ACTION_NONE, 0, NULL, { .on_manager = run_break } },
        { NULL },
};

static int run(Call *call, Error *reterr)
{
        return call->verb->run.on_manager(call, reterr);
}

static const VerbTable table = { "org.nagaya1.Test", NULL, NULL, verbs, run };

static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Fixture *f = userdata;

        bus_call_begin(f->peers, &f->manager, message, &table,
                       verb_find(&table, sd_bus_message_get_member(message)));
        return 1;
}

static const sd_bus_vtable our_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Echo", "s", "s", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Hold", "s", "s", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Fail", "s", "", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Break", "s", "s", on_call, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int answer_question(Fixture *f, sd_bus_message *message)
{
        if (f->refusal)
                return sd_bus_reply_method_errorf(message, f->refusal, "No");
        return sd_bus_reply_method_return(message, "a{sv}", 4, "ProcessID", "u", 1u, "UnixUserID",
                                          "u", 0u, "UnixGroupIDs", "au", 1, 0u, "Other", "as", 0);
}

static int on_question(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Fixture *f = userdata;
        const char *name;

        must(sd_bus_message_read(message, "s", &name));
        g_assert_cmpstr(name, ==, SENDER);
        f->n_questions++;
        if (!f->hold)
                return answer_question(f, message);
        sd_bus_message_unref(f->question);
        f->question = sd_bus_message_ref(message);
        return 1;
}

static const sd_bus_vtable daemon_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD(
                "GetConnectionCredentials", "s", "a{sv}", on_question, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const sd_bus_error *error = sd_bus_message_get_error(reply);
        Fixture *f = userdata;
        const char *answer = "";

        g_clear_pointer(&f->last, g_free);
        g_clear_pointer(&f->error_name, g_free);
        if (error) {
                f->n_errors++;
                f->error_name = g_strdup(error->name);
                f->last = g_strdup(error->message);
                return 0;
        }
        f->n_replies++;
        must(sd_bus_message_read(reply, "s", &answer));
        f->last = g_strdup(answer);
        return 0;
}

static void call(Fixture *f, const char *member, const char *argument)
{
        sd_bus_message *message;

        must(sd_bus_message_new_method_call(f->pair.client, &message, "org.nagaya1", "/t",
                                            "org.nagaya1.Test", member));
        must(sd_bus_message_set_sender(message, SENDER));
        must(sd_bus_message_append(message, "s", argument));
        must(sd_bus_call_async(f->pair.client, NULL, message, on_reply, f, UINT64_MAX));
        sd_bus_message_unref(message);
}

static void vanish(Fixture *f)
{
        sd_bus_message *message;

        must(sd_bus_message_new_signal(f->pair.client, &message, "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "NameOwnerChanged"));
        must(sd_bus_message_set_sender(message, "org.freedesktop.DBus"));
        must(sd_bus_message_append(message, "sss", SENDER, SENDER, ""));
        must(sd_bus_send(f->pair.client, message, NULL));
        sd_bus_message_unref(message);
}

static void turn(Fixture *f)
{
        for (int i = 0; i < 50; i++)
                must(sd_event_run(f->pair.event, 1000));
}

static void set_up(Fixture *f, gconstpointer data)
{
        the_fixture = f;
        bus_pair_init(&f->pair);
        f->manager.event = f->pair.event;
        f->manager.charges = charges_new();
        f->driver = outbox_new(f->pair.us, f->pair.event, 4, 4);
        must(bus_peers_new(f->pair.us, f->driver, &f->peers));
        must(sd_bus_add_object_vtable(f->pair.us, NULL, "/t", "org.nagaya1.Test", our_rows, f));
        must(sd_bus_add_object_vtable(f->pair.client, NULL, "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", daemon_rows, f));
}

static void tear_down(Fixture *f, gconstpointer data)
{
        f->driver = outbox_free(f->driver);
        f->peers = bus_peers_free(f->peers);
        f->held = call_unref(f->held);
        sd_bus_message_unref(f->question);
        bus_pair_done(&f->pair);
        f->manager.charges = charges_free(f->manager.charges);
        g_free(f->last);
        g_free(f->error_name);
}

static void test_reply(Fixture *f, gconstpointer data)
{
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_replies > 0);
        g_assert_cmpstr(f->last, ==, "hello");
        g_assert_cmpuint(f->uid, ==, 0);
        g_assert_false(f->interactive);
}

static void test_asked_once(Fixture *f, gconstpointer data)
{
        for (int i = 0; i < 20; i++)
                call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_replies == 20);
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_replies == 21);
        g_assert_cmpuint(f->n_questions, ==, 1);
}

static void test_wait_in_order(Fixture *f, gconstpointer data)
{
        f->hold = true;
        call(f, "Echo", "first");
        call(f, "Echo", "second");
        run_until(f->pair.event, f->question);
        turn(f);
        g_assert_cmpuint(f->n_runs, ==, 0);
        must(answer_question(f, f->question));
        run_until(f->pair.event, f->n_replies == 2);
        g_assert_cmpstr(f->last, ==, "second");
}

static void test_asked_again_after_it_went(Fixture *f, gconstpointer data)
{
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_replies == 1);
        vanish(f);
        turn(f);
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_replies == 2);
        g_assert_cmpuint(f->n_questions, ==, 2);
}

static void test_gone_while_held(Fixture *f, gconstpointer data)
{
        call(f, "Hold", "");
        run_until(f->pair.event, f->held);
        vanish(f);
        run_until(f->pair.event, f->n_gone > 0);
        turn(f);
        g_assert_cmpuint(f->n_replies + f->n_errors, ==, 0);
}

static void test_gone_while_waiting(Fixture *f, gconstpointer data)
{
        f->hold = true;
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->question);
        vanish(f);
        turn(f);
        must(answer_question(f, f->question));
        turn(f);
        g_assert_cmpuint(f->n_runs, ==, 0);
}

static void test_gone_before_the_question(Fixture *f, gconstpointer data)
{
        f->refusal = "org.freedesktop.DBus.Error.NameHasNoOwner";
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_questions > 0);
        turn(f);
        g_assert_cmpuint(f->n_runs + f->n_replies + f->n_errors, ==, 0);
}

static void test_unknown_is_denied(Fixture *f, gconstpointer data)
{
        f->refusal = "org.freedesktop.DBus.Error.Failed";
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_errors > 0);
        g_assert_cmpstr(f->error_name, ==, "org.freedesktop.DBus.Error.AccessDenied");
        g_assert_cmpstr(f->last, ==, "The bus daemon did not tell who is asking: No");
        /* The next call asks anew. */
        f->refusal = NULL;
        call(f, "Echo", "hello");
        run_until(f->pair.event, f->n_replies > 0);
}

static void test_error(Fixture *f, gconstpointer data)
{
        call(f, "Fail", "");
        run_until(f->pair.event, f->n_errors > 0);
        g_assert_cmpstr(f->error_name, ==, "org.nagaya1.Error.StartFailed");
        g_assert_cmpstr(f->last, ==, "Stage 'mount': Cannot mount '/a?'");
}

static void test_broken_result(Fixture *f, gconstpointer data)
{
        call(f, "Break", "");
        run_until(f->pair.event, f->n_errors > 0);
        g_assert_cmpstr(f->error_name, ==, "org.freedesktop.DBus.Error.Failed");
}

static void test_too_many(Fixture *f, gconstpointer data)
{
        f->hold = true;
        for (int i = 0; i < BUS_CALLS_PER_SENDER_MAX + 10; i++)
                call(f, "Echo", "x");
        run_until(f->pair.event, f->n_errors == 10);
        g_assert_cmpstr(f->error_name, ==, "org.freedesktop.DBus.Error.LimitsExceeded");
        must(answer_question(f, f->question));
        run_until(f->pair.event, f->n_replies == BUS_CALLS_PER_SENDER_MAX);
}

static void test_too_large(Fixture *f, gconstpointer data)
{
        g_autofree char *large = g_strnfill(900 * 1024, 'a');

        f->hold = true;
        for (int i = 0; i < 6; i++)
                call(f, "Echo", large);
        run_until(f->pair.event, f->n_errors == 2);
        g_assert_cmpstr(f->error_name, ==, "org.freedesktop.DBus.Error.LimitsExceeded");
}

static void test_no_sender(Fixture *f, gconstpointer data)
{
        must(sd_bus_call_method_async(f->pair.client, NULL, NULL, "/t", "org.nagaya1.Test", "Echo",
                                      on_reply, f, "s", "hello"));
        run_until(f->pair.event, f->n_errors > 0);
        g_assert_cmpstr(f->error_name, ==, "org.freedesktop.DBus.Error.AccessDenied");
        g_assert_cmpuint(f->n_runs, ==, 0);
}

/* --- the outbox --- */

typedef struct Answers {
        unsigned n, n_timeouts, n_resets;
} Answers;

static void on_answer(void *userdata, sd_bus_message *reply, int problem)
{
        Answers *answers = userdata;

        answers->n++;
        answers->n_timeouts += problem == -ETIMEDOUT;
        answers->n_resets += problem == -ECONNRESET;
}

static OutboxCall *
ask(Fixture *f, Outbox *outbox, uint64_t lane, uint64_t timeout, Answers *answers)
{
        sd_bus_message *message;
        OutboxCall *result;

        must(sd_bus_message_new_method_call(f->pair.us, &message, "org.freedesktop.DBus",
                                            "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                            "GetConnectionCredentials"));
        must(sd_bus_message_append(message, "s", SENDER));
        must(outbox_call(outbox, message, lane, timeout, on_answer, answers, &result));
        sd_bus_message_unref(message);
        return result;
}

static void test_outbox_limit(Fixture *f, gconstpointer data)
{
        _cleanup_(outbox_free_p) Outbox *outbox = outbox_new(f->pair.us, f->pair.event, 3, 2);
        Answers answers = { 0 };

        f->hold = true;
        for (int i = 0; i < 5; i++)
                (void) ask(f, outbox, 1, UINT64_MAX, &answers);
        (void) ask(f, outbox, 2, UINT64_MAX, &answers);
        turn(f);
        /* Two of the first lane, and the other lane is not kept out. */
        g_assert_cmpuint(f->n_questions, ==, 3);
        /* The last one asked is of the other lane: its place is for nobody of the first. */
        f->hold = false;
        must(answer_question(f, f->question));
        turn(f);
        g_assert_cmpuint(answers.n, ==, 1);
        g_assert_cmpuint(f->n_questions, ==, 3);
}

static void test_outbox_timeout(Fixture *f, gconstpointer data)
{
        _cleanup_(outbox_free_p) Outbox *outbox = outbox_new(f->pair.us, f->pair.event, 1, 1);
        Answers answers = { 0 };

        /* Both ends are connected. */
        call(f, "Echo", "");
        run_until(f->pair.event, f->n_replies > 0);
        f->n_questions = 0;
        f->hold = true;
        (void) ask(f, outbox, 0, 1000, &answers);
        (void) ask(f, outbox, 0, 1000, &answers);
        run_until(f->pair.event, answers.n_timeouts == 2);
        /* The place of the one that was sent is still taken. */
        (void) ask(f, outbox, 0, UINT64_MAX, &answers);
        turn(f);
        g_assert_cmpuint(f->n_questions, ==, 1);
        f->hold = false;
        must(answer_question(f, f->question));
        run_until(f->pair.event, answers.n == 3);
        g_assert_cmpuint(f->n_questions, ==, 2);
}

static void test_outbox_end(Fixture *f, gconstpointer data)
{
        Outbox *outbox = outbox_new(f->pair.us, f->pair.event, 1, 1);
        Answers answers = { 0 };

        f->hold = true;
        (void) ask(f, outbox, 0, UINT64_MAX, &answers);
        (void) ask(f, outbox, 0, UINT64_MAX, &answers);
        g_assert_true(outbox_call_forget(ask(f, outbox, 0, UINT64_MAX, &answers)) == false);
        turn(f);
        (void) outbox_free(outbox);
        g_assert_cmpuint(answers.n_resets, ==, 2);
}

#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add("/bus-call/reply-comes-to-the-caller", test_reply);
        add("/bus-call/sender-is-asked-for-once", test_asked_once);
        add("/bus-call/calls-wait-in-order-until-the-sender-is-known", test_wait_in_order);
        add("/bus-call/sender-that-went-is-asked-for-again", test_asked_again_after_it_went);
        add("/bus-call/sender-that-goes-hangs-up", test_gone_while_held);
        add("/bus-call/sender-that-goes-unknown-has-no-effect", test_gone_while_waiting);
        add("/bus-call/sender-gone-before-the-question-has-no-effect",
            test_gone_before_the_question);
        add("/bus-call/unknown-sender-is-denied", test_unknown_is_denied);
        add("/bus-call/error-names-stage-and-stays-text", test_error);
        add("/bus-call/result-that-cannot-be-told-is-an-error", test_broken_result);
        add("/bus-call/too-many-open-calls-are-refused", test_too_many);
        add("/bus-call/too-large-open-calls-are-refused", test_too_large);
        add("/bus-call/message-without-sender-is-denied", test_no_sender);
        add("/outbox/limits-hold-and-lanes-do-not-block-each-other", test_outbox_limit);
        add("/outbox/place-is-taken-until-the-other-side-answers", test_outbox_timeout);
        add("/outbox/end-answers-what-is-open", test_outbox_end);
        return g_test_run();
}
