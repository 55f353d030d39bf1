/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/legacy.h"

#include <ctype.h>
#include <inttypes.h>

#include "base/parse.h"
#include "base/strv.h"
#include "config/keys.h"
#include "config/net-keys.h"

typedef struct Note {
        const char *name;
        const char *text;
} Note;

static const Note removed[] = {
        { "lxc.kmsg", "was removed in LXC 3.0 and has no effect" },
        { "lxc.pivotdir", "was removed in LXC 3.0 and has no effect: no directory is needed" },
};

static const Note hints[] = {
        { "lxc.lxcpath", "it belongs in the host's configuration, nagaya.conf" },
        { "lxc.default_config", "it belongs in the host's configuration, nagaya.conf" },
        { "lxc.bdev", "it belongs in the host's configuration, nagaya.conf" },
        { "lxc.cgroup.use", "it belongs in the host's configuration, nagaya.conf" },
        { "lxc.cgroup.pattern", "it belongs in the host's configuration, nagaya.conf" },
        { "lxc.init", "did you mean 'lxc.init.cmd'?" },
        { "lxc.limits", "did you mean 'lxc.prlimit'?" },
};

static const char *note_find(const Note *notes, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (streq(notes[i].name, name))
                        return notes[i].text;
        return NULL;
}

const char *legacy_removed(const char *name)
{
        return note_find(removed, ELEMENTS(removed), name);
}

const char *legacy_hint(const char *name)
{
        if (startswith(name, "lxc.bdev."))
                name = "lxc.bdev";
        return note_find(hints, ELEMENTS(hints), name);
}

static LegacyResult print_nic(char *ret, size_t size, unsigned index, const char *suffix)
{
        const NetKey *row = net_key_find_legacy(suffix);
        int n;

        if (!row)
                return LEGACY_NONE;
        n = snprintf(ret, size, "lxc.net.%u.%s", index, row->name);
        return n > 0 && (size_t) n < size ? LEGACY_RENAMED : LEGACY_NONE;
}

/* "N" or "N.KEY". */
static LegacyResult translate_numbered(const char *suffix, char *ret, size_t size)
{
        size_t n = strspn(suffix, "0123456789");
        char digits[12];
        uint32_t index;

        if (n >= sizeof(digits) || (suffix[n] && suffix[n] != '.'))
                return LEGACY_NONE;
        memcpy(digits, suffix, n);
        digits[n] = '\0';
        if (parse_u32(digits, &index) < 0)
                return LEGACY_NONE;
        if (suffix[n])
                return print_nic(ret, size, index, suffix + n + 1);
        (void) snprintf(ret, size, "lxc.net.%" PRIu32, index);
        return LEGACY_RENAMED;
}

static LegacyResult translate_network(const char *suffix, unsigned next_nic, char *ret, size_t size)
{
        if (isdigit((unsigned char) suffix[0]))
                return translate_numbered(suffix, ret, size);
        if (!net_key_find_legacy(suffix))
                return LEGACY_NONE;
        if (streq(suffix, "type"))
                return print_nic(ret, size, next_nic, suffix);
        return next_nic ? print_nic(ret, size, next_nic - 1, suffix) : LEGACY_NO_NIC;
}

/* The new name, and behind a prefix what followed the old one. */
static LegacyResult translate_row(const ConfigKey *row, const char *rest, char *ret, size_t size)
{
        int n;

        if (*rest && (row->match != KEY_PREFIX || *rest != '.'))
                return LEGACY_NONE;
        n = snprintf(ret, size, "%s%s", row->name, rest);
        return n > 0 && (size_t) n < size ? LEGACY_RENAMED : LEGACY_NONE;
}

LegacyResult legacy_translate(const char *name, unsigned next_nic, char *ret, size_t size)
{
        const char *suffix = startswith(name, "lxc.network.");
        const char *net = startswith(name, "lxc.net.");

        if (suffix)
                return translate_network(suffix, next_nic, ret, size);
        /* lxc.net.N.ipv4 was written for a while before it became lxc.net.N.ipv4.address. */
        if (net && translate_numbered(net, ret, size) == LEGACY_RENAMED)
                return LEGACY_RENAMED;
        for (size_t i = 0; i < config_keys_n; i++) {
                const ConfigKey *row = &config_keys[i];
                const char *rest = row->legacy ? startswith(name, row->legacy) : NULL;

                if (rest && translate_row(row, rest, ret, size) == LEGACY_RENAMED)
                        return LEGACY_RENAMED;
        }
        return LEGACY_NONE;
}
