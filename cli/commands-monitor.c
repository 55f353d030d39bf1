/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <fnmatch.h>
#include <strings.h>

#include "base/process.h"
#include "base/strv.h"
#include "cli/output.h"
#include "cli/watch.h"
#include "interfaces/errors.h"
#include "interfaces/lifecycle.h"

/* clang-format off */
static const Option wait_options[] = {
        { 't', "timeout", OPTION_SECONDS, "SEC", "Wait no longer than this; 0 only looks (-1: for ever)" },
        { 0,   NULL },
};
/* clang-format on */

static bool is_wanted(const Arguments *arguments, const char *name)
{
        if (!*name)
                return arguments->n_words == 0;
        for (size_t i = 0; i < arguments->n_words; i++)
                if (fnmatch(arguments->words[i], name, 0) == 0)
                        return true;
        return arguments->n_words == 0;
}

/* As lxc-monitor: 'ct01' changed state to [RUNNING] */
static void print_state(const char *name, const char *state)
{
        (void) printf("'%s' changed state to [", name);
        for (; *state; state++)
                (void) putchar(toupper((unsigned char) *state));
        (void) puts("]");
}

static void print_event(const json_t *event)
{
        const char *kind = json_text(event, "event"), *name = json_text(event, "container");
        long long job = (long long) json_integer_value(json_object_get(event, "job"));

        if (streq(kind, "state"))
                print_state(name, json_text(event, "state"));
        else if (streq(kind, "added") || streq(kind, "removed"))
                (void) printf("'%s' was %s\n", name, kind);
        else if (streq(kind, "job-added"))
                (void) printf("job %lld began\n", job);
        else if (streq(kind, "job-removed"))
                (void) printf("job %lld ended: %s\n", job, json_text(event, "result"));
}

static int show_event(const Context *context, const json_t *event, Error *reterr)
{
        bool ready = streq(json_text(event, "event"), "ready");

        if (!ready && !is_wanted(context->arguments, json_text(event, "container")))
                return 0;
        if (!context->json)
                print_event(event);
        else if (json_dumpf(event, stdout, JSON_COMPACT) < 0 || putchar('\n') < 0)
                return error_errno(reterr, EIO, "Cannot print the event");
        return output_finish(reterr);
}

static int run_monitor(Context *context, Error *reterr)
{
        _cleanup_(watch_free_p) Watch *watch = NULL;
        int r;

        r = watch_new(context, !context->quiet, &watch, reterr);
        while (r >= 0) {
                _cleanup_(json_decref_p) json_t *event = NULL;

                r = watch_next(watch, USEC_INFINITY, &event, reterr);
                if (r >= 0)
                        r = show_event(context, event, reterr);
        }
        return r;
}

/* "STATE|STATE", in small or in capitals. */
static int parse_states(const char *text, bool wanted[_STATE_MAX], Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL;

        if (strv_split(&words, text, "|,") < 0)
                return error_oom(reterr);
        strv_foreach(word, words) {
                State state = 0;

                while (state < _STATE_MAX && strcasecmp(state_name(state), *word) != 0)
                        state++;
                if (state == _STATE_MAX)
                        return error_public(reterr, ERROR_INVALID_ARGS, "There is no state '%s'",
                                            *word);
                wanted[state] = true;
        }
        if (!words)
                return error_public(reterr, ERROR_INVALID_ARGS, "No state to wait for is given");
        return 0;
}

typedef struct StateWait {
        const char *name;
        bool wanted[_STATE_MAX];
        bool seen;
        char state[16]; /* the last one seen */
} StateWait;

/* Return: 1 the wait is over, 0 it goes on, -errno. */
static int check_event(StateWait *wait, const json_t *event, Error *reterr)
{
        const char *kind = json_text(event, "event");
        State state;

        if (streq(kind, "ready") && !wait->seen)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    wait->name);
        if (!streq(json_text(event, "container"), wait->name))
                return 0;
        if (streq(kind, "removed"))
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "Container '%s' was removed",
                                    wait->name);
        if (!streq(kind, "present") && !streq(kind, "state"))
                return 0;
        wait->seen = true;
        (void) snprintf(wait->state, sizeof(wait->state), "%s", json_text(event, "state"));
        state = state_from_name(wait->state);
        return state != _STATE_INVALID && wait->wanted[state];
}

static int timed_out(const StateWait *wait, Error *reterr)
{
        if (!wait->seen)
                return error_public(reterr, ERROR_TIMED_OUT, "The service told no state of '%s'",
                                    wait->name);
        return error_public(reterr, ERROR_TIMED_OUT, "Container '%s' is %s", wait->name,
                            wait->state);
}

/* `look_only`: what the service tells first decides, however long it takes to tell it. */
static int
wait_for_state(Watch *watch, StateWait *wait, uint64_t until_usec, bool look_only, Error *reterr)
{
        for (;;) {
                _cleanup_(json_decref_p) json_t *event = NULL;
                int r;

                r = watch_next(watch, until_usec, &event, reterr);
                if (r == -ETIMEDOUT)
                        return timed_out(wait, reterr);
                if (r >= 0)
                        r = check_event(wait, event, reterr);
                if (r != 0)
                        return r < 0 ? r : 0;
                if (look_only && streq(json_text(event, "event"), "ready"))
                        return timed_out(wait, reterr);
        }
}

static int run_wait(Context *context, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        int64_t timeout_usec = arguments_usec(arguments, "timeout", -1);
        _cleanup_(watch_free_p) Watch *watch = NULL;
        StateWait wait = { .name = arguments->words[0] };
        uint64_t until_usec = USEC_INFINITY;
        int r;

        r = parse_states(arguments->words[1], wait.wanted, reterr);
        if (r < 0)
                return r;
        r = watch_new(context, false, &watch, reterr);
        if (r < 0)
                return r;
        if (timeout_usec > 0)
                until_usec = now_usec() + (uint64_t) timeout_usec;
        return wait_for_state(watch, &wait, until_usec, timeout_usec == 0, reterr);
}

const Command commands_monitor[] = {
        { .name = "monitor",
          .arguments = "[NAME|PATTERN...]",
          .summary = "Print every change of state as it happens",
          .description =
                  "Goes on when the service restarts, and tells what was missed. With --json\n"
                  "each line is one event; the first ones tell what there is.",
          .words_max = WORDS_ANY,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_monitor },
        { .name = "wait",
          .arguments = "NAME STATE[|STATE...]",
          .summary = "Wait until a container is in one of these states",
          .description =
                  "States: stopped starting running stopping aborting freezing frozen thawed.",
          .options = wait_options,
          .words_min = 2,
          .words_max = 2,
          .candidates = { CANDIDATES_CONTAINERS, CANDIDATES_STATES },
          .run = run_wait },
        { .name = NULL },
};
