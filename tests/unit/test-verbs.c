/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The pure pieces around a call: types of its parameters, waiting, accounting, what a process's
 * cgroup says, what a failed unit is told as. */

#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "container/charge.h"
#include "container/check.h"
#include "container/process-container.h"
#include "container/unit-error.h"
#include "container/waiters.h"
#include "interfaces/errors.h"

typedef struct Heard {
        unsigned replies, failures, frees;
} Heard;

static void on_reply(Call *call, json_t *result, FdArray *fds, bool continues)
{
        ((Heard *) call->transport)->replies++;
}

static void on_fail(Call *call, const Error *error)
{
        ((Heard *) call->transport)->failures++;
}

static void on_free(Call *call)
{
        ((Heard *) call->transport)->frees++;
}

static const CallOps ops = { on_reply, on_fail, on_free };

static Call *
new_call(const VerbTable *table, const char *member, const char *parameters, Heard *heard)
{
        Peer peer = { .uid = 1000 };
        json_t *object = json_loads(parameters, 0, NULL);
        FdArray fds = { .fds = { -1, -1, -1 }, .n = 3 };

        g_assert_nonnull(object);
        return call_new(NULL, table, verb_find(table, member), &ops, heard, &peer, object, &fds);
}

static int check(const VerbTable *table, const char *member, const char *parameters)
{
        Heard heard = { 0 };
        Call *call = new_call(table, member, parameters, &heard);
        Error error = ERROR_NULL;
        int r = call_check_parameters(call, &error);

        if (r < 0) {
                g_assert_cmpint(error.code, ==, ERROR_INVALID_ARGS);
                g_assert_nonnull(error.object);
                g_assert_nonnull(strstr(error_message(&error), member));
        }
        error_done(&error);
        (void) call_unref(call);
        g_assert_cmpuint(heard.frees, ==, 1);
        return r;
}

static void test_good_parameters(void)
{
        g_assert_cmpint(check(&container_table, "Stop", "{\"container\":\"a\"}"), ==, 0);
        g_assert_cmpint(check(&container_table, "Stop",
                              "{\"container\":\"a\",\"timeoutUsec\":-1,\"kill\":null}"),
                        ==, 0);
        g_assert_cmpint(check(&container_table, "Attach",
                              "{\"container\":\"a\",\"command\":[\"ls\"],\"stdio\":[0,1,2],"
                              "\"allowInteractiveAuthentication\":true}"),
                        ==, 0);
        g_assert_cmpint(check(&manager_table, "ListContainers", "{}"), ==, 0);
        g_assert_cmpint(check(&container_table, "Start",
                              "{\"container\":\"a\",\"config\":[{\"key\":\"lxc.uts.name\","
                              "\"value\":\"x\"}]}"),
                        ==, 0);
}

