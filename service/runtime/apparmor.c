/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/apparmor.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <syslog.h>

#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "kernel/label.h"

#define PARSER "/sbin/apparmor_parser"
#define SAID_MAX 4096

static int memory_file(const char *text, Error *reterr)
{
        int fd = memfd_create("apparmor", MFD_CLOEXEC);
        int r = fd < 0 ? -errno : 0;

        if (r == 0 && text)
                r = fd_write_all(fd, text, strlen(text));
        if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
                r = -errno;
        if (r == 0)
                return fd;
        (void) fd_close(fd);
        return error_errno(reterr, -r, "Cannot make a memory file");
}

static int parser_failed(const char *name, int messages, Error *reterr)
{
        _cleanup_(free_p) char *said = NULL;

        if (lseek(messages, 0, SEEK_SET) < 0 || file_read_fd(messages, SAID_MAX, &said, NULL) < 0)
                said = NULL;
        return error_code(reterr, 0, EINVAL, "Cannot load the AppArmor profile '%s': %s", name,
                          said && *said ? string_strip(said) : "apparmor_parser ended badly");
}

static int load(const char *name, const char *text, Error *reterr)
{
        static char program[] = PARSER, replace[] = "--replace", uncached[] = "--skip-cache";
        char *const argv[] = { program, replace, uncached, NULL };
        _cleanup_(fd_close_p) int input = -EBADF, messages = -EBADF, pidfd = -EBADF;
        Spawn spawn = { .argv = argv, .stdout_fd = -1, .die_with_parent = true };
        int code, signal, r;

        if (access(PARSER, X_OK) < 0)
                return error_errno(reterr, errno,
                                   "Cannot execute '" PARSER "', which loads the profile that "
                                   "'lxc.apparmor.profile = generated' asks for (install the "
                                   "package apparmor)");
        input = memory_file(text, reterr);
        if (input < 0)
                return input;
        messages = memory_file(NULL, reterr);
        if (messages < 0)
                return messages;
        spawn.stdin_fd = input;
        spawn.stderr_fd = messages;
        r = process_spawn(&spawn, NULL, &pidfd, reterr);
        if (r < 0)
                return r;
        r = process_wait(pidfd, &code, &signal);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot wait for '" PARSER "'");
        return code != 0 || signal != 0 ? parser_failed(name, messages, reterr) : 0;
}

static int check_loaded(PlanSecurity *security, Error *reterr)
{
        int r = apparmor_profile_is_loaded(security->label);

        if (r > 0)
                return 0;
        if (security->label_optional) {
                log_event(LOG_NOTICE, NULL,
                          "The AppArmor profile '%s' is not loaded: the container is not confined",
                          security->label);
                free(security->label);
                security->label = NULL;
                return 0;
        }
        if (r < 0)
                return error_errno(reterr, -r, "Cannot look for the AppArmor profile '%s'",
                                   security->label);
        return error_code(reterr, 0, ENOENT,
                          "The AppArmor profile '%s' is not loaded into the kernel",
                          security->label);
}

int apparmor_prepare(Plan *plan, Undo *undo, Error *reterr)
{
        PlanSecurity *security = &plan->security;
        int r;

        if (!security->label || security->label_module != LABEL_APPARMOR)
                return 0;
        if (!security->apparmor_text) {
                r = check_loaded(security, reterr);
                return r < 0 ? error_at(reterr, r, NULL, "lxc.apparmor.profile") : 0;
        }
        r = undo_add(undo, UNDO_APPARMOR, security->label);
        r = r < 0 ? error_errno(reterr, -r, "Cannot write the journal of the run")
                  : load(security->label, security->apparmor_text, reterr);
        return r < 0 ? error_at(reterr, r, NULL, "lxc.apparmor.profile") : 1;
}
