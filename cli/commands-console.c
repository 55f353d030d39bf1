/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "base/file.h"
#include "base/loop.h"
#include "cli/client.h"
#include "cli/escape.h"
#include "cli/flow.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "interfaces/errors.h"
#include "interfaces/names.h"

#define ANY_TTY (-1)

/* clang-format off */
static const Option console_options[] = {
        { 't', "tty",    OPTION_NUMBER, "N", "This terminal; 0 is /dev/console (the first free one)" },
        { 'e', "escape", OPTION_TEXT, "^X", "Ctrl and this letter begin an escape (^a)" },
        { 'l', "log",    .help = "Print what the container wrote to its console, and return" },
        { 0,   NULL },
};
/* clang-format on */

typedef struct Console {
        Context *context;
        Loop *loop;
        Flow *in, *out;
        Source *signal_source;
        int signal_fd;
        int terminal;
        int64_t tty;
        bool closed; /* from the other side */
        Escape escape;
} Console;

static int print_log(Context *context, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        json_t *parameters = client_parameters(context->arguments->words[0]);
        const char *log;
        int r;

        if (!parameters)
                return error_oom(reterr);
        r = client_call(context, INTERFACE_CONTAINER ".ReadConsoleLog", parameters, &reply, reterr);
        if (r < 0)
                return r;
        if (context->json)
                return output_json(reply, reterr);
        r = reply_string(reply, "log", &log, reterr);
        if (r < 0)
                return r;
        output_text(log);
        return 0;
}

/* The container's side of a console learns of a new size by a call only. It is no reason to stop
 * when it fails. */
static void pass_size(Console *console)
{
        struct winsize size;
        json_t *parameters;

        if (terminal_size(STDIN_FILENO, &size) < 0)
                return;
        (void) ioctl(console->terminal, TIOCSWINSZ, &size);
        parameters = json_pack(
                "{s:s,s:I,s:i,s:i}", "container", console->context->arguments->words[0], "tty",
                (json_int_t) console->tty, "columns", (int) size.ws_col, "rows", (int) size.ws_row);
        if (parameters)
                (void) client_call(console->context, INTERFACE_CONTAINER ".ResizeConsole",
                                   parameters, NULL, NULL);
}

static int on_signal(Source *source, int fd, uint32_t events, void *userdata)
{
        Console *console = userdata;
        int signal = signals_read(fd);

        if (signal == SIGCONT)
                terminal_resume();
        if (signal == SIGWINCH || signal == SIGCONT)
                pass_size(console);
        else if (signal > 0)
                loop_exit(console->loop, 128 + signal);
        return 0;
}

static int on_keys(char *data, size_t *size, void *userdata)
{
        Console *console = userdata;

        if (escape_filter(&console->escape, data, size) == ESCAPE_QUIT)
                loop_exit(console->loop, 0);
        return 0;
}

static int on_closed(Flow *flow, void *userdata)
{
        Console *console = userdata;

        console->closed = true;
        loop_exit(console->loop, 0);
        return 0;
}

static int watch(Console *console, Error *reterr)
{
        FlowSetup in = { .from = STDIN_FILENO,
                         .to = console->terminal,
                         .to_is_own = true,
                         .end = FLOW_KEEP,
                         .userdata = console };
        FlowSetup out = { .from = console->terminal,
                          .to = STDOUT_FILENO,
                          .end = FLOW_KEEP,
                          .ended = on_closed,
                          .userdata = console };
        int r;

        if (isatty(STDIN_FILENO))
                in.filter = on_keys;
        r = fd_set_nonblock(console->terminal, true);
        if (r >= 0)
                r = loop_new(&console->loop);
        if (r >= 0)
                r = loop_add_fd(console->loop, console->signal_fd, EPOLLIN, on_signal, console,
                                &console->signal_source);
        if (r >= 0)
                r = flow_new(console->loop, &out, &console->out);
        if (r >= 0)
                r = flow_new(console->loop, &in, &console->in);
        return r < 0 ? error_errno(reterr, -r, "Cannot watch the console") : 0;
}

