/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/tool.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define DEFAULT_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
#define OUTPUT_MAX (256 * 1024)
#define TAIL_MAX 1024 /* of the standard error, in the error */

static const char *search_path(void)
{
        const char *path = getenv("PATH");

        return path && *path ? path : DEFAULT_PATH;
}

static bool is_program(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

int tool_find(const char *name, char **ret)
{
        _cleanup_(strv_free_p) char **directories = NULL;

        if (strv_split(&directories, search_path(), ":") < 0)
                return -ENOMEM;
        strv_foreach(directory, directories) {
                _cleanup_(free_p) char *path = NULL;

                if ((*directory)[0] != '/')
                        continue;
                path = string_format("%s/%s", *directory, name);
                if (!path)
                        return -ENOMEM;
                if (!is_program(path))
                        continue;
                *ret = TAKE_PTR(path);
                return 0;
        }
        return -ENOENT;
}

int tool_need(const char *name, const char *package, char **ret_reason)
{
        _cleanup_(free_p) char *path = NULL;
        int r = tool_find(name, &path);

        if (r != -ENOENT)
                return r < 0 ? r : 1;
        *ret_reason = string_format("The program '%s' is not installed (Debian package %s)", name,
                                    package);
        if (!*ret_reason)
                return -ENOMEM;
        return 0;
}

/* One stream of a program. Of more than `limit` bytes the last are kept, or, where the beginning counts,
 * the first. */
typedef struct Stream {
        int fd;
        char *text;
        size_t n, limit;
        bool keep_end;
} Stream;

static void stream_done(Stream *stream)
{
        (void) fd_close(stream->fd);
        free(stream->text);
}

static void stream_add(Stream *stream, const char *data, size_t n)
{
        size_t room;

        if (stream->keep_end && n > stream->limit) {
                data += n - stream->limit;
                n = stream->limit;
        }
        room = stream->limit - stream->n;
        if (n > room && stream->keep_end) {
                memmove(stream->text, stream->text + (n - room), stream->n - (n - room));
                stream->n -= n - room;
        } else if (n > room)
                n = room;
        memcpy(stream->text + stream->n, data, n);
        stream->n += n;
        stream->text[stream->n] = '\0';
}

/* Until there is nothing to read at the moment. */
static void stream_read(Stream *stream)
{
        char buffer[4096];
        ssize_t n;

        while ((n = read(stream->fd, buffer, sizeof(buffer))) > 0)
                stream_add(stream, buffer, (size_t) n);
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
                stream->fd = fd_close(stream->fd);
}

/* Return: the fd to write to, -errno. */
static int stream_open(Stream *stream, size_t limit, bool keep_end)
{
        int pair[2], r;

        *stream = (Stream){ .fd = -EBADF, .limit = limit, .keep_end = keep_end };
        stream->text = malloc(limit + 1);
        if (!stream->text)
                return -ENOMEM;
        stream->text[0] = '\0';
        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        stream->fd = pair[0];
        r = fd_set_nonblock(stream->fd, true);
        if (r == 0)
                return pair[1];
        (void) fd_close(pair[1]);
        return r;
}

/* What the program has left running may hold the pipes, so its own end counts. */
static int follow(Stream *output, Stream *errors, int pidfd)
{
        struct pollfd polls[] = {
                { .fd = pidfd, .events = POLLIN },
                { .events = POLLIN },
                { .events = POLLIN },
        };

        do {
                polls[1].fd = output->fd;
                polls[2].fd = errors->fd;
                if (poll(polls, ELEMENTS(polls), -1) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (output->fd >= 0)
                        stream_read(output);
                if (errors->fd >= 0)
                        stream_read(errors);
        } while (!polls[0].revents);
        return 0;
}

/* In one line, without control characters. `ret` has room for twice TAIL_MAX. */
static void tidy(char *text, char *ret)
{
        for (char *p = string_strip(text); *p; p++) {
                if (*p != '\n') {
                        *ret++ = iscntrl((unsigned char) *p) ? ' ' : *p;
                        continue;
                }
                *ret++ = ';';
                *ret++ = ' ';
                while (isspace((unsigned char) p[1]))
                        p++;
        }
        *ret = '\0';
}

static int outcome(const char *name, Stream *errors, int code, int sig, Error *reterr)
{
        char text[2 * TAIL_MAX + 1];

        if (code == 0 && sig == 0)
                return 0;
        tidy(errors->text, text);
        if (sig > 0)
                return error_code(reterr, 0, EIO, "'%s' was killed by signal %d", name, sig);
        return error_code(reterr, 0, EIO, "'%s' failed with exit status %d%s%s", name, code,
                          *text ? ": " : "", text);
}

static int spawn(const char *path,
                 const char *const *argv,
                 int output_fd,
                 int errors_fd,
                 int *ret_pidfd,
                 Error *reterr)
{
        _cleanup_(strv_free_p) char **words = NULL, **environment = NULL;

        if (strv_add(&words, path) < 0 || strv_env_set(&environment, "PATH", search_path()) < 0 ||
            strv_env_set(&environment, "LC_ALL", "C") < 0)
                return error_oom(reterr);
        for (argv++; *argv; argv++)
                if (strv_add(&words, *argv) < 0)
                        return error_oom(reterr);
        return process_spawn(
                &(Spawn){
                        .argv = words,
                        .environment = environment,
                        .cwd = "/",
                        .stdin_fd = -EBADF,
                        .stdout_fd = output_fd,
                        .stderr_fd = errors_fd,
                        .die_with_parent = true,
                },
                NULL, ret_pidfd, reterr);
}

static int
run(const char *path, const char *const *argv, Stream *output, Stream *errors, Error *reterr)
{
        _cleanup_(fd_close_p) int output_fd = -EBADF, errors_fd = -EBADF, pidfd = -EBADF;
        int r, code, sig;

        output_fd = stream_open(output, OUTPUT_MAX, false);
        errors_fd = stream_open(errors, TAIL_MAX, true);
        if (output_fd < 0 || errors_fd < 0)
                return error_errno(reterr, output_fd < 0 ? -output_fd : -errors_fd,
                                   "Cannot make a pipe");
        r = spawn(path, argv, output_fd, errors_fd, &pidfd, reterr);
        if (r < 0)
                return r;
        output_fd = fd_close(output_fd);
        errors_fd = fd_close(errors_fd);
        r = follow(output, errors, pidfd);
        if (r < 0)
                (void) process_kill(pidfd, SIGKILL);
        if (process_wait(pidfd, &code, &sig) < 0)
                sig = SIGKILL;
        return r < 0 ? error_errno(reterr, -r, "Cannot follow '%s'", argv[0])
                     : outcome(argv[0], errors, code, sig, reterr);
}

int tool_run(const char *const *argv, char **ret_output, Error *reterr)
{
        _cleanup_(stream_done) Stream output = { .fd = -EBADF }, errors = { .fd = -EBADF };
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = tool_find(argv[0], &path);
        if (r == -ENOENT)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "The program '%s' is not installed", argv[0]);
        if (r < 0)
                return error_oom(reterr);
        r = run(path, argv, &output, &errors, reterr);
        if (r == 0 && ret_output)
                *ret_output = TAKE_PTR(output.text);
        return r;
}

int tool_has(int r, Error *error, const char *absent, Error *reterr)
{
        if (r >= 0)
                return 1;
        if (strstr(error_message(error), absent))
                return 0;
        if (reterr)
                error_move(reterr, error);
        return r;
}
