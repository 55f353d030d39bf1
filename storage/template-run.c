/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/template-run.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define TAIL_LINES 8
#define LINE_MAX_BYTES 1024

/* The output, cut into lines; the last ones are kept for the error. */
typedef struct Output {
        const Report *report;
        char line[LINE_MAX_BYTES];
        size_t n;
        char tail[TAIL_LINES][LINE_MAX_BYTES];
        unsigned n_lines;
} Output;

static void output_end_line(Output *output)
{
        output->line[output->n] = '\0';
        output->n = 0;
        if (!*string_strip(output->line))
                return;
        (void) strcpy(output->tail[output->n_lines++ % TAIL_LINES], output->line);
        report_log(output->report, output->line);
}

static void output_add(Output *output, const char *data, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                char c = data[i];

                if (c == '\n' || c == '\r' || output->n + 1 >= sizeof(output->line)) {
                        output_end_line(output);
                        if (c == '\n' || c == '\r')
                                continue;
                }
                /* Terminals' control characters have no business in a log. */
                output->line[output->n++] = iscntrl((unsigned char) c) ? ' ' : c;
        }
}

/* Return: > 0 more may come, 0 the end, -errno. */
static int output_read(Output *output, int fd)
{
        char buffer[4096];

        for (;;) {
                ssize_t n = read(fd, buffer, sizeof(buffer));

                if (n > 0)
                        output_add(output, buffer, (size_t) n);
                else if (n == 0)
                        return 0;
                else if (errno == EAGAIN)
                        return 1;
                else if (errno != EINTR)
                        return -errno;
        }
}

/* The pipe may be held open by something that the template left running, so its own end counts. */
static int follow(Output *output, int fd, int pidfd)
{
        struct pollfd polls[] = {
                { .fd = pidfd, .events = POLLIN },
                { .fd = fd, .events = POLLIN },
        };
        int r;

        do {
                if (poll(polls, 2, -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                r = polls[1].fd >= 0 ? output_read(output, fd) : 0;
                if (r < 0)
                        return r;
                if (r == 0)
                        polls[1].fd = -1;
        } while (!polls[0].revents);
        if (output->n > 0)
                output_end_line(output);
        return 0;
}

static void tail_text(const Output *output, char *ret, size_t size)
{
        unsigned first = output->n_lines > TAIL_LINES ? output->n_lines - TAIL_LINES : 0;
        size_t n = 0;

        ret[0] = '\0';
        for (unsigned i = first; i < output->n_lines; i++) {
                int added = snprintf(ret + n, size - n, "%s%s", i == first ? ": " : " | ",
                                     output->tail[i % TAIL_LINES]);

                if (added < 0 || (size_t) added >= size - n)
                        return;
                n += (size_t) added;
        }
}

static int outcome(const TemplateRun *run, const Output *output, int code, int sig, Error *reterr)
{
        char tail[TAIL_LINES * (LINE_MAX_BYTES + 3)], cause[64];
        int r;

        if (code == 0 && sig == 0)
                return 0;
        tail_text(output, tail, sizeof(tail));
        if (sig > 0)
                (void) snprintf(cause, sizeof(cause), "was killed by signal %d", sig);
        else
                (void) snprintf(cause, sizeof(cause), "failed with exit status %d", code);
        r = error_public(reterr, ERROR_TEMPLATE_FAILED, "Template '%s' %s%s", run->program, cause,
                         tail);
        return error_at(reterr, r, "template", run->program);
}

/* What the service manager told us is not for the template, and a template must not need what is
 * not there. */
static int make_environment(char ***ret)
{
        static const char *const not_inherited[] = {
                "NOTIFY_SOCKET=", "LISTEN_",          "INVOCATION_ID=", "JOURNAL_STREAM=",
                "WATCHDOG_",      "MAINPID=",         "MANAGERPID=",    "SYSTEMD_EXEC_PID=",
                "CREDENTIALS_",   "MEMORY_PRESSURE_",
        };
        _cleanup_(strv_free_p) char **environment = NULL;

        strv_foreach(item, environ) {
                bool ours = false;

                for (size_t i = 0; i < ELEMENTS(not_inherited); i++)
                        ours = ours || startswith(*item, not_inherited[i]);
                if (!ours && strv_add(&environment, *item) < 0)
                        return -ENOMEM;
        }
        if ((!strv_env_get(environment, "PATH") &&
             strv_env_set(&environment, "PATH", DEFAULT_PATH) < 0) ||
            (!strv_env_get(environment, "HOME") && strv_env_set(&environment, "HOME", "/root") < 0))
                return -ENOMEM;
        *ret = TAKE_PTR(environment);
        return 0;
}

static int make_arguments(const TemplateRun *run, char ***ret)
{
        _cleanup_(strv_free_p) char **argv = NULL;

        if (strv_add(&argv, run->program) < 0 ||
            strv_addf(&argv, "--path=%s", run->directory) < 0 ||
            strv_addf(&argv, "--name=%s", run->name) < 0 ||
            strv_addf(&argv, "--rootfs=%s", run->rootfs) < 0)
                return -ENOMEM;
        strv_foreach(item, (char **) run->arguments)
                if (strv_add(&argv, *item) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(argv);
        return 0;
}

static int spawn(const TemplateRun *run, int output_fd, int *ret_pidfd, Error *reterr)
{
        _cleanup_(strv_free_p) char **argv = NULL, **environment = NULL;

        if (make_arguments(run, &argv) < 0 || make_environment(&environment) < 0)
                return error_oom(reterr);
        return process_spawn(
                &(Spawn){
                        .argv = argv,
                        .environment = environment,
                        .cwd = "/",
                        .stdin_fd = -EBADF,
                        .stdout_fd = output_fd,
                        .stderr_fd = output_fd,
                        .die_with_parent = true,
                },
                NULL, ret_pidfd, reterr);
}

int template_run(const TemplateRun *run, Error *reterr)
{
        _cleanup_(fd_close_p) int read_fd = -EBADF, write_fd = -EBADF, pidfd = -EBADF;
        Output output = { .report = run->report };
        int pair[2], r, code, sig;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        read_fd = pair[0];
        write_fd = pair[1];
        r = fd_set_nonblock(read_fd, true);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot prepare a pipe");
        r = spawn(run, write_fd, &pidfd, reterr);
        if (r < 0)
                return error_set_code(reterr, r, ERROR_TEMPLATE_FAILED);
        write_fd = fd_close(write_fd);
        r = follow(&output, read_fd, pidfd);
        if (r < 0) {
                (void) process_kill(pidfd, SIGKILL);
                (void) process_wait(pidfd, &code, &sig);
                return error_errno(reterr, -r, "Cannot read the output of the template '%s'",
                                   run->program);
        }
        r = process_wait(pidfd, &code, &sig);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot wait for the template '%s'", run->program);
        return outcome(run, &output, code, sig, reterr);
}

char *template_header(const char *program, char *const *arguments)
{
        _cleanup_(free_p) char *joined = strv_join(arguments, " ");

        if (!joined)
                return NULL;
        for (char *c = joined; *c; c++)
                if (iscntrl((unsigned char) *c))
                        *c = ' ';
        return string_format(
                "# Template used to create this container: %s\n"
                "# Parameters passed to the template: %s\n"
                "# For additional config options, please look at lxc.container.conf(5)\n\n",
                program, joined);
}
