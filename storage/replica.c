/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/replica.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "storage/clone-hook.h"
#include "storage/dependents.h"
#include "storage/hostname.h"
#include "storage/backend/layers.h"
#include "storage/owner.h"
#include "storage/replica-config.h"
#include "storage/replica-files.h"
#include "storage/view.h"

static bool is_overlay(const Backend *backend)
{
        return backend == &backend_overlay || backend == &backend_overlayfs ||
               backend == &backend_aufs;
}

/* The older name of overlay, and no name at all of a directory, make no difference. */
static bool is_alike(const Backend *a, const Backend *b)
{
        return a == b || (a->open == b->open && a->open != NULL);
}

static Kin kin_of(const Site *site)
{
        return (Kin){ .path = site->path, .name = site->name };
}

void replica_done(Replica *replica)
{
        const Kin own = replica->spec ? kin_of(replica->spec->site) : (Kin){ NULL, NULL };

        (void) fd_close(replica->tree_fd);
        (void) fd_close(replica->host_fd);
        for (size_t i = 0; i < replica->n_told; i++)
                (void) dependents_leave(&replica->bases.items[i], &own, NULL);
        draft_done(&replica->draft);
        kinship_done(&replica->bases);
        free(replica->rootfs_path);
        *replica = REPLICA_NULL;
}

/* --- storage --- */

static int keep_owner(const Replica *replica, Error *reterr)
{
        uid_t owner;
        int r;

        r = owner_read(replica->spec->original->dir_fd, &owner, reterr);
        return r < 0 || owner == 0 ? r : owner_write(replica->draft.dir_fd, owner, reterr);
}

/* From here on its final paths lead to it. Costs a mount namespace, which a clone whose files are all
 * there has no use for. */
static int enter_view(Replica *replica, Error *reterr)
{
        if (replica->host_fd >= 0)
                return 0;
        return view_enter(replica->spec->site, &replica->draft, &replica->host_fd, reterr);
}

/* Where its root file system is found just now. */
static int parse_rootfs(const Replica *replica, Rootfs *ret, Error *reterr)
{
        const Site *site = replica->spec->site;
        _cleanup_(free_p) char *directory = NULL, *source = NULL;
        int r;

        r = rootfs_parse(replica->rootfs_path, ret, reterr);
        if (r < 0 || replica->host_fd >= 0)
                return r;
        directory = string_format("%s/%s", site->path, replica->draft.name);
        if (!directory)
                return error_oom(reterr);
        if (is_overlay(ret->backend))
                r = overlay_move(ret->source, site->directory, directory, &source, reterr);
        else {
                source = rootfs_path_move(ret->source, site->directory, directory);
                r = source ? 0 : error_oom(reterr);
        }
        if (r < 0)
                return r;
        free(ret->source);
        ret->source = TAKE_PTR(source);
        return 0;
}

/* Its root file system, to be written to. */
static int open_new_root(Replica *replica, const Rootfs *rootfs, unsigned long flags, Error *reterr)
{
        const RootfsMount mount = {
                .flags = flags,
                .user = replica->spec->original->config->namespace.n_idmaps > 0,
        };

        replica->tree_fd = fd_close(replica->tree_fd);
        return rootfs_open(rootfs, &mount, &replica->tree_fd, reterr);
}

/* --- an independent copy --- */

/* A fresh file system is not quite empty; the source's own takes the place of that. */
static void make_room(int from_fd, int to_fd)
{
        static const char name[] = "lost+found";
        struct stat st;

        if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
                (void) unlinkat(to_fd, name, AT_REMOVEDIR);
}

/* Return: its magic number, -1. */
static long file_system(int fd)
{
        struct statfs st;

        return fstatfs(fd, &st) == 0 ? (long) st.f_type : -1;
}

static int copy_files(Replica *replica, int from_fd, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        bool shared = false;
        int r;

        r = rootfs_parse(replica->rootfs_path, &rootfs, reterr);
        if (r == 0)
                r = open_new_root(replica, &rootfs, 0, reterr);
        if (r < 0)
                return r;
        replica->same_file_system = is_alike(spec->original->rootfs.backend, spec->plan.backend) &&
                                    file_system(from_fd) == file_system(replica->tree_fd);
        make_room(from_fd, replica->tree_fd);
        r = replica_copy_tree(from_fd, replica->tree_fd, spec->original->rootfs.source,
                              spec->report, &shared, reterr);
        replica->tree_fd = fd_close(replica->tree_fd);
        replica->method = shared ? "reflink" : "copy";
        return r;
}

/* What nobody has said is as that of its source: the size and type of a file system, and in storage of the
 * same kind the place. */
