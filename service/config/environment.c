/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/environment.h"

#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"

/* A trailing '*' stands for any rest of the name. */
static const char *const not_inherited[] = {
        "CREDENTIALS_DIRECTORY",
        "FDSTORE",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "LISTEN_*",
        "LXC_*",
        "MAINPID",
        "MANAGERPID",
        "MEMORY_PRESSURE_*",
        "MONITOR_*",
        "NOTIFY_SOCKET",
        "REMOTE_*",
        "RUNTIME_DIRECTORY",
        "SERVICE_*",
        "STATE_DIRECTORY",
        "SYSTEMD_EXEC_PID",
        "TRIGGER_*",
        "WATCHDOG_*",
};

static bool name_matches(const char *assignment, const char *pattern)
{
        size_t n = strlen(pattern);

        if (pattern[n - 1] == '*')
                return strncmp(assignment, pattern, n - 1) == 0;
        return strncmp(assignment, pattern, n) == 0 && assignment[n] == '=';
}

static bool is_inherited(const char *assignment)
{
        for (size_t i = 0; i < ELEMENTS(not_inherited); i++)
                if (name_matches(assignment, not_inherited[i]))
                        return false;
        return strchr(assignment, '=') != NULL;
}

int environment_inherit(char *const *from, char ***ret)
{
        _cleanup_(strv_free_p) char **list = NULL;

        for (; from && *from; from++)
                if (is_inherited(*from) && strv_add(&list, *from) < 0)
                        return -ENOMEM;
        *ret = TAKE_PTR(list);
        return 0;
}

static int
add_entry(char ***list, const char *entry, const char *key, char *const *ours, Error *reterr)
{
        _cleanup_(free_p) char *name = NULL;
        const char *equals = strchr(entry, '=');
        const char *value = equals ? equals + 1 : strv_env_get(ours, entry);
        int r;

        if (!value)
                return error_at(
                        reterr,
                        error_public(reterr, ERROR_INVALID_CONFIG,
                                     "'%s' takes '%s' from the environment, where it is not set",
                                     key, entry),
                        NULL, key);
        name = equals ? strndup(entry, (size_t) (equals - entry)) : strdup(entry);
        r = name ? strv_env_set(list, name, value) : -ENOMEM;
        return r < 0 ? error_oom(reterr) : 0;
}

int environment_add_entries(
        char ***list, char *const *entries, const char *key, char *const *ours, Error *reterr)
{
        for (; entries && *entries; entries++) {
                int r = add_entry(list, *entries, key, ours, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

int environment_set(char ***list, const char *name, const char *value)
{
        return value ? strv_env_set(list, name, value) : 0;
}