static void greet(const Console *console)
{
        char key = escape_letter(&console->escape);

        if (console->context->quiet)
                return;
        if (console->tty == 0)
                (void) fprintf(stderr, "\nConnected to the console\n");
        else
                (void) fprintf(stderr, "\nConnected to tty %lld\n", (long long) console->tty);
        if (isatty(STDIN_FILENO))
                (void) fprintf(stderr,
                               "Type <Ctrl+%c q> to exit the console, <Ctrl+%c Ctrl+%c> to enter "
                               "Ctrl+%c itself\n",
                               key, key, key, key);
}

static void take_leave(const Console *console)
{
        terminal_restore();
        /* What it wrote last may not have ended its line. */
        if (isatty(STDIN_FILENO))
                (void) fputc('\n', stderr);
        if (console->closed && !console->context->quiet)
                output_note("The console was closed");
}

static int run_loop(Console *console, Error *reterr)
{
        static const int signals[] = { SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGCONT, SIGWINCH, 0 };
        int r;

        console->signal_fd = signals_block(signals, reterr);
        if (console->signal_fd < 0)
                return console->signal_fd;
        (void) signal(SIGPIPE, SIG_IGN);
        /* From now on the terminal is the container's: nobody asks for a password on it. */
        console->context->ask = false;
        agent_close(&console->context->agent);
        greet(console);
        pass_size(console);
        r = watch(console, reterr);
        if (r >= 0 && isatty(STDIN_FILENO))
                r = terminal_raw(STDIN_FILENO, reterr);
        if (r < 0)
                return r;
        r = loop_run(console->loop);
        take_leave(console);
        return r < 0 ? error_errno(reterr, -r, "Cannot go on with the console") : r;
}

static int open_console(Console *console, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *reply = NULL;
        const Arguments *arguments = console->context->arguments;
        int64_t wanted = ANY_TTY, index;
        FdArray fds = { .n = 0 };
        json_t *parameters;
        int r;

        if (arguments_flag(arguments, "tty"))
                wanted = arguments_number(arguments, "tty", 0);
        parameters = json_pack("{s:s,s:I}", "container", arguments->words[0], "tty",
                               (json_int_t) wanted);
        if (!parameters)
                return error_oom(reterr);
        r = client_call_fds(console->context, INTERFACE_CONTAINER ".OpenConsole", parameters, NULL,
                            &reply, &fds, reterr);
        if (r >= 0)
                r = reply_integer(reply, "tty", &console->tty, reterr);
        if (r >= 0)
                r = reply_integer(reply, "terminal", &index, reterr);
        if (r >= 0 && (index < 0 || (size_t) index >= fds.n))
                r = error_errno(reterr, EBADMSG, "The service's reply has no 'terminal'");
        if (r >= 0) {
                console->terminal = fds.fds[index];
                fds.fds[index] = -EBADF;
        }
        fd_array_done(&fds);
        return r < 0 ? r : 0;
}

static int run_console(Context *context, Error *reterr)
{
        const char *escape = arguments_text(context->arguments, "escape");
        Console console = { .context = context, .signal_fd = -EBADF, .terminal = -EBADF };
        int r;

        if (escape_init(&console.escape, escape ? escape : "^a") < 0)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "Option '--escape' needs a letter, as 'a' or '^a', not '%s'",
                                    escape);
        if (arguments_flag(context->arguments, "log"))
                return print_log(context, reterr);
        r = open_console(&console, reterr);
        if (r >= 0)
                r = run_loop(&console, reterr);
        terminal_restore();
        (void) flow_free(console.in);
        (void) flow_free(console.out);
        (void) loop_free(console.loop);
        (void) fd_close(console.signal_fd);
        (void) fd_close(console.terminal);
        return r;
}

const Command commands_console[] = {
        { .name = "console",
          .arguments = "NAME",
          .summary = "Use a terminal of a running container, or read its log",
          .description = "Ctrl+a q leaves it; Ctrl+a Ctrl+a sends Ctrl+a itself.",
          .options = console_options,
          .words_min = 1,
          .words_max = 1,
          .candidates = { CANDIDATES_CONTAINERS },
          .run = run_console },
        { .name = NULL },
};
