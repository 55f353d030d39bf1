/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Checks: programs and services of the host. */

#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "config/subid.h"
#include "storage/check/check.h"
#include "storage/systemd-version.h"
#include "storage/backend/tool.h"

#define SYSTEMD_OLDEST 252
#define IDS_WANTED 65536

/* "systemd 252 (252.39-1~deb12u1)"; the caller frees. */
static int systemd_version(char **ret)
{
        static const char *const argv[] = { "systemctl", "--version", NULL };
        int r = tool_run(argv, ret, NULL);

        if (r == 0)
                (*ret)[strcspn(*ret, "\n")] = '\0';
        return r;
}

static int probe_systemd(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(free_p) char *line = NULL;
        unsigned version = 0;
        int r;

        r = systemd_version(&line);
        if (r < 0)
                return r;
        if (sscanf(line, "systemd %u", &version) != 1)
                return -EBADMSG;
        if (version >= SYSTEMD_OLDEST)
                *ret_detail = strdup(line);
        else
                *ret_detail = string_format("%s, which is older than %d", line, SYSTEMD_OLDEST);
        return *ret_detail ? version >= SYSTEMD_OLDEST : -ENOMEM;
}

static int probe_systemd_bugs(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(free_p) char *line = NULL;
        const char *version;
        int r;

        r = systemd_version(&line);
        if (r < 0)
                return r;
        version = strchr(line, '(');
        return !systemd_version_is_vulnerable(version ? version + 1 : "");
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
        *ret_detail = string_format("%u from %u for root's containers", count, first);
        if (!*ret_detail)
                return -ENOMEM;
        return 1;
}

static int probe_path(const CheckInput *input, const char *argument, char **ret_detail)
{
        return access(argument, F_OK) == 0;
}

static int probe_program(const CheckInput *input, const char *argument, char **ret_detail)
{
        _cleanup_(free_p) char *path = NULL;
        int r = tool_find(argument, &path);

        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* clang-format off */
const CheckRow checks_system[] = {
        { "systemd", CHECK_REQUIRED, probe_systemd, NULL, NULL },
        { "fix of CVE-2026-40223", CHECK_WARNING, probe_systemd_bugs, NULL, SYSTEMD_VULNERABLE },
        { "polkit", CHECK_WARNING, probe_path, "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service",
          "polkit is not installed: nobody but root may do anything" },
        { "subordinate ids", CHECK_MISSING, probe_subids, NULL,
          "Root has no range of 65536 in /etc/subuid and /etc/subgid: its containers cannot be unprivileged ('usermod --add-subuids 100000-165535 --add-subgids 100000-165535 root' gives one)" },
        { "busybox", CHECK_MISSING, probe_program, "busybox", "The template busybox does not work" },
        { "criu", CHECK_MISSING, probe_program, "criu", "Containers cannot be checkpointed" },
        { NULL },
};
/* clang-format on */
