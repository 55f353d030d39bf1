/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A hook's end is the end of its program, not of its output: what it leaves behind in the
 * background may hold the pipe open for ever. */

#include "config/hook.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "config/data-path.h"
#include "config/hook-line.h"
#include "interfaces/errors.h"

#define LINE_SIZE 1024
#define TAIL_SIZE 2048
#define TAIL_SEPARATOR " | "
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct HookRun {
        HookType type;
        const char *name;
        char *program;
        pid_t pid;
        int pidfd;
        int output_fd;
        uint64_t timeout_usec, deadline_usec;
        bool expired;
        HookOutput output;
        void *userdata;
        char line[LINE_SIZE]; /* the line being read */
        size_t size;
        char tail[TAIL_SIZE]; /* the last whole ones, for the error */
};

void hook_output_log(HookType type, const char *line, void *userdata)
{
        const char *fields[8] = { NULL };
        char field[64];
        size_t n = 0;

        for (const char *const *more = userdata; more && *more && n < ELEMENTS(fields) - 2; more++)
                fields[n++] = *more;
        fields[n] = field;
        (void) snprintf(field, sizeof(field), "HOOK=%s", hook_type_name(type));
        log_event(LOG_INFO, fields, "Hook %s: %s", hook_type_name(type), line);
}

static const char *call_name(const HookCall *call)
{
        return call->name ? call->name : hook_type_name(call->type);
}

static const char *call_section(const HookCall *call)
{
        return call->section ? call->section : "lxc";
}

static int build_arguments(const HookCall *call, char ***ret)
{
        _cleanup_(strv_free_p) char **words = NULL;
        int r;

        r = hook_split(call->line, &words);
        if (r < 0)
                return r;
        if (call->set->version == 0 &&
            (strv_add(&words, call->set->name) < 0 || strv_add(&words, call_section(call)) < 0 ||
             strv_add(&words, call_name(call)) < 0))
                return -ENOMEM;
        for (char *const *argument = call->arguments; argument && *argument; argument++)
                if (strv_add(&words, *argument) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(words);
        return 0;
}

static int build_environment(const HookCall *call, char ***ret)
{
        _cleanup_(strv_free_p) char **list = NULL;

        if (strv_copy(&list, call->set->environment) < 0)
                return -ENOMEM;
        for (char *const *item = call->environment; item && *item; item++)
                if (strv_add(&list, *item) < 0)
                        return -ENOMEM;
        if (!strv_env_get(list, "PATH") && strv_env_set(&list, "PATH", DEFAULT_PATH) < 0)
                return -ENOMEM;
        if (call->set->version > 0 &&
            (strv_env_set(&list, "LXC_HOOK_TYPE", call_name(call)) < 0 ||
             strv_env_set(&list, "LXC_HOOK_SECTION", call_section(call)) < 0))
                return -ENOMEM;
        *ret = TAKE_PTR(list);
        return 0;
}

static int replace(char **name, char *path)
{
        free(*name);
        *name = path;
        return 0;
}

/* A name without a slash is looked up in PATH, as a shell would; LXC's own hooks where they are. */
static int resolve_program(char **name, char *const *environment)
{
        _cleanup_(strv_free_p) char **directories = NULL;
        char *path;

        if (strchr(*name, '/'))
                return data_path_resolve(*name, DATA_DIR, &path) < 0 ? -ENOMEM
                                                                     : replace(name, path);
        if (strv_split(&directories, strv_env_get(environment, "PATH"), ":") < 0)
                return -ENOMEM;
        strv_foreach(directory, directories) {
                path = string_format("%s/%s", *directory, *name);
                if (!path)
                        return -ENOMEM;
                if (access(path, X_OK) == 0)
                        return replace(name, path);
                free(path);
        }
        return -ENOENT;
}

/* An executable text without "#!" is one for the shell, as in execvp(3). */
static int spawn_as_script(const Spawn *spawn, HookRun *run, Error *reterr)
{
        _cleanup_(strv_free_p) char **argv = NULL;
        Spawn shell = *spawn;

        if (strv_add(&argv, "/bin/sh") < 0)
                return error_oom(reterr);
        for (char *const *word = spawn->argv; *word; word++)
                if (strv_add(&argv, *word) < 0)
                        return error_oom(reterr);
        shell.argv = argv;
        return process_spawn(&shell, &run->pid, &run->pidfd, reterr);
}

static int spawn(HookRun *run, char **argv, char **environment, Error *reterr)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(fd_close_p) int write_fd = -EBADF;
        Spawn program = { .argv = argv, .environment = environment, .stdin_fd = -EBADF };
        int pair[2], r;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        run->output_fd = pair[0];
        write_fd = pair[1];
        if (fcntl(run->output_fd, F_SETFL, O_NONBLOCK) < 0)
                return error_errno(reterr, errno, "Cannot set up a pipe");
        program.stdout_fd = program.stderr_fd = write_fd;
        r = process_spawn(&program, &run->pid, &run->pidfd, &error);
        if (r == -ENOEXEC)
                return spawn_as_script(&program, run, reterr);
        if (r < 0)
                error_move(reterr, &error);
        return r;
}

