/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/session.h"

#include <jansson.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/loop.h"
#include "base/process.h"
#include "cli/flow.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "interfaces/json.h"

#define MESSAGE_MAX 4096
#define INSISTENCE 3 /* that many interrupts end us, whatever the program does */

typedef struct Session {
        SessionSetup *setup;
        Loop *loop;
        int signal_fd;
        Flow *flows[3];
        Source *session_source;
        Source *signal_source;
        unsigned interrupts;
} Session;

/* Return: the status, -EAGAIN nothing yet, -errno. */
static int read_status(int fd, Error *reterr)
{
        _cleanup_(json_decref_p) json_t *message = NULL;
        char buffer[MESSAGE_MAX];
        int64_t code = 0, signal = 0;
        ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return -EAGAIN;
        if (n <= 0)
                return error_errno(reterr, n < 0 ? errno : ECONNRESET,
                                   "The session ended without telling the program's exit status");
        message = json_loadb(buffer, (size_t) n, 0, NULL);
        if (json_get_integer(message, "exitCode", &code, NULL) <= 0 &&
            json_get_integer(message, "signal", &signal, NULL) <= 0)
                return error_errno(reterr, EBADMSG, "The session sent what is no exit status");
        return process_shell_status((int) (code & 0xff), (int) (signal & 0x7f));
}

static int on_session(Source *source, int fd, uint32_t events, void *userdata)
{
        Session *session = userdata;

        /* What it is, is read when the loop has ended, where there is somebody to tell. */
        loop_exit(session->loop, 0);
        return 0;
}

static void forward(const Session *session, int signal)
{
        char text[32];
        int n = snprintf(text, sizeof(text), "{\"kill\":%d}", signal);

        (void) send(session->setup->session, text, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void pass_size(const Session *session)
{
        struct winsize size;

        if (session->setup->terminal >= 0 && terminal_size(STDIN_FILENO, &size) >= 0)
                (void) ioctl(session->setup->terminal, TIOCSWINSZ, &size);
}

static int on_signal(Source *source, int fd, uint32_t events, void *userdata)
{
        Session *session = userdata;
        int signal = signals_read(fd);

        switch (signal) {
        case 0:
                break;
        case SIGWINCH:
                pass_size(session);
                break;
        case SIGCONT:
                terminal_resume();
                pass_size(session);
                break;
        case SIGHUP:
                /* The terminal is gone: closing the session hangs the program up, too. */
                if (session->setup->terminal >= 0)
                        loop_exit(session->loop, 128 + SIGHUP);
                forward(session, signal);
                break;
        default:
                forward(session, signal);
                if (signal == SIGINT && ++session->interrupts == INSISTENCE)
                        loop_exit(session->loop, 128 + SIGINT);
        }
        return 0;
}

static int add_flow(Session *session, size_t i, const FlowSetup *setup, Error *reterr)
{
        int r = flow_new(session->loop, setup, &session->flows[i]);

        return r < 0 ? error_errno(reterr, -r, "Cannot watch the input or output") : 0;
}

static int add_terminal(Session *session, Error *reterr)
{
        int terminal = session->setup->terminal;
        FlowSetup in = { .from = STDIN_FILENO, .to = terminal, .to_is_own = true, .end = FLOW_EOT };
        FlowSetup out = {
                .from = terminal, .to = STDOUT_FILENO, .from_terminal = true, .end = FLOW_KEEP
        };
        int r;

        r = fd_set_nonblock(terminal, true);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot use the program's terminal");
        pass_size(session);
        if (isatty(STDIN_FILENO)) {
                r = terminal_raw(STDIN_FILENO, reterr);
                if (r < 0)
                        return r;
        }
        r = add_flow(session, 1, &out, reterr);
        return r < 0 ? r : add_flow(session, 0, &in, reterr);
}

static int add_pipes(Session *session, Error *reterr)
{
        for (int i = 0; i < 3; i++) {
                int pipe = session->setup->pipes[i], r;
                FlowSetup setup = {
                        .from = i == 0 ? STDIN_FILENO : pipe,
                        .to = i == 0 ? pipe : i,
                        .to_is_own = i == 0,
                        .end = i == 0 ? FLOW_CLOSE : FLOW_KEEP,
                };

                if (pipe < 0)
                        continue;
                r = fd_set_nonblock(pipe, true);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot use a pipe to the program");
                r = add_flow(session, (size_t) i, &setup, reterr);
                if (r < 0)
                        return r;
                session->setup->pipes[i] = fd_close(pipe);
        }
        return 0;
}

static int set_up(Session *session, Error *reterr)
{
        static const int forwarded[] = { SIGINT,  SIGTERM,  SIGQUIT, SIGHUP, SIGUSR1,
                                         SIGUSR2, SIGWINCH, SIGCONT, 0 };
        int r;

        /* A program that does not read its input is no reason to die. */
        (void) signal(SIGPIPE, SIG_IGN);
        session->signal_fd = signals_block(forwarded, reterr);
        if (session->signal_fd < 0)
                return session->signal_fd;
        r = loop_new(&session->loop);
        if (r >= 0)
                r = loop_add_fd(session->loop, session->signal_fd, EPOLLIN, on_signal, session,
                                &session->signal_source);
        if (r >= 0)
                r = loop_add_fd(session->loop, session->setup->session, EPOLLIN, on_session,
                                session, &session->session_source);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot watch the session");
        return session->setup->terminal >= 0 ? add_terminal(session, reterr)
                                             : add_pipes(session, reterr);
}

static int run_to_end(Session *session, Error *reterr)
{
        int r = loop_run(session->loop);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot go on with the session");
        if (r > 0)
                return r;
        /* All that the program itself wrote is there before its end is told. */
        for (size_t i = 1; i < ELEMENTS(session->flows); i++)
                if (session->flows[i])
                        flow_drain(session->flows[i]);
        return read_status(session->setup->session, reterr);
}

int session_run(SessionSetup *setup, Error *reterr)
{
        Session session = { .setup = setup, .signal_fd = -EBADF };
        int r;

        r = set_up(&session, reterr);
        if (r >= 0)
                r = run_to_end(&session, reterr);
        terminal_restore();
        for (size_t i = 0; i < ELEMENTS(session.flows); i++)
                (void) flow_free(session.flows[i]);
        (void) loop_free(session.loop);
        (void) fd_close(session.signal_fd);
        return r;
}
