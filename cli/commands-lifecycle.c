/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/strv.h"
#include "cli/assignment.h"
#include "cli/each.h"
#include "cli/signals.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

#define TIMEOUT_HELP "Wait so long for it to shut down (60; -1: for ever)"

/* clang-format off */
static const Option start_options[] = {
        { 0, "set", OPTION_ASSIGNMENTS, "KEY=VALUE", "Have this key in the configuration of this run" },
        { 0, NULL },
};
static const Option stop_options[] = {
        { 'k', "kill",    .help = "Kill it, without asking it to shut down", .excludes = "no-kill" },
        { 't', "timeout", OPTION_SECONDS, "SEC", TIMEOUT_HELP, .excludes = "kill" },
        { 0,   "no-kill", .help = "Fail, rather than kill it, when it does not shut down in time" },
        { 0,   "no-wait", .help = "Only ask; do not wait for its end" },
        { 0,   NULL },
};
static const Option restart_options[] = {
        { 'k', "kill",    .help = "Kill it, without asking it to shut down", .excludes = "reboot" },
        { 't', "timeout", OPTION_SECONDS, "SEC", TIMEOUT_HELP, .excludes = "kill" },
        { 0,   "reboot",  .help = "Ask its init to reboot, under the same supervisor" },
        { 0,   NULL },
};
static const Option kill_options[] = {
        { 's', "signal", OPTION_TEXT, "SIGNAL", "The signal, by name or number (KILL)",
          .candidates = CANDIDATES_SIGNALS },
        { 0,   NULL },
};
/* clang-format on */

/* Options of the command line that are fields of the same meaning. Return: 0, -errno. */
static int put_flag(json_t *object, const char *field, const Arguments *arguments, const char *name)
{
        if (!arguments_flag(arguments, name))
                return 0;
        return json_set(object, field, json_true());
}

static int put_timeout(json_t *object, const Arguments *arguments)
{
        if (!arguments_flag(arguments, "timeout"))
                return 0;
        return json_set(object, "timeoutUsec",
                        json_integer(arguments_usec(arguments, "timeout", -1)));
}

static int run_start(Context *context, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *options = json_object();
        int r;

        if (!options)
                return error_oom(reterr);
        r = assignments_put(options, "config", context->arguments, "set", reterr);
        if (r < 0)
                return r;
        return each_at_once(context, INTERFACE_CONTAINER ".Start", TAKE_PTR(options), reterr);
}

static json_t *stop_options_json(const Arguments *arguments)
{
        _cleanup_(json_decref_p) json_t *options = json_object();

        if (!options || put_flag(options, "kill", arguments, "kill") < 0 ||
            put_flag(options, "noKill", arguments, "no-kill") < 0 ||
            put_flag(options, "noWait", arguments, "no-wait") < 0 ||
            put_timeout(options, arguments) < 0)
                return NULL;
        return TAKE_PTR(options);
}

static int run_stop(Context *context, Error *reterr)
{
        json_t *options = stop_options_json(context->arguments);

        return each_at_once(context, INTERFACE_CONTAINER ".Stop", options, reterr);
}

/* One that does not run is started all the same, as systemctl restart does. */
static int restart_one(Context *context, const char *container, void *userdata, Error *reterr)
{
        json_t *options = stop_options_json(context->arguments), *start;
        Error error = ERROR_NULL;
        int r;

        if (!options || json_set(options, "container", json_string(container)) < 0) {
                json_decref(options);
                return error_oom(reterr);
        }
        r = client_call(context, INTERFACE_CONTAINER ".Stop", options, NULL, &error);
        if (r < 0 && error.code != ERROR_CONTAINER_NOT_RUNNING) {
                error_move(reterr, &error);
                return r;
        }
        error_done(&error);
        start = client_parameters(container);
        if (!start)
                return error_oom(reterr);
        return client_call(context, INTERFACE_CONTAINER ".Start", start, NULL, reterr);
}

static int run_restart(Context *context, Error *reterr)
{
        const Arguments *arguments = context->arguments;
        _cleanup_(json_decref_p) json_t *options = NULL;

        if (!arguments_flag(arguments, "reboot"))
                return each_in_turn(context, restart_one, NULL, reterr);
        options = json_object();
        if (!options || put_timeout(options, arguments) < 0)
                return error_oom(reterr);
        return each_at_once(context, INTERFACE_CONTAINER ".Reboot", TAKE_PTR(options), reterr);
}

static int run_kill(Context *context, Error *reterr)
{
        const char *name = arguments_text(context->arguments, "signal");
        int signal;

        if (signal_parse(name ? name : "KILL", &signal) < 0)
                return error_public(
                        reterr, ERROR_INVALID_ARGS,
                        "Option '--signal' needs a signal (TERM, 15, RTMIN+3), not '%s'", name);
        return each_at_once(context, INTERFACE_CONTAINER ".Kill",
                            json_pack("{s:i}", "signal", signal), reterr);
}

static int run_freeze(Context *context, Error *reterr)
{
        return each_at_once(context, INTERFACE_CONTAINER ".Freeze", json_object(), reterr);
}

static int run_thaw(Context *context, Error *reterr)
{
        return each_at_once(context, INTERFACE_CONTAINER ".Thaw", json_object(), reterr);
}

#define ON_CONTAINERS                                                                              \
        .arguments = "NAME...", .words_min = 1, .words_max = WORDS_ANY,                            \
        .candidates = { CANDIDATES_CONTAINERS }

const Command commands_lifecycle[] = {
        { .name = "start",
          ON_CONTAINERS,
          .summary = "Start containers",
          .description = "Returns when each runs, or with the whole reason why it does not.",
          .options = start_options,
          .run = run_start },
        { .name = "stop",
          ON_CONTAINERS,
          .summary = "Shut containers down",
          .description = "Init is asked to shut down; what is left after the timeout is killed.",
          .options = stop_options,
          .run = run_stop },
        { .name = "restart",
          ON_CONTAINERS,
          .summary = "Stop containers and start them again",
          .description = "One that does not run is started. With --reboot init is asked to reboot.",
          .options = restart_options,
          .run = run_restart },
        { .name = "kill",
          ON_CONTAINERS,
          .summary = "Send a signal to the init of containers",
          .options = kill_options,
          .run = run_kill },
        { .name = "freeze",
          ON_CONTAINERS,
          .summary = "Halt every process of containers",
          .run = run_freeze },
        { .name = "thaw",
          ON_CONTAINERS,
          .summary = "Let frozen containers go on",
          .run = run_thaw },
        { .name = NULL },
};
