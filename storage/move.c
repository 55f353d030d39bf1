/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/move.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/document.h"
#include "config/parse.h"
#include "interfaces/container-lock.h"
#include "storage/clone-config.h"
#include "storage/dependents.h"
#include "storage/hostname.h"
#include "storage/backend/rootfs.h"
#include "storage/ties.h"

#define TEXT_MAX (16 * 1024 * 1024)

/* Another text for a file that stays what it is otherwise. The same text: nothing. */
static int
replace_text(int dir_fd, const char *name, const char *old, const char *text, Error *reterr)
{
        struct stat st;
        int r;

        if (streq(old, text))
                return 0;
        r = fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
        if (r == 0)
                r = file_write_atomic(dir_fd, name, text, st.st_mode & 07777, true);
        if (r == 0 && (st.st_uid != 0 || st.st_gid != 0) &&
            fchownat(dir_fd, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM)
                r = -errno;
        return r < 0 ? error_errno(reterr, -r, "Cannot write '%s'", name) : 0;
}

/* Every path in (or at) the old directory, in a file that may be absent. */
static int move_text(const Move *move, int dir_fd, const char *name, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL, *moved = NULL;
        int r;

        r = file_read(dir_fd, name, TEXT_MAX, &text, NULL);
        if (r == -ENOENT || r == -ELOOP || r == -EINVAL)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read '%s'", name);
        moved = clone_config_text(text, move->from->directory, move->to->directory);
        return moved ? replace_text(dir_fd, name, text, moved, reterr) : error_oom(reterr);
}

/* --- configurations --- */

/* The storage's own name, where its path says of what type it is. Return: 0 (*ret stays NULL: its path is
 * moved like every other), -errno. */
static int move_storage(const Move *move, const Document *document, char **ret, Error *reterr)
{
        const char *path = document_get(document, "lxc.rootfs.path");
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        Volume volume = {
                .dir_fd = move->dir_fd,
                .directory = move->to->directory,
                .name = move->to->name,
                .legacy = document_is_legacy(document),
        };

        /* Of a bare path, what it was can only be seen where it was. */
        if (!path || backend_path(path) == path || rootfs_parse(path, &rootfs, NULL) < 0 ||
            !rootfs.backend->rename)
                return 0;
        return rootfs.backend->rename(rootfs.source, move->from->directory, &volume, ret, reterr);
}

static int move_items(const Move *move, const CloneItems *items, Error *reterr)
{
        for (size_t i = 0; i < items->n; i++) {
                _cleanup_(fd_close_p) int fd = -EBADF;
                const char *path = items->items[i].to, *slash = strrchr(path, '/');
                _cleanup_(free_p) char *parent = strndup(path, slash ? (size_t) (slash - path) : 0);
                int r;

                if (items->items[i].kind != CLONE_TEXT)
                        continue;
                fd = path_open_beneath(move->dir_fd, parent && *parent ? parent : ".",
                                       O_RDONLY | O_DIRECTORY, 0);
                r = fd < 0 ? 0 : move_text(move, fd, slash ? slash + 1 : path, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* dir_fd: where the config is. Return: 0, -errno. */
static int move_document(const Move *move, int dir_fd, bool with_storage, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(clone_items_done) CloneItems items = { 0 };
        _cleanup_(free_p) char *text = NULL, *moved = NULL, *rootfs = NULL;
        CloneConfig spec = {
                .from = move->from->directory,
                .to = move->to->directory,
                .moved = true,
                .keep_mac = true,
        };
        const char *name;
        int r;

        r = file_read(dir_fd, "config", CONFIG_FILE_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : error_errno(reterr, -r, "Cannot read the config");
        if (document_new(text, &document) < 0)
                return error_oom(reterr);
        r = with_storage ? move_storage(move, document, &rootfs, reterr) : 0;
        if (r < 0)
                return r;
        name = document_get(document, "lxc.uts.name");
        spec.name = name && streq(name, move->from->name) ? move->to->name : NULL;
        spec.rootfs = rootfs;
        r = clone_config(document, &spec, &items, reterr);
        if (r < 0)
                return r;
        moved = document_text(document);
        r = moved ? replace_text(dir_fd, "config", text, moved, reterr) : error_oom(reterr);
        return r < 0 ? r : move_items(move, &items, reterr);
}

/* In them: the configs, and what they are made of where that is the container. */
static int move_snapshots(const Move *move, Error *reterr)
{
        _cleanup_(snapshot_place_done) SnapshotPlace place = SNAPSHOT_PLACE_NULL;
        _cleanup_(snapshot_list_done) SnapshotList list = { 0 };
        const Site *to = move->to;
        int r;

        r = snapshot_place_open(to->path, to->name, move->dir_fd, false, &place, reterr);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r == 0)
                r = snapshot_list(&place, false, &list, reterr);
        for (size_t i = 0; r == 0 && i < list.n; i++) {
                _cleanup_(fd_close_p) int fd = -EBADF;

                fd = path_open_beneath(place.fd, list.items[i].name, O_RDONLY | O_DIRECTORY, 0);
                if (fd >= 0)
                        r = move_document(move, fd, false, reterr);
        }
        return r;
}

int move_config(const Move *move, Error *reterr)
{
        _cleanup_(fd_close_p) int lock_fd = config_lock_wait(move->lock_dir, move->to_id, reterr);
        int r;

        if (lock_fd < 0)
                return lock_fd;
        r = move_document(move, move->dir_fd, true, reterr);
        /* Its snapshots may be its clones. */
        if (r == 0)
                r = move_text(move, move->dir_fd, "lxc_snapshots", reterr);
        return r < 0 ? r : move_snapshots(move, reterr);
}

/* --- those that are made of it, and those it is made of --- */

static int move_dependent(const Move *move, const Kin *clone, Error *reterr)
{
        const Kin from = { move->from->path, move->from->name };
        const Kin to = { move->to->path, move->to->name };
        _cleanup_(kinship_done) Kinship bases = { 0 };
        _cleanup_(free_p) char *directory = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF, lock_fd = -EBADF;
        int r;

        directory = string_format("%s/%s", clone->path, clone->name);
        if (!directory)
                return error_oom(reterr);
        fd = path_open_trusted(directory, O_RDONLY | O_DIRECTORY, NULL);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open '%s'", directory);
        /* A snapshot's config is changed by nobody else. */
        if (streq(clone->path, move->to->path)) {
                lock_fd = config_lock_wait(move->lock_dir, clone->name, reterr);
                if (lock_fd < 0)
                        return lock_fd;
        }
        r = move_text(move, fd, "config", reterr);
        if (r == 0)
                r = bases_read(fd, &bases, reterr);
        if (r == 0 && kinship_contains(&bases, &from)) {
                r = kinship_rename(&bases, &from, &to) < 0 ? error_oom(reterr)
                                                           : bases_write(fd, &bases, true, reterr);
        }
        return r < 0 ? error_prefix(reterr, r, "'%s'", directory) : 0;
}

int move_dependents(const Move *move, Error *reterr)
{
        const Kin from = { move->from->path, move->from->name };
        _cleanup_(kinship_done) Kinship clones = { 0 };
        unsigned unknown;
        int r;

        r = dependents_find(&from, move->dir_fd, &clones, &unknown, reterr);
        for (size_t i = 0; r == 0 && i < clones.n; i++)
                r = move_dependent(move, &clones.items[i], reterr);
        return r;
}

/* A snapshot lies in the container's directory, whatever that is called. */
static int name_after(const Move *move, const Kin *own, Kin *ret_from, Kin *ret_to)
{
        ret_from->path = rootfs_path_move(own->path, move->to->directory, move->from->directory);
        ret_to->path = rootfs_path_move(own->path, move->from->directory, move->to->directory);
        ret_from->name = strdup(streq(own->path, move->to->path) ? move->from->name : own->name);
        ret_to->name = strdup(streq(own->path, move->to->path) ? move->to->name : own->name);
        return ret_from->path && ret_to->path && ret_from->name && ret_to->name ? 0 : -ENOMEM;
}

static int tell_bases(const Move *move, const Tie *tie, bool forget, Error *reterr)
{
        Kin from = { NULL, NULL }, to = { NULL, NULL };
        int r = name_after(move, &tie->clone, &from, &to) < 0 ? error_oom(reterr) : 0;

        for (size_t i = 0; r == 0 && i < tie->bases.n; i++)
                r = dependents_rename(&tie->bases.items[i], forget ? &from : &to, &to, reterr);
        free(from.path);
        free(from.name);
        free(to.path);
        free(to.name);
        return r;
}

/* `at`: where the container is at the moment. */
static int move_ties(const Move *move, const Site *at, bool forget, Error *reterr)
{
        _cleanup_(ties_done) Ties ties = TIES_NULL;
        int r;

        r = ties_find(at, move->dir_fd, &ties, reterr);
        for (size_t i = 0; r == 0 && i < ties.n; i++)
                r = tell_bases(move, &ties.items[i], forget, reterr);
        return r;
}

int move_announce(const Move *move, Error *reterr)
{
        return move_ties(move, move->from, false, reterr);
}

int move_bases(const Move *move, Error *reterr)
{
        return move_ties(move, move->to, true, reterr);
}

/* --- its own name for itself --- */

static int write_hostname(const Move *move, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        _cleanup_(fd_close_p) int tree_fd = -EBADF;
        RootfsMount mount = { .flags = MS_NODEV | MS_NOSUID | MS_NOEXEC };
        int r;

        r = file_read(move->dir_fd, "config", CONFIG_FILE_MAX, &text, NULL);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the config");
        r = config_parse_text(text, "config", &config, NULL, reterr);
        if (r < 0 || !config->rootfs.path || !config->rootfs.managed)
                return r;
        mount.user = config->namespace.n_idmaps > 0;
        /* Another container's name is not ours to change. */
        r = rootfs_check_place(config->rootfs.path, move->to->path, move->to->directory, reterr);
        if (r == 0)
                r = rootfs_parse(config->rootfs.path, &rootfs, reterr);
        if (r == 0)
                r = rootfs_open(&rootfs, &mount, &tree_fd, reterr);
        return r < 0 ? r : hostname_replace(tree_fd, move->from->name, move->to->name, reterr);
}

void move_hostname(const Move *move)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (write_hostname(move, &error) < 0)
                report_message(move->report, "'/etc/hostname' in '%s' stays as it is: %s",
                               move->to->name, error_message(&error));
}