static void test_bad_parameters(void)
{
        static const struct {
                const VerbTable *table;
                const char *member, *parameters;
        } bad[] = {
                { &container_table, "Stop", "{}" },
                { &container_table, "Stop", "{\"container\":1}" },
                { &container_table, "Stop", "{\"container\":\"a\",\"unknown\":1}" },
                { &container_table, "Stop", "{\"container\":\"a\",\"kill\":1}" },
                { &container_table, "Stop", "{\"container\":\"a\",\"timeoutUsec\":1.5}" },
                { &container_table, "Kill", "{\"container\":\"a\"}" },
                { &container_table, "Kill", "{\"container\":\"a\",\"signal\":4294967296}" },
                { &container_table, "Attach", "{\"container\":\"a\",\"command\":[1]}" },
                { &container_table, "Attach",
                  "{\"container\":\"a\",\"command\":[\"a\"],\"stdio\":[0,1,3]}" },
                { &container_table, "Attach",
                  "{\"container\":\"a\",\"command\":[\"a\"],\"stdio\":[-1,1,2]}" },
                { &container_table, "Attach",
                  "{\"container\":\"a\",\"command\":[\"a\"],\"uid\":-1}" },
                { &container_table, "Start", "{\"container\":\"a\",\"config\":[{\"key\":\"a\"}]}" },
                { &container_table, "Start",
                  "{\"container\":\"a\",\"config\":[{\"key\":\"a\",\"value\":\"b\\nlxc.init.cmd = "
                  "x\"}]}" },
                { &manager_table, "ListContainers", "{\"fields\":\"container\"}" },
                { &job_table, "Wait", "{\"job\":\"1\"}" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s %s", bad[i].member, bad[i].parameters);
                g_assert_cmpint(check(bad[i].table, bad[i].member, bad[i].parameters), <, 0);
        }
}

static void test_every_verb_names_its_action(void)
{
        for (const VerbTable *const *table = verb_tables; *table; table++)
                for (const Verb *verb = (*table)->verbs; verb->member; verb++) {
                        g_assert_nonnull(verb->run.on_manager);
                        g_assert_cmpint(verb->action, <, _ACTION_MAX);
                        g_assert_true(verb_find(*table, verb->member) == verb);
                }
}

static void test_answered_once(void)
{
        Heard heard = { 0 };
        Call *call = new_call(&container_table, "Freeze", "{\"container\":\"a\"}", &heard);
        Error error = ERROR_NULL;

        (void) error_public(&error, ERROR_BUSY, "x");
        call_reply(call, NULL);
        call_reply(call, NULL);
        call_fail(call, &error);
        g_assert_cmpuint(heard.replies, ==, 1);
        g_assert_cmpuint(heard.failures, ==, 0);
        error_done(&error);
        (void) call_unref(call);
}

static void test_waiter_that_goes_leaves_the_list(void)
{
        Heard heard[3] = { 0 };
        Waiters waiters = { 0 }, moved;
        Call *calls[3];

        for (size_t i = 0; i < 3; i++) {
                calls[i] = new_call(&container_table, "Freeze", "{\"container\":\"a\"}", &heard[i]);
                g_assert_cmpint(waiters_add(&waiters, calls[i]), ==, 0);
        }
        call_hangup(calls[0]);
        g_assert_cmpuint(waiters.n, ==, 2);
        waiters_move(&moved, &waiters);
        call_hangup(calls[2]);
        g_assert_cmpuint(moved.n, ==, 1);
        waiters_reply(&moved, NULL);
        waiters_done(&moved);
        for (size_t i = 0; i < 3; i++)
                (void) call_unref(calls[i]);
        for (size_t i = 0; i < 3; i++) {
                g_assert_cmpuint(heard[i].replies, ==, i == 1);
                g_assert_cmpuint(heard[i].frees, ==, 1);
        }
}

static void test_charges_are_given_back(void)
{
        Charges *charges = charges_new();

        g_assert_cmpint(charge_take(charges, 1, 2), ==, 0);
        g_assert_cmpint(charge_take(charges, 2, 2), ==, 0);
        g_assert_cmpint(charge_take(charges, 1, 2), ==, 0);
        g_assert_cmpint(charge_take(charges, 1, 2), ==, -EDQUOT);
        charge_give(charges, 1);
        g_assert_cmpint(charge_take(charges, 1, 2), ==, 0);
        charge_give(charges, 1);
        charge_give(charges, 1);
        charge_give(charges, 2);
        (void) charges_free(charges);
}

static void expect_container(const char *text, const char *expected)
{
        g_autofree char *id = container_from_cgroup_text(text);

        g_assert_cmpstr(id, ==, expected);
}

static void test_container_of_a_process(void)
{
        expect_container("0::/machine.slice/nagaya@ct01.service/payload/init.scope\n", "ct01");
        expect_container("9:pids:/x\n0::/machine.slice/nagaya@a-b.service/supervisor\n", "a-b");
        /* A container cannot pose as another one by a cgroup of its own. */
        expect_container("0::/machine.slice/nagaya@a.service/payload/nagaya@b.service\n", "a");
        expect_container("0::/system.slice/nagaya.service\n", NULL);
        expect_container("1:name=x:/nagaya@a.service\n0::/user.slice\n", NULL);
        expect_container("", NULL);
}

static void expect_outcome(const UnitOutcome *outcome, const char *part)
{
        Error error = ERROR_NULL;

        g_assert_cmpint(unit_outcome_error("nagaya@a.service", outcome, &error), <, 0);
        g_test_message("%s", error_message(&error));
        g_assert_cmpint(error.code, ==, ERROR_START_FAILED);
        g_assert_nonnull(strstr(error_message(&error), part));
        g_assert_cmpstr(error.stage, ==, "unit");
        error_done(&error);
}

static void test_failed_units_are_told(void)
{
        static const UnitOutcome none = { "failed", "failed", "loaded", "exit-code", 0, 0, "", 0 };
        UnitOutcome outcome = none;

        outcome.exec_main_code = CLD_EXITED;
        outcome.exec_main_status = 203;
        expect_outcome(&outcome, "nagaya-run");
        outcome.exec_main_status = 77;
        expect_outcome(&outcome, "status 77");
        outcome.exec_main_code = CLD_KILLED;
        outcome.exec_main_status = SIGKILL;
        expect_outcome(&outcome, "SIGKILL");
        outcome.status_text = "Stage 'mount': no";
        expect_outcome(&outcome, "Stage 'mount': no");
        outcome.job_result = "dependency";
        expect_outcome(&outcome, "a unit it depends on failed");
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/verbs/good-parameters-pass", test_good_parameters);
        g_test_add_func("/verbs/bad-parameters-are-named", test_bad_parameters);
        g_test_add_func("/verbs/every-verb-can-run-and-names-its-action",
                        test_every_verb_names_its_action);
        g_test_add_func("/call/is-answered-once", test_answered_once);
        g_test_add_func("/call/waiter-that-goes-leaves-the-list",
                        test_waiter_that_goes_leaves_the_list);
        g_test_add_func("/call/charges-are-given-back", test_charges_are_given_back);
        g_test_add_func("/container/process-is-found-by-its-cgroup", test_container_of_a_process);
        g_test_add_func("/container/failed-unit-is-told-in-a-sentence", test_failed_units_are_told);
        return g_test_run();
}