static int hook_failed(const HookCall *call, int errnum, Error *reterr)
{
        int r = error_code(reterr, ERROR_HOOK_FAILED, errnum, "Cannot run %s hook '%s': %s",
                           call_name(call), call->line, strerror(errnum));

        return error_at(reterr, r, NULL, call->line);
}

int hook_run_start(const HookCall *call, HookRun **ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **argv = NULL, **environment = NULL;
        _cleanup_(hook_run_free_p) HookRun *run = calloc(1, sizeof(HookRun));
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        if (!run)
                return error_oom(reterr);
        run->type = call->type;
        run->name = call_name(call);
        run->output = call->output ? call->output : hook_output_log;
        run->userdata = call->userdata;
        run->pidfd = run->output_fd = -EBADF;
        run->timeout_usec = call->set->timeout_usec;
        run->deadline_usec = run->timeout_usec > 0 ? now_usec() + run->timeout_usec : USEC_INFINITY;

        r = build_arguments(call, &argv);
        if (r == -EINVAL)
                return error_at(reterr,
                                error_public(reterr, ERROR_INVALID_CONFIG,
                                             "The %s hook '%s' has a quote that is not closed",
                                             call_name(call), call->line),
                                NULL, call->line);
        if (r < 0 || build_environment(call, &environment) < 0)
                return error_oom(reterr);
        r = resolve_program(&argv[0], environment);
        if (r < 0)
                return hook_failed(call, -r, reterr);
        run->program = strdup(argv[0]);
        if (!run->program)
                return error_oom(reterr);
        r = spawn(run, argv, environment, &error);
        if (r < 0)
                return hook_failed(call, -r, reterr);
        *ret = TAKE_PTR(run);
        return 0;
}

int hook_run_pidfd(const HookRun *run)
{
        return run->pidfd;
}

int hook_run_output_fd(const HookRun *run)
{
        return run->output_fd;
}

uint64_t hook_run_deadline(const HookRun *run)
{
        return run->deadline_usec;
}

/* Not reaped yet, its pid is nobody else's; it leads a session, and so a group, of its own. */
void hook_run_kill(HookRun *run)
{
        if (run->pid > 0) {
                (void) kill(-run->pid, SIGKILL);
                (void) process_kill(run->pidfd, SIGKILL);
        }
}

void hook_run_expire(HookRun *run)
{
        run->expired = true;
        run->deadline_usec = USEC_INFINITY;
        hook_run_kill(run);
}

/* A line fits; for one more the oldest go. */
static void keep_line(HookRun *run)
{
        size_t size = strlen(run->tail), added = run->size + strlen(TAIL_SEPARATOR);

        while (size + added >= TAIL_SIZE) {
                const char *second = strstr(run->tail, TAIL_SEPARATOR);
                const char *rest = second ? second + strlen(TAIL_SEPARATOR) : run->tail + size;

                size -= (size_t) (rest - run->tail);
                memmove(run->tail, rest, size + 1);
        }
        (void) snprintf(run->tail + size, TAIL_SIZE - size, "%s%s", size > 0 ? TAIL_SEPARATOR : "",
                        run->line);
}

static void end_line(HookRun *run)
{
        if (run->size == 0)
                return;
        run->line[run->size] = '\0';
        (void) utf8_make_valid(run->line);
        keep_line(run);
        run->size = 0;
        run->output(run->type, run->line, run->userdata);
}

