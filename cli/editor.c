/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/editor.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/strv.h"

#define DEFAULT_EDITOR "editor"

int editor_begin(const char *subject, const char *text, char **ret_path, Error *reterr)
{
        const char *directory = getenv("TMPDIR");
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;
        int r;

        path = string_format("%s/nagaya-%s-XXXXXX.conf",
                             directory && *directory ? directory : "/tmp", subject);
        if (!path)
                return error_oom(reterr);
        fd = mkostemps(path, (int) strlen(".conf"), O_CLOEXEC);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot make the file '%s' to edit", path);
        r = fd_write_all(fd, text, strlen(text));
        if (r < 0) {
                (void) unlink(path);
                return error_errno(reterr, -r, "Cannot write '%s'", path);
        }
        *ret_path = TAKE_PTR(path);
        return 0;
}

static const char *editor_name(void)
{
        static const char *const variables[] = { "VISUAL", "EDITOR" };

        for (size_t i = 0; i < ELEMENTS(variables); i++) {
                const char *value = getenv(variables[i]);

                if (value && *value)
                        return value;
        }
        return DEFAULT_EDITOR;
}

/* The words of $EDITOR, which may have options, and the file. */
static int editor_words(const char *path, char ***ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **argv = NULL;

        if (strv_split(&argv, editor_name(), " \t") < 0 || strv_add(&argv, path) < 0)
                return error_oom(reterr);
        *ret = TAKE_PTR(argv);
        return 0;
}

/* In our own session: it has the terminal. Ctrl+C is the editor's meanwhile. */
static int run(char **argv, Error *reterr)
{
        struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
        int status = 0;
        pid_t pid;

        (void) sigaction(SIGINT, &ignore, &interrupt);
        (void) sigaction(SIGQUIT, &ignore, &quit);
        pid = fork();
        if (pid == 0) {
                (void) sigaction(SIGINT, &interrupt, NULL);
                (void) sigaction(SIGQUIT, &quit, NULL);
                (void) execvp(argv[0], argv);
                _exit(127);
        }
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        (void) sigaction(SIGINT, &interrupt, NULL);
        (void) sigaction(SIGQUIT, &quit, NULL);
        if (pid < 0)
                return error_errno(reterr, errno, "Cannot fork to run the editor '%s'", argv[0]);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
                return error_errno(reterr, ENOENT,
                                   "Cannot run the editor '%s' (set EDITOR to another one)",
                                   argv[0]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return error_code(reterr, 0, ECANCELED,
                                  "The editor '%s' failed; nothing was changed", argv[0]);
        return 0;
}

int editor_run(const char *path, size_t limit, char **ret_text, Error *reterr)
{
        _cleanup_(strv_free_p) char **argv = NULL;
        int r;

        r = editor_words(path, &argv, reterr);
        if (r == 0)
                r = run(argv, reterr);
        if (r < 0)
                return r;
        r = file_read(AT_FDCWD, path, limit, ret_text, NULL);
        return r < 0 ? error_errno(reterr, -r, "Cannot read '%s'", path) : 0;
}
