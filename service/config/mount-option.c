/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config/mount-option.h"

#include <sys/mount.h>

#include "base/strv.h"

/* clang-format off */
static const MountOption mount_options[] = {
        { "async",         .clear = MS_SYNCHRONOUS },
        { "atime",         .clear = MS_NOATIME },
        { "auto" },
        { "bind",          .bind = true },
        { "defaults" },
        { "dev",           .clear = MS_NODEV },
        { "diratime",      .clear = MS_NODIRATIME },
        { "dirsync",       .set = MS_DIRSYNC },
        { "exec",          .clear = MS_NOEXEC },
        { "lazytime",      .set = MS_LAZYTIME },
        { "mand",          .set = MS_MANDLOCK },
        { "noatime",       .set = MS_NOATIME },
        { "noauto" },
        { "nodev",         .set = MS_NODEV },
        { "nodiratime",    .set = MS_NODIRATIME },
        { "noexec",        .set = MS_NOEXEC },
        { "nofail",        .optional = true },
        { "nomand",        .clear = MS_MANDLOCK },
        { "norelatime",    .clear = MS_RELATIME },
        { "nostrictatime", .clear = MS_STRICTATIME },
        { "nosuid",        .set = MS_NOSUID },
        { "optional",      .optional = true },
        { "private",       .propagation = MS_PRIVATE },
        { "rbind",         .bind = true, .recursive = true },
        { "relatime",      .set = MS_RELATIME },
        { "remount",       .change = true },
        { "ro",            .set = MS_RDONLY },
        { "rprivate",      .propagation = MS_PRIVATE | MS_REC },
        { "rshared",       .propagation = MS_SHARED | MS_REC },
        { "rslave",        .propagation = MS_SLAVE | MS_REC },
        { "runbindable",   .propagation = MS_UNBINDABLE | MS_REC },
        { "rw",            .clear = MS_RDONLY },
        { "shared",        .propagation = MS_SHARED },
        { "slave",         .propagation = MS_SLAVE },
        { "strictatime",   .set = MS_STRICTATIME },
        { "suid",          .clear = MS_NOSUID },
        { "sync",          .set = MS_SYNCHRONOUS },
        { "unbindable",    .propagation = MS_UNBINDABLE },
        { "_netdev" },
};
/* clang-format on */

/* Ours, LXC's and those of mount(8) that have a value. */
static const char *const prefixes[] = { "idmap=", "create=", "x-" };

const MountOption *mount_option_find(const char *word)
{
        for (size_t i = 0; i < ELEMENTS(mount_options); i++)
                if (streq(word, mount_options[i].name))
                        return &mount_options[i];
        return NULL;
}

static bool is_generic(const char *word)
{
        if (mount_option_find(word) || streq(word, "relative"))
                return true;
        for (size_t i = 0; i < ELEMENTS(prefixes); i++)
                if (startswith(word, prefixes[i]))
                        return true;
        return false;
}

int mount_options_divide(const char *text, char **ret_generic, char **ret_own)
{
        _cleanup_(strv_free_p) char **words = NULL, **generic = NULL, **own = NULL;
        _cleanup_(free_p) char *joined = NULL;

        if (strv_split(&words, text, ",") < 0)
                return -ENOMEM;
        strv_foreach(word, words)
                if (strv_add(is_generic(*word) ? &generic : &own, *word) < 0)
                        return -ENOMEM;
        joined = strv_join(generic, ",");
        *ret_own = joined ? strv_join(own, ",") : NULL;
        if (!*ret_own)
                return -ENOMEM;
        *ret_generic = TAKE_PTR(joined);
        return 0;
}
