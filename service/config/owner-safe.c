/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/owner-safe.h"

#include "base/parse.h"
#include "base/strv.h"

#define TERMINALS_MAX 64
#define BUFFER_MAX (UINT64_C(1) << 20)
#define DEV_SIZE_MAX (UINT64_C(16) << 20)

bool owner_safe_any(const char *subkey, const char *value)
{
        return true;
}

/* A bare NAME would take the value out of the supervisor's environment. */
bool owner_safe_environment(const char *subkey, const char *value)
{
        return !*value || (strchr(value, '=') && value[0] != '=');
}

/* Without a session keyring of its own, the container would have the service's. */
bool owner_safe_session(const char *subkey, const char *value)
{
        return !*value || streq(value, "1");
}

static bool is_at_most(const char *value, uint64_t limit)
{
        uint64_t number;

        return !*value || (parse_u64(value, &number) == 0 && number <= limit);
}

bool owner_safe_terminals(const char *subkey, const char *value)
{
        return is_at_most(value, TERMINALS_MAX);
}

/* "auto" is 128 KiB; a size with a unit is asked for. */
bool owner_safe_buffer(const char *subkey, const char *value)
{
        return streq(value, "auto") || is_at_most(value, BUFFER_MAX);
}

bool owner_safe_dev_size(const char *subkey, const char *value)
{
        return is_at_most(value, DEV_SIZE_MAX);
}

static bool is_one_of(const char *word, const char *const *list)
{
        for (; *list; list++)
                if (streq(word, *list))
                        return true;
        return false;
}

/* A word at a time, so that no length of the value matters. */
static bool words_are_safe(const char *value, const char *separators, bool (*is_safe)(const char *))
{
        char word[64];

        for (;;) {
                size_t n;

                value += strspn(value, separators);
                n = strcspn(value, separators);
                if (n == 0)
                        return true;
                if (n >= sizeof(word))
                        return false;
                memcpy(word, value, n);
                word[n] = '\0';
                if (!is_safe(word))
                        return false;
                value += n;
        }
}

static bool auto_word_is_safe(const char *word)
{
        static const char *const safe[] = {
                "proc",      "proc:mixed", "proc:rw",    "sys",        "sys:mixed",
                "sys:ro",    "sys:rw",     "cgroup",     "cgroup2",    "cgroup:mixed",
                "cgroup:ro", "cgroup:rw",  "cgroup2:ro", "cgroup2:rw", NULL,
        };

        return is_one_of(word, safe);
}

bool owner_safe_mount_auto(const char *subkey, const char *value)
{
        return words_are_safe(value, " \t", auto_word_is_safe);
}

static bool option_is_safe(const char *option)
{
        static const char *const safe[] = {
                "defaults",    "nodev",       "nosuid",  "noexec",   "ro",
                "rw",          "relatime",    "noatime", "optional", "create=dir",
                "create=file", "newinstance", NULL,
        };

        return is_one_of(option, safe) || startswith(option, "size=") ||
               startswith(option, "mode=");
}

/* File systems that the container could as well mount itself, on a relative target. */
bool owner_safe_mount_entry(const char *subkey, const char *value)
{
        static const char *const types[] = { "tmpfs", "proc", "sysfs", "mqueue", "devpts", NULL };
        _cleanup_(strv_free_p) char **fields = NULL;

        if (!*value)
                return true;
        /* Out of memory is a no. Escapes of fstab are not looked through. */
        if (strv_split(&fields, value, " \t") < 0 || strv_length(fields) < 4)
                return false;
        if (fields[1][0] == '/' || strstr(fields[1], "..") || strchr(value, '\\'))
                return false;
        return is_one_of(fields[2], types) && words_are_safe(fields[3], ",", option_is_safe);
}

/* What is inside the container's own network namespace; how the nic is tied to the host is not. */
bool owner_safe_net(const char *subkey, const char *value)
{
        static const char *const safe[] = { "flags", "name", "ipv4.gateway", "ipv6.gateway", NULL };
        const char *name = strchr(subkey, '.');

        if (!name)
                return false;
        if (streq(name + 1, "type"))
                return streq(value, "empty");
        return is_one_of(name + 1, safe);
}
