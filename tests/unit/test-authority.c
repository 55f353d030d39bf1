/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is asked of polkitd, and what its answers mean. The real one is met in tests/host. */

#include <glib.h>
#include <string.h>

#include "bus-pair.h"
#include "bus/authority.h"
#include "interfaces/errors.h"

#define ACTION "org.nagaya1.control"

typedef struct Fixture {
        BusPair pair;
        Outbox *outbox;
        BusAuthority *authority;
        Authority port;

        /* polkitd */
        int authorized, challenge;
        const char *failure;
        bool hold;
        sd_bus_message *held;
        GString *asked; /* subject, action, details as text */
        uint32_t flags;
        char *cancellation, *cancelled;

        unsigned n_answers;
        char *error;
        int error_code;
} Fixture;

static int answer_check(Fixture *f, sd_bus_message *message)
{
        if (f->failure)
                return sd_bus_reply_method_errorf(message, f->failure, "the reason");
        return sd_bus_reply_method_return(message, "(bba{ss})", f->authorized, f->challenge, 0);
}

static void read_subject(Fixture *f, sd_bus_message *message)
{
        const char *kind, *key, *contents;

        must(sd_bus_message_enter_container(message, 'r', "sa{sv}"));
        must(sd_bus_message_read(message, "s", &kind));
        g_string_append(f->asked, kind);
        must(sd_bus_message_enter_container(message, 'a', "{sv}"));
        while (must(sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                must(sd_bus_message_read(message, "s", &key));
                must(sd_bus_message_peek_type(message, NULL, &contents));
                g_string_append_printf(f->asked, " %s:%s", key, contents);
                must(sd_bus_message_skip(message, "v"));
                must(sd_bus_message_exit_container(message));
        }
        must(sd_bus_message_exit_container(message));
        must(sd_bus_message_exit_container(message));
}

static int on_check(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Fixture *f = userdata;
        const char *action, *key, *value, *cancellation;

        read_subject(f, message);
        must(sd_bus_message_read(message, "s", &action));
        g_string_append_printf(f->asked, "; %s;", action);
        must(sd_bus_message_enter_container(message, 'a', "{ss}"));
        while (must(sd_bus_message_read(message, "{ss}", &key, &value)) > 0)
                g_string_append_printf(f->asked, " %s=%s", key, value);
        must(sd_bus_message_exit_container(message));
        must(sd_bus_message_read(message, "us", &f->flags, &cancellation));
        f->cancellation = g_strdup(cancellation);
        if (!f->hold)
                return answer_check(f, message);
        f->held = sd_bus_message_ref(message);
        return 1;
}

static int on_cancel(sd_bus_message *message, void *userdata, sd_bus_error *reterr)
{
        Fixture *f = userdata;
        const char *cancellation;

        must(sd_bus_message_read(message, "s", &cancellation));
        f->cancelled = g_strdup(cancellation);
        return sd_bus_reply_method_return(message, NULL);
}

static const sd_bus_vtable polkit_rows[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization",
                      "(sa{sv})sa{ss}us",
                      "(bba{ss})",
                      on_check,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelCheckAuthorization", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static void set_up(Fixture *f, gconstpointer data)
{
        bus_pair_init(&f->pair);
        f->asked = g_string_new(NULL);
        f->outbox = outbox_new(f->pair.us, f->pair.event, 4, 4);
        must(bus_authority_new(&f->port, &f->authority));
        bus_authority_attach(f->authority, f->pair.us, f->outbox);
        must(sd_bus_add_object_vtable(f->pair.client, NULL, "/org/freedesktop/PolicyKit1/Authority",
                                      "org.freedesktop.PolicyKit1.Authority", polkit_rows, f));
}

static void tear_down(Fixture *f, gconstpointer data)
{
        f->outbox = outbox_free(f->outbox);
        f->authority = bus_authority_free(f->authority);
        sd_bus_message_unref(f->held);
        bus_pair_done(&f->pair);
        (void) g_string_free(f->asked, TRUE);
        g_free(f->cancellation);
        g_free(f->cancelled);
        g_free(f->error);
}

static void on_answer(void *userdata, const Error *error)
{
        Fixture *f = userdata;

        f->n_answers++;
        if (error) {
                f->error = g_strdup(error->message);
                f->error_code = error->code;
        }
}

static AuthorityQuery *ask(Fixture *f, const Peer *peer, bool interactive)
{
        const AuthorityDetails details = {
                .container = "ct01",
                .owner_uid = "1000",
                .verb = "Start",
        };
        AuthorityQuery *query;
        Error error = ERROR_NULL;

        must(f->port.check(f->port.userdata, peer, ACTION, &details, interactive, on_answer, f,
                           &query, &error));
        g_assert_cmpuint(f->n_answers, ==, 0);
        return query;
}

static char bus_name[] = ":1.7";
static const Peer bus_peer = { .uid = 1000, .bus_name = bus_name };
static const Peer varlink_peer = { .uid = 1000, .pid = 42, .start_time = 4242 };

static void test_question_of_the_bus(Fixture *f, gconstpointer data)
{
        f->authorized = true;
        (void) ask(f, &bus_peer, false);
        run_until(f->pair.event, f->n_answers > 0);
        g_assert_cmpstr(f->error, ==, NULL);
        g_assert_cmpstr(f->asked->str, ==,
                        "system-bus-name name:s; " ACTION "; container=ct01 owner_uid=1000 "
                        "verb=Start");
        g_assert_cmpuint(f->flags, ==, 0);
}

static void test_question_of_varlink(Fixture *f, gconstpointer data)
{
        f->authorized = true;
        (void) ask(f, &varlink_peer, true);
        run_until(f->pair.event, f->n_answers > 0);
        g_assert_cmpstr(f->error, ==, NULL);
        g_assert_true(
                g_str_has_prefix(f->asked->str, "unix-process pid:u start-time:t uid:i; " ACTION));
        g_assert_cmpuint(f->flags, ==, 1);
}

typedef struct Verdict {
        const char *path;
        int authorized, challenge;
        bool interactive;
        const char *failure;
        int code;
        const char *sentence;
} Verdict;

static const Verdict verdicts[] = {
        { "no", 0, 0, false, NULL, ERROR_ACCESS_DENIED, "Not allowed: you are not authorized*" },
        { "challenge-without-dialog", 0, 1, false, NULL, ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
          "You have to authenticate, and the call does not allow to ask you*" },
        { "challenge-without-agent", 0, 1, true, NULL, ERROR_ACCESS_DENIED,
          "Not allowed: you have to authenticate, and no authentication agent is there*" },
        { "absent", 0, 0, false, "org.freedesktop.DBus.Error.ServiceUnknown", ERROR_ACCESS_DENIED,
          "Not allowed: polkitd could not be asked: the reason*" },
        { "failed-though-authorized", 1, 0, false, "org.freedesktop.PolicyKit1.Error.Failed",
          ERROR_ACCESS_DENIED, "Not allowed: polkitd could not be asked: the reason*" },
};

static void test_verdict(Fixture *f, gconstpointer data)
{
        const Verdict *verdict = data;

        f->authorized = verdict->authorized;
        f->challenge = verdict->challenge;
        f->failure = verdict->failure;
        (void) ask(f, &bus_peer, verdict->interactive);
        run_until(f->pair.event, f->n_answers > 0);
        g_assert_cmpint(f->error_code, ==, verdict->code);
        if (!g_pattern_match_simple(verdict->sentence, f->error))
                g_error("'%s' is not '%s'", f->error, verdict->sentence);
        g_assert_nonnull(strstr(f->error, "(polkit action '" ACTION "')"));
}

static void test_cancelled(Fixture *f, gconstpointer data)
{
        AuthorityQuery *query;

        f->hold = true;
        f->authorized = true;
        query = ask(f, &bus_peer, true);
        run_until(f->pair.event, f->held);
        f->port.cancel(query);
        run_until(f->pair.event, f->cancelled);
        g_assert_cmpstr(f->cancelled, ==, f->cancellation);
        must(answer_check(f, f->held));
        for (int i = 0; i < 20; i++)
                must(sd_event_run(f->pair.event, 1000));
        g_assert_cmpuint(f->n_answers, ==, 0);
}

static void test_bus_lost(Fixture *f, gconstpointer data)
{
        f->hold = true;
        (void) ask(f, &varlink_peer, false);
        run_until(f->pair.event, f->held);
        bus_authority_attach(f->authority, NULL, NULL);
        f->outbox = outbox_free(f->outbox);
        g_assert_cmpuint(f->n_answers, ==, 1);
        g_assert_cmpint(f->error_code, ==, ERROR_ACCESS_DENIED);
}

static void test_no_bus(Fixture *f, gconstpointer data)
{
        const AuthorityDetails details = { NULL };
        AuthorityQuery *query;
        Error error = ERROR_NULL;

        bus_authority_attach(f->authority, NULL, NULL);
        g_assert_cmpint(f->port.check(f->port.userdata, &varlink_peer, ACTION, &details, true,
                                      on_answer, f, &query, &error),
                        <, 0);
        g_assert_cmpint(error.code, ==, ERROR_ACCESS_DENIED);
        g_assert_cmpuint(f->n_answers, ==, 0);
        error_done(&error);
}

#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        add("/authority/caller-on-the-bus-is-its-name", test_question_of_the_bus);
        add("/authority/caller-on-the-socket-is-a-process", test_question_of_varlink);
        for (size_t i = 0; i < G_N_ELEMENTS(verdicts); i++) {
                g_autofree char *path =
                        g_strdup_printf("/authority/is-denied/%s", verdicts[i].path);

                g_test_add(path, Fixture, &verdicts[i], set_up, test_verdict, tear_down);
        }
        add("/authority/withdrawn-question-is-cancelled-and-never-answered", test_cancelled);
        add("/authority/bus-that-goes-is-a-denial", test_bus_lost);
        add("/authority/no-bus-is-a-denial", test_no_bus);
        return g_test_run();
}