static void take_output(HookRun *run, const char *data, size_t size)
{
        for (size_t i = 0; i < size; i++) {
                if (data[i] == '\n') {
                        end_line(run);
                        continue;
                }
                if (run->size == LINE_SIZE - 1)
                        end_line(run);
                run->line[run->size++] = iscntrl((unsigned char) data[i]) ? ' ' : data[i];
        }
}

int hook_run_read(HookRun *run)
{
        char data[4096];
        ssize_t n;

        n = read(run->output_fd, data, sizeof(data));
        if (n > 0)
                take_output(run, data, (size_t) n);
        return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* At most what a pipe holds: a background process that goes on writing does not keep us here. */
static void drain(HookRun *run)
{
        struct pollfd pfd = { .fd = run->output_fd, .events = POLLIN };

        for (unsigned i = 0; i < 16; i++)
                if (poll(&pfd, 1, 0) <= 0 || hook_run_read(run) == 0)
                        break;
        end_line(run);
}

/* Why it failed, with the last lines that it wrote. */
static int run_failed(const HookRun *run, int code, int signal, Error *reterr)
{
        const char *colon = run->tail[0] ? ": " : "", *type = run->name;
        int r;

        if (run->expired)
                r = error_code(reterr, ERROR_HOOK_FAILED, ETIMEDOUT,
                               "Hook %s, '%s', was killed: it had not ended after %" PRIu64
                               " s, the limit 'lxc.hook.timeout' of this host%s%s",
                               type, run->program, run->timeout_usec / USEC_PER_SEC, colon,
                               run->tail);
        else if (signal > 0)
                r = error_public(reterr, ERROR_HOOK_FAILED,
                                 "Hook %s, '%s', was killed by SIG%s%s%s", type, run->program,
                                 sigabbrev_np(signal), colon, run->tail);
        else
                r = error_public(reterr, ERROR_HOOK_FAILED,
                                 "Hook %s, '%s', ended with exit status %d%s%s", type, run->program,
                                 code, colon, run->tail);
        return error_at(reterr, r, NULL, run->program);
}

int hook_run_finish(HookRun *run, Error *reterr)
{
        int code, signal, r;

        r = process_wait(run->pidfd, &code, &signal);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot wait for hook '%s'", run->program);
        run->pid = 0;
        drain(run);
        if (code == 0 && signal == 0)
                return 0;
        return run_failed(run, code, signal, reterr);
}

HookRun *hook_run_free(HookRun *run)
{
        int code, signal;

        if (!run)
                return NULL;
        if (run->pid > 0 && run->pidfd >= 0) {
                hook_run_kill(run);
                (void) process_wait(run->pidfd, &code, &signal);
        }
        (void) fd_close(run->pidfd);
        (void) fd_close(run->output_fd);
        free(run->program);
        free(run);
        return NULL;
}

/* For poll(2). */
static int milliseconds_left(uint64_t deadline_usec)
{
        uint64_t now = now_usec();

        if (deadline_usec == USEC_INFINITY)
                return -1;
        if (deadline_usec <= now)
                return 0;
        return (int) ((deadline_usec - now) / USEC_PER_MSEC % INT_MAX) + 1;
}

int hook_run(const HookCall *call, Error *reterr)
{
        _cleanup_(hook_run_free_p) HookRun *run = NULL;
        struct pollfd pfds[2];
        int n, r;

        r = hook_run_start(call, &run, reterr);
        if (r < 0)
                return r;
        pfds[0] = (struct pollfd){ .fd = run->pidfd, .events = POLLIN };
        pfds[1] = (struct pollfd){ .fd = run->output_fd, .events = POLLIN };
        for (;;) {
                n = poll(pfds, 2, milliseconds_left(run->deadline_usec));
                if (n < 0 && errno != EINTR)
                        return error_errno(reterr, errno, "Cannot wait for a hook");
                if (n == 0 && run->deadline_usec <= now_usec())
                        hook_run_expire(run);
                if (n <= 0)
                        continue;
                if (pfds[1].revents && hook_run_read(run) == 0)
                        pfds[1].fd = -1;
                if (pfds[0].revents)
                        return hook_run_finish(run, reterr);
        }
}

int hooks_run(const HookCall *call, Error *reterr)
{
        HookCall one = *call;

        strv_foreach(line, call->set->lines[call->type]) {
                int r;

                one.line = *line;
                r = hook_run(&one, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}