static int create_storage(Replica *replica, const Volume *volume, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        const Backend *backend = spec->plan.backend;
        BackendOptions options = volume->options ? *volume->options : (BackendOptions){ 0 };
        _cleanup_(free_p) char *place = NULL;
        Volume alike = *volume;
        const char *type;
        uint64_t size;
        int r = 0;

        original_medium(spec->original, &size, &type);
        if (options.size == 0)
                options.size = size;
        if (!options.fstype)
                options.fstype = (char *) type;
        alike.options = &options;
        if (backend->beside && spec->original->rootfs.backend == backend)
                r = backend->beside(&spec->original->rootfs, &options, &place, reterr);
        return r < 0 ? r : backend->create(&alike, &replica->rootfs_path, reterr);
}

/* Return: > 0 its files are to be copied, 0 they are there, -errno. */
static int begin_copy(Replica *replica, const Volume *volume, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        const Backend *backend = spec->plan.backend;
        int r = 1;

        if (backend->clone && spec->original->rootfs.backend == backend)
                r = backend->clone(&spec->original->rootfs, volume, &replica->rootfs_path, reterr);
        if (r <= 0) {
                replica->method = "snapshot";
                replica->same_file_system = true;
                return r;
        }
        r = create_storage(replica, volume, reterr);
        return r < 0 ? r : 1;
}

/* --- one that shares with its source --- */

static int copy_changes(Replica *replica, int from_fd, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        _cleanup_(fd_close_p) int to_fd = -EBADF;
        bool shared;
        int r;

        r = overlay_parse(backend_path(replica->rootfs_path), &overlay, reterr);
        if (r < 0)
                return r;
        to_fd = open(overlay.upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to_fd < 0)
                return error_errno(reterr, errno, "Cannot open '%s'", overlay.upper);
        return replica_copy_tree(from_fd, to_fd, replica->spec->original->upper,
                                 replica->spec->report, &shared, reterr);
}

/* Return: as begin_copy(). */
static int begin_share(Replica *replica, const Volume *volume, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        const Backend *backend = spec->plan.backend;

        if (!backend->snapshot)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Storage of type '%s' cannot make snapshots here",
                                    backend->name);
        replica->method = is_overlay(backend) ? "overlay" : "snapshot";
        replica->same_file_system = is_alike(spec->original->rootfs.backend, backend);
        return backend->snapshot(&spec->original->rootfs, volume, &replica->rootfs_path, reterr);
}

/* Whom the new one needs: those whom its source needs where they share, and the source itself where its
 * own files are shared. */
static int find_bases(Replica *replica, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        const Original *original = spec->original;
        const Backend *backend = spec->plan.backend;
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        Kin source = kin_of(original->site);
        int r;

        if (!spec->plan.share)
                return 0;
        r = rootfs_parse(replica->rootfs_path, &rootfs, reterr);
        if (r == 0)
                r = bases_read(original->dir_fd, &replica->bases, reterr);
        if (r < 0)
                return r;
        if ((original->owns_lower || (backend->needs_dependency &&
                                      backend->needs_dependency(&original->rootfs, &rootfs))) &&
            kinship_add(&replica->bases, &source) < 0)
                return error_oom(reterr);
        return bases_write(replica->draft.dir_fd, &replica->bases, false, reterr);
}

/* What is copied. Return: fd, -errno. */
static int open_source(const ReplicaSpec *spec, Error *reterr)
{
        return spec->plan.share ? original_open_changes(spec->original, reterr)
                                : original_open_root(spec->original, reterr);
}

static int copy_in(Replica *replica, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        _cleanup_(fd_close_p) int from_fd = open_source(spec, reterr);
        int r;

        if (from_fd < 0)
                return from_fd;
        r = enter_view(replica, reterr);
        if (r < 0)
                return r;
        return spec->plan.share ? copy_changes(replica, from_fd, reterr)
                                : copy_files(replica, from_fd, reterr);
}

/* The storage itself is made while paths still mean what they meant; what is in it is written when the
 * final ones lead to the draft. */
static int make_storage(Replica *replica, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        const Volume volume = {
                .dir_fd = replica->draft.dir_fd,
                .directory = spec->site->directory,
                .name = spec->volume_name ? spec->volume_name : spec->site->name,
                .legacy = spec->original->legacy && !spec->tmpfs,
                .options = spec->options,
        };
        int copies, r = 0;

        copies = spec->plan.share ? begin_share(replica, &volume, reterr)
                                  : begin_copy(replica, &volume, reterr);
        if (copies < 0)
                return copies;
        replica->copied = copies > 0 && !spec->plan.share;
        if (copies > 0)
                r = copy_in(replica, reterr);
        return r < 0 ? r : find_bases(replica, reterr);
}

