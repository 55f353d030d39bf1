/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* nagaya-seccomp PROFILE - compiles a seccomp profile; the BPF program goes to standard output,
 * what there is to say to standard error. "-" reads standard input, and a second argument is then
 * the name for messages. A process of its own, so that no supervisor has libseccomp in its
 * memory. */

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "base/strv.h"
#include "runtime/seccomp/compile.h"

#define PROFILE_SIZE_MAX (1U << 20)

static int read_profile(const char *path, char **ret, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (streq(path, "-"))
                fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        else
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        r = fd < 0 ? -errno : file_read_fd(fd, PROFILE_SIZE_MAX, ret, NULL);
        return r < 0 ? error_errno(reterr, -r, "Cannot read '%s'", path) : 0;
}

static int compile(const char *path, const char *name, Error *reterr)
{
        _cleanup_(seccomp_profile_free_p) SeccompProfile *profile = NULL;
        _cleanup_(strv_free_p) char **warnings = NULL;
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = read_profile(path, &text, reterr);
        if (r < 0)
                return r;
        r = seccomp_profile_parse(text, name, &profile, reterr);
        if (r < 0)
                return r;
        r = seccomp_compile(profile, name, STDOUT_FILENO, &warnings, reterr);
        strv_foreach(warning, warnings)
                (void) fprintf(stderr, "%s\n", *warning);
        return r;
}

int main(int argc, char *argv[])
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (argc < 2 || argc > 3) {
                (void) fprintf(stderr, "Usage: nagaya-seccomp PROFILE\n"
                                       "       nagaya-seccomp - NAME < PROFILE\n");
                return 2;
        }
        if (compile(argv[1], argv[argc - 1], &error) < 0) {
                (void) fprintf(stderr, "%s\n", error_message(&error));
                return 1;
        }
        return 0;
}
