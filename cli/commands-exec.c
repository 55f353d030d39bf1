/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/session.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

/* clang-format off */
static const Option exec_options[] = {
        { 't', "tty",     .help = "Give it a terminal (as when all three of ours are one)", .excludes = "no-tty" },
        { 'T', "no-tty",  .help = "Give it our input and output, no terminal" },
        { 'e', "env",     OPTION_LIST, "NAME[=VALUE]", "Set a variable in its environment, or pass ours on" },
        { 0,   "clear-env", .help = "Start from an empty environment" },
        { 'u', "user",    OPTION_TEXT, "UID[:GID]", "Run it with these ids of the container" },
        { 'w', "workdir", OPTION_TEXT, "DIR", "Run it in this directory" },
        { 'd', "detach",  .help = "Leave it running and return", .excludes = "tty" },
        { 0,   NULL },
};
/* clang-format on */

typedef enum ExecMode {
        EXEC_STDIO,
        EXEC_TERMINAL,
        EXEC_DETACHED,
} ExecMode;

static ExecMode exec_mode(const Arguments *arguments)
{
        if (arguments_flag(arguments, "detach"))
                return EXEC_DETACHED;
        if (arguments_flag(arguments, "tty"))
                return EXEC_TERMINAL;
        if (arguments_flag(arguments, "no-tty"))
                return EXEC_STDIO;
        for (int fd = 0; fd < 3; fd++)
                if (!isatty(fd))
                        return EXEC_STDIO;
        return EXEC_TERMINAL;
}

static int add_variable(char ***environment, const char *text, Error *reterr)
{
        const char *value = strchr(text, '=');
        _cleanup_(free_p) char *name = NULL;

        if (value == text)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Option '--env' needs NAME=VALUE or NAME, not '%s'", text);
        name = strndup(text, value ? (size_t) (value - text) : strlen(text));
        if (!name)
                return error_oom(reterr);
        value = value ? value + 1 : getenv(name);
        if (value && strv_env_set(environment, name, value) < 0)
                return error_oom(reterr);
        return 0;
}

static int make_environment(const Arguments *arguments, ExecMode mode, char ***ret, Error *reterr)
{
        _cleanup_(free_p) const char **given = arguments_list(arguments, "env");
        _cleanup_(strv_free_p) char **environment = NULL;

        if (!given)
                return error_oom(reterr);
        /* Programs must know the terminal they draw on. */
        if (mode == EXEC_TERMINAL && add_variable(&environment, "TERM", reterr) < 0)
                return -ENOMEM;
        for (const char **text = given; *text; text++) {
                int r = add_variable(&environment, *text, reterr);

                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(environment);
        return 0;
}

static int put_user(json_t *parameters, const char *text, Error *reterr)
{
        const char *colon = strchr(text, ':');
        _cleanup_(free_p) char *user =
                strndup(text, colon ? (size_t) (colon - text) : strlen(text));
        uint32_t uid, gid = 0;

        if (!user)
                return error_oom(reterr);
        if (parse_id(user, &uid) < 0 || (colon && parse_id(colon + 1, &gid) < 0))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Option '--user' needs UID or UID:GID in numbers, not '%s'",
                                    text);
        if (json_set(parameters, "uid", json_integer(uid)) < 0 ||
            (colon && json_set(parameters, "gid", json_integer(gid)) < 0))
                return error_oom(reterr);
        return 0;
}

static int put_mode(json_t *parameters, ExecMode mode)
{
        switch (mode) {
        case EXEC_TERMINAL:
                return json_set(parameters, "tty", json_true());
        case EXEC_DETACHED:
                return json_set(parameters, "detach", json_true());
        default:
                return json_set(parameters, "stdio", json_pack("[i,i,i]", 0, 1, 2));
        }
}

static json_t *exec_parameters(const Arguments *arguments, ExecMode mode, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *parameters = client_parameters(arguments->words[0]);
        _cleanup_(strv_free_p) char **environment = NULL;
        const char *user = arguments_text(arguments, "user");
        const char *directory = arguments_text(arguments, "workdir");

        if (make_environment(arguments, mode, &environment, reterr) < 0)
                return NULL;
        if (!parameters || json_set(parameters, "command", json_from_strv(arguments->rest)) < 0 ||
            put_mode(parameters, mode) < 0 ||
            (environment && json_set(parameters, "environment", json_from_strv(environment)) < 0) ||
            (directory && json_set(parameters, "cwd", json_string(directory)) < 0) ||
            (arguments_flag(arguments, "clear-env") &&
             json_set(parameters, "clearEnvironment", json_true()) < 0)) {
                (void) error_oom(reterr);
                return NULL;
        }
        if (user && put_user(parameters, user, reterr) < 0)
                return NULL;
        return TAKE_PTR(parameters);
}

