/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks: programs and services of the host. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/strv.h"
#include "config/subid.h"
#include "storage/host-check.h"

#define SYSTEMD_OLDEST 252
#define PROGRAM_USEC (10 * USEC_PER_SEC)
#define IDS_WANTED 65536

/* The first line, which is all there is to read. */
static int read_line(int fd, char *ret, size_t size)
{
        struct pollfd pfd = { .fd = fd, .events = POLLIN };
        ssize_t n = poll(&pfd, 1, (int) (PROGRAM_USEC / USEC_PER_MSEC)) > 0
                            ? read(fd, ret, size - 1)
                            : -1;

        if (n <= 0)
                return -EIO;
        ret[n] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        return 0;
}

/* "systemd 252 (252.39-1~deb12u1)" */
static int systemd_version(char *ret, size_t size)
{
        _cleanup_(fd_close_p) int read_fd = -EBADF, write_fd = -EBADF, pidfd = -EBADF;
        char *const argv[] = { (char[]){ "/usr/bin/systemctl" }, (char[]){ "--version" }, NULL };
        Spawn spawn = {
                .argv = argv, .environment = environ, .stdin_fd = -EBADF, .stderr_fd = -EBADF
        };
        int pair[2], code, sig, r;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return -errno;
        read_fd = pair[0];
        spawn.stdout_fd = write_fd = pair[1];
        r = process_spawn(&spawn, NULL, &pidfd, NULL);
        if (r < 0)
                return r;
        write_fd = fd_close(write_fd);
        r = read_line(read_fd, ret, size);
        (void) process_kill(pidfd, SIGKILL);
        (void) process_wait(pidfd, &code, &sig);
        return r;
}

static int probe_systemd(const CheckInput *input, const char *argument, char **ret_detail)
{
        unsigned version = 0;
        char line[256];
        int r;

        r = systemd_version(line, sizeof(line));
        if (r < 0)
                return r;
        if (sscanf(line, "systemd %u", &version) != 1)
                return -EBADMSG;
        if (version >= SYSTEMD_OLDEST)
                *ret_detail = strdup(line);
        else if (asprintf(ret_detail, "%s, which is older than %d", line, SYSTEMD_OLDEST) < 0)
                *ret_detail = NULL;
        return *ret_detail ? version >= SYSTEMD_OLDEST : -ENOMEM;
}

bool check_systemd_is_vulnerable(const char *line)
{
        static const struct {
                unsigned major, fixed_in_minor;
        } releases[] = { { 258, 5 }, { 259, 2 } };
        unsigned major = 0, again = 0, minor = 0;

        if (sscanf(line, "systemd %u (%u.%u", &major, &again, &minor) < 1)
                return false;
        for (size_t i = 0; i < ELEMENTS(releases); i++)
                if (major == releases[i].major)
                        return minor < releases[i].fixed_in_minor;
        return false;
}

static int probe_systemd_bugs(const CheckInput *input, const char *argument, char **ret_detail)
{
        char line[256];
        int r;

        r = systemd_version(line, sizeof(line));
        return r < 0 ? r : !check_systemd_is_vulnerable(line);
}

static int probe_subids(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(subids_done) SubIds ids = SUBIDS_NULL;
        uint32_t first, count;

        if (subids_read(0, &ids, &error) < 0) {
                *ret_detail = strdup(error_message(&error));
                return *ret_detail ? 0 : -ENOMEM;
        }
        if (!ids.users || !ids.groups ||
            !subid_text_largest(ids.users, ids.name, 0, &first, &count) || count < IDS_WANTED ||
            !subid_text_largest(ids.groups, ids.name, 0, &first, &count) || count < IDS_WANTED)
                return 0;
        if (asprintf(ret_detail, "%u from %u for root's containers", count, first) < 0) {
                *ret_detail = NULL;
                return -ENOMEM;
        }
        return 1;
}

/* Any of the paths of a list separated by colons. */
static int probe_any(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(strv_free_p) char **paths = NULL;

        if (strv_split(&paths, argument, ":") < 0)
                return -ENOMEM;
        strv_foreach(path, paths)
                if (access(*path, F_OK) == 0)
                        return 1;
        return 0;
}

/* clang-format off */
const CheckRow checks_system[] = {
        { "systemd", CHECK_REQUIRED, probe_systemd, NULL, NULL },
        { "systemd CVE-2026-40223", CHECK_WARNING, probe_systemd_bugs, NULL,
          "With a container running, any local user can freeze PID 1 of this systemd: update it to 258.5, 259.2, 260 or later" },
        { "polkit", CHECK_WARNING, probe_any, "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service",
          "polkit is not installed: nobody but root may do anything" },
        { "subordinate ids", CHECK_MISSING, probe_subids, NULL,
          "Root has no range of 65536 in /etc/subuid and /etc/subgid: its containers cannot be unprivileged ('usermod --add-subuids 100000-165535 --add-subgids 100000-165535 root' gives one)" },
        { "busybox", CHECK_MISSING, probe_any, "/bin/busybox:/usr/bin/busybox:/usr/local/bin/busybox", "The template busybox does not work" },
        { "criu", CHECK_MISSING, probe_any, "/usr/sbin/criu:/usr/bin/criu:/usr/local/sbin/criu", "Containers cannot be checkpointed" },
        { NULL },
};
/* clang-format on */