/* --- its own name, its config, its hooks --- */

static int write_hostname(Replica *replica, Error *reterr)
{
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        int r;

        if (!replica->spec->uts_name)
                return 0;
        r = parse_rootfs(replica, &rootfs, reterr);
        if (r == 0)
                r = open_new_root(replica, &rootfs, MS_NODEV | MS_NOSUID | MS_NOEXEC, reterr);
        if (r == 0)
                r = hostname_write(replica->tree_fd, replica->spec->uts_name, reterr);
        return r < 0 ? r : 0;
}

static int run_hooks(Replica *replica, const Config *config, Error *reterr)
{
        const ReplicaSpec *spec = replica->spec;
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        _cleanup_(free_p) char *config_file = NULL;
        CloneHook hook;
        int r;

        if (!spec->hooks || strv_length(config->hook.lines[HOOK_CLONE]) == 0)
                return 0;
        config_file = string_format("%s/config", spec->site->directory);
        if (!config_file)
                return error_oom(reterr);
        r = enter_view(replica, reterr);
        if (r == 0)
                r = parse_rootfs(replica, &rootfs, reterr);
        if (r == 0 && rootfs.backend != &backend_dir)
                r = open_new_root(replica, &rootfs, 0, reterr);
        if (r < 0)
                return r;
        hook = (CloneHook){
                .container = spec->container,
                .name = spec->site->name,
                .config = config,
                .config_file = config_file,
                .rootfs_path = replica->rootfs_path,
                .tree_fd = replica->tree_fd,
                .source_name = spec->source_name,
                .arguments = spec->hook_arguments,
                .report = spec->report,
        };
        r = clone_hook_run(&hook, reterr);
        replica->tree_fd = fd_close(replica->tree_fd);
        return r;
}

static int fill(Replica *replica, Error *reterr)
{
        _cleanup_(config_free_p) Config *config = NULL;
        int r;

        r = keep_owner(replica, reterr);
        if (r == 0)
                r = make_storage(replica, reterr);
        if (r == 0)
                r = write_hostname(replica, reterr);
        if (r == 0)
                r = replica_write_config(replica, &config, reterr);
        return r < 0 ? r : run_hooks(replica, config, reterr);
}

/* With the view goes what was mounted in it. */
static int leave_view(Replica *replica, Error *reterr)
{
        int r;

        if (replica->host_fd < 0)
                return 0;
        replica->tree_fd = fd_close(replica->tree_fd);
        r = view_leave(replica->host_fd, reterr);
        replica->host_fd = fd_close(replica->host_fd);
        return r;
}

int replica_build(const ReplicaSpec *spec, Replica *ret, Error *reterr)
{
        int left, r;

        *ret = REPLICA_NULL;
        ret->spec = spec;
        r = draft_make(spec->site->fd, spec->site->name, &ret->draft, reterr);
        if (r < 0)
                return r;
        r = fill(ret, reterr);
        left = leave_view(ret, r < 0 ? NULL : reterr);
        return r < 0 ? r : left;
}

int replica_tell(Replica *replica, Error *reterr)
{
        const Kin own = kin_of(replica->spec->site);

        for (; replica->n_told < replica->bases.n; replica->n_told++) {
                int r = dependents_enter(&replica->bases.items[replica->n_told], &own,
                                         replica->draft.dir_fd, reterr);

                if (r < 0)
                        return r;
        }
        /* Not before all is written: the end of an overlay syncs the file system of its upper layer, which
         * is then done once. */
        replica->tree_fd = fd_close(replica->tree_fd);
        return 0;
}

void replica_keep(Replica *replica)
{
        replica->n_told = 0;
}

int replica_publish(Replica *replica, Error *reterr)
{
        int (*publish)(Draft *, const char *, Error *) =
                replica->spec->sync_later && replica->copied ? draft_publish_unsynced
                                                             : draft_publish;
        int r;

        r = replica_tell(replica, reterr);
        if (r == 0)
                r = publish(&replica->draft, replica->spec->site->name, reterr);
        if (r == 0)
                replica_keep(replica);
        return r;
}

const char *replica_method_text(const char *method)
{
        static const struct {
                const char *method, *text;
        } texts[] = {
                { "copy", "by copying every file" },
                { "reflink", "by copying every file; their blocks are shared" },
                { "overlay", "as an overlay, which shares its base" },
                { "snapshot", "as a snapshot by the storage itself" },
        };

        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (streq(texts[i].method, method))
                        return texts[i].text;
        return method;
}
