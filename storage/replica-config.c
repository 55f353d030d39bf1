/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/replica-config.h"

#include "base/file.h"
#include "config/mount-option.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "storage/clone-config.h"
#include "storage/replica-files.h"

#define CONFIG_MODE 0640

/* Covers the directory of both layers, which begin as they are on the disk. */
static int write_tmpfs_hook(const Replica *replica, Error *reterr)
{
        static const char text[] = "#!/bin/sh\n"
                                   "# What this container changes is lost when it stops.\n"
                                   "set -e\n"
                                   "d=${0%/*}\n"
                                   "mount -n -t tmpfs -o mode=0755 none \"$d/rootfs\"\n"
                                   "cp -a \"$d/overlay/delta\" \"$d/rootfs/delta\"\n"
                                   "mount -n --move \"$d/rootfs\" \"$d/overlay\"\n";
        int r = file_write_atomic(replica->draft.dir_fd, CLONE_TMPFS_HOOK, text, 0755, false);

        return r < 0 ? error_errno(reterr, -r, "Cannot write the hook of '%s'",
                                   replica->spec->container)
                     : 0;
}

/* Where the clone is another file system than its source: what is every mount's goes along, what is for the
 * source's own would keep the clone from being mounted. LXC hands on everything. Return: 0 (*ret NULL: as
 * they are), -errno. */
static int choose_options(const Replica *replica, char **ret, Error *reterr)
{
        const char *options = replica->spec->original->config->rootfs.options;
        _cleanup_(free_p) char *generic = NULL, *own = NULL;

        if (replica->same_file_system || !options)
                return 0;
        if (mount_options_divide(options, &generic, &own) < 0)
                return error_oom(reterr);
        if (!*own)
                return 0;
        report_message(replica->spec->report,
                       "'lxc.rootfs.options' goes along without '%s', which is for the file system "
                       "of the source",
                       own);
        *ret = TAKE_PTR(generic);
        return 0;
}

int replica_write_config(const Replica *replica, Config **ret, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        const Original *original = spec->original;
        _cleanup_(free_p) char *options = NULL;
        CloneConfig clone = {
                .from = original->site->directory,
                .to = spec->site->directory,
                .name = spec->uts_name,
                .rootfs = replica->rootfs_path,
                .keep_mac = spec->keep_mac,
                .ephemeral = spec->ephemeral,
                .tmpfs = spec->tmpfs,
                .mounts = spec->mounts,
        };
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(clone_items_done) CloneItems items = { 0 };
        _cleanup_(free_p) char *text = NULL;
        int r;

        if (document_new(original->text, &document) < 0)
                return error_oom(reterr);
        r = choose_options(replica, &options, reterr);
        clone.rootfs_options = options;
        if (r == 0)
                r = clone_config(document, &clone, &items, reterr);
        if (r == 0)
                r = replica_copy_items(&items, &clone, original->dir_fd, replica->draft.dir_fd,
                                       reterr);
        if (r == 0 && spec->tmpfs)
                r = write_tmpfs_hook(replica, reterr);
        if (r < 0)
                return r;
        text = document_text(document);
        if (!text)
                return error_oom(reterr);
        r = config_parse_text(text, "config", ret, NULL, reterr);
        if (r == 0)
                r = file_write_atomic(replica->draft.dir_fd, "config", text, CONFIG_MODE, false);
        else
                return error_prefix(reterr, r, "The clone's configuration would not be valid");
        return r < 0 ? error_errno(reterr, -r, "Cannot write the config of '%s'", spec->container)
                     : 0;
}