/* Terminals cannot be passed into a container: in their place go pipes, whose other ends we keep.
 * `theirs` holds copies of the rest. */
static int make_stdio(FdArray *theirs, SessionSetup *setup, Error *reterr)
{
        for (int fd = 0; fd < 3; fd++) {
                int pair[2], r;

                if (!isatty(fd)) {
                        r = fcntl(fd, F_DUPFD_CLOEXEC, 3);
                        if (r < 0)
                                return error_errno(reterr, errno, "Cannot pass the standard %s on",
                                                   fd == 0 ? "input" : "output");
                        theirs->fds[theirs->n++] = r;
                        continue;
                }
                if (pipe2(pair, O_CLOEXEC) < 0)
                        return error_errno(reterr, errno, "Cannot make a pipe");
                theirs->fds[theirs->n++] = pair[fd == 0 ? 0 : 1];
                setup->pipes[fd] = pair[fd == 0 ? 1 : 0];
        }
        return 0;
}

static int take_index(const json_t *reply, const char *field, FdArray *fds, Error *reterr)
{
        int64_t index;
        int r;

        r = reply_integer(reply, field, &index, reterr);
        if (r < 0)
                return r;
        if (index < 0 || (size_t) index >= fds->n)
                return error_errno(reterr, EBADMSG, "The service's reply has no '%s'", field);
        return fds->fds[index];
}

static int attach_and_run(Context *context,
                          ExecMode mode,
                          json_t *parameters,
                          FdArray *stdio,
                          SessionSetup *setup,
                          Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        FdArray fds = { .n = 0 };
        int r;

        r = client_call_fds(context, INTERFACE_CONTAINER ".Attach", parameters, stdio, &reply, &fds,
                            reterr);
        /* A copy here would keep the program's output from ending. */
        fd_array_done(stdio);
        if (r < 0)
                return r;
        if (mode == EXEC_DETACHED) {
                fd_array_done(&fds);
                return context->json ? output_json(reply, reterr) : 0;
        }
        setup->session = r = take_index(reply, "session", &fds, reterr);
        if (r >= 0 && mode == EXEC_TERMINAL)
                setup->terminal = r = take_index(reply, "terminal", &fds, reterr);
        agent_close(&context->agent);
        if (r >= 0)
                r = session_run(setup, reterr);
        fd_array_done(&fds);
        return r;
}

static int run_exec(Context *context, Error *reterr)
{
        SessionSetup setup = { .session = -EBADF,
                               .terminal = -EBADF,
                               .pipes = { -EBADF, -EBADF, -EBADF } };
        ExecMode mode = exec_mode(context->arguments);
        FdArray stdio = { .n = 0 };
        json_t *parameters;
        int r = 0;

        if (!context->arguments->rest || !*context->arguments->rest)
                return error_public(reterr, ERROR_INVALID_ARGS, "No command to run is given");
        parameters = exec_parameters(context->arguments, mode, reterr);
        if (!parameters)
                return -EINVAL;
        if (mode == EXEC_STDIO)
                r = make_stdio(&stdio, &setup, reterr);
        if (r >= 0)
                r = attach_and_run(context, mode, TAKE_PTR(parameters), &stdio, &setup, reterr);
        json_decref(parameters);
        fd_array_done(&stdio);
        for (int i = 0; i < 3; i++)
                (void) fd_close(setup.pipes[i]);
        return r;
}

const Command commands_exec[] = {
        { .name = "exec",
          .arguments = "NAME [--] COMMAND [ARGUMENT...]",
          .summary = "Run a command in a running container",
          .description =
                  "Where input, output and errors all are a terminal, it gets one of its own. The\n"
                  "exit status is that of the command; 128 and the number of the signal that "
                  "ended\n"
                  "it; 127 if it was not found, 126 if it could not be executed.",
          .options = exec_options,
          .words_min = 1,
          .words_max = 1,
          .rest = REST_COMMAND,
          .rest_required = true,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_exec },
        { .name = NULL },
};
