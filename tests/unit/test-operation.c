/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every call that waits for a start or a stop is answered once, whatever comes between. The service
 * manager is played here; there is no supervisor. */

#include <glib.h>

#include "container/charge.h"
#include "container/manager.h"
#include "container/operation.h"
#include "container/supervisor.h"
#include "interfaces/errors.h"

/* No such container exists where the tests run. */
#define ID "test-operation.nobody"

typedef struct Heard {
        unsigned replies, failures, frees;
        int code;
} Heard;

static void on_reply(Call *call, json_t *result, FdArray *fds, bool continues)
{
        ((Heard *) call->transport)->replies++;
}

static void on_fail(Call *call, const Error *error)
{
        Heard *heard = call->transport;

        heard->failures++;
        heard->code = error->code;
}

static void on_free(Call *call)
{
        ((Heard *) call->transport)->frees++;
}

static const CallOps ops = { on_reply, on_fail, on_free };

/* The job of the unit that was queued last. */
typedef struct Fixture {
        Manager manager;
        Container *container;
        UnitJobDone done;
        void *done_userdata;
        unsigned n_queued, n_forgotten;
        Heard heard;
} Fixture;

static int run_unit(void *userdata,
                    UnitVerb verb,
                    const char *unit,
                    UnitJobDone done,
                    void *done_userdata,
                    UnitJob **ret,
                    Error *reterr)
{
        Fixture *f = userdata;

        f->done = done;
        f->done_userdata = done_userdata;
        f->n_queued++;
        *ret = userdata;
        return 0;
}

static void forget_job(UnitJob *job)
{
        Fixture *f = (Fixture *) job;

        f->n_forgotten++;
}

static void setup(Fixture *f, const void *data)
{
        *f = (Fixture){ 0 };
        g_assert_cmpint(sd_event_new(&f->manager.event), >=, 0);
        f->manager.units = (Units){ .run = run_unit, .forget = forget_job, .userdata = f };
        f->manager.charges = charges_new();
        f->container = container_new(&f->manager, ID, ID, "/nonexistent");
        g_assert_nonnull(f->container);
}

static void teardown(Fixture *f, const void *data)
{
        (void) container_free(f->container);
        (void) charges_free(f->manager.charges);
        (void) sd_event_unref(f->manager.event);
}

static Call *new_call(Fixture *f, const char *member)
{
        Peer peer = { .uid = 0 };
        Call *call = call_new(&f->manager, &container_table, verb_find(&container_table, member),
                              &ops, &f->heard, &peer, json_pack("{s:s}", "container", ID), NULL);

        g_assert_nonnull(call);
        return call;
}

static void begin(Fixture *f,
                  const char *member,
                  int (*operation)(Container *container, Call *call, Error *reterr))
{
        Call *call = new_call(f, member);
        Error error = ERROR_NULL;

        g_assert_cmpint(operation(f->container, call, &error), ==, 0);
        g_assert_false(error_is_set(&error));
        (void) call_unref(call);
}

static int never(Call *call, Container *container, Error *reterr)
{
        g_assert_not_reached();
}

static int stop_then_never(Container *container, Call *call, Error *reterr)
{
        return operation_stop_then(container, call, never, reterr);
}

static void expect(const Fixture *f, unsigned replies, unsigned failures)
{
        g_assert_cmpuint(f->heard.replies, ==, replies);
        g_assert_cmpuint(f->heard.failures, ==, failures);
        g_assert_cmpuint(f->heard.frees, ==, replies + failures);
}

static void end_job(Fixture *f, const char *result, const char *active_state)
{
        UnitOutcome outcome = { .job_result = result,
                                .active_state = active_state,
                                .load_state = "loaded",
                                .result = "success",
                                .status_text = "" };

        f->done(f->done_userdata, &outcome, NULL);
}

static void test_container_goes_during_a_stop(Fixture *f, const void *data)
{
        f->container->state = STATE_RUNNING;
        begin(f, "Stop", operation_stop);
        begin(f, "Destroy", stop_then_never);
        expect(f, 0, 0);
        f->container = container_free(f->container);
        expect(f, 0, 2);
        g_assert_cmpint(f->heard.code, ==, ERROR_CANCELLED);
        g_assert_cmpuint(f->n_forgotten, ==, 1);
}

static void test_stop_ends_with_the_job(Fixture *f, const void *data)
{
        f->container->state = STATE_RUNNING;
        begin(f, "Stop", operation_stop);
        begin(f, "Stop", operation_stop);
        g_assert_cmpuint(f->n_queued, ==, 1);
        end_job(f, "done", "");
        expect(f, 2, 0);
        g_assert_null(f->container->operation);
}

/* The unit is up, but its supervisor vanished before it was heard. */
static void test_start_whose_supervisor_is_lost(Fixture *f, const void *data)
{
        begin(f, "Start", operation_start);
        end_job(f, "done", "active");
        expect(f, 0, 0);
        supervisor_vanished(f->container);
        expect(f, 0, 1);
        g_assert_cmpint(f->heard.code, ==, ERROR_START_FAILED);
        g_assert_null(f->container->operation);
}

static void test_start_whose_job_fails(Fixture *f, const void *data)
{
        begin(f, "Start", operation_start);
        begin(f, "Start", operation_start);
        end_job(f, "dependency", "inactive");
        expect(f, 0, 2);
        g_assert_cmpint(f->heard.code, ==, ERROR_START_FAILED);
}

/* The unit was down for a while, and somebody else starts it: still an end of the stop. */
static void test_stop_whose_job_is_replaced(Fixture *f, const void *data)
{
        f->container->state = STATE_RUNNING;
        begin(f, "Stop", operation_stop);
        end_job(f, "canceled", "activating");
        expect(f, 1, 0);
}

int main(int argc, char **argv)
{
        g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, Fixture, NULL, setup, function, teardown)
        ADD("/operation/container-that-goes-answers-all", test_container_goes_during_a_stop);
        ADD("/operation/stop-ends-with-the-units-job", test_stop_ends_with_the_job);
        ADD("/operation/start-ends-with-its-supervisor", test_start_whose_supervisor_is_lost);
        ADD("/operation/start-ends-with-a-failed-job", test_start_whose_job_fails);
        ADD("/operation/stop-ends-with-a-replaced-job", test_stop_whose_job_is_replaced);
        return g_test_run();
}
