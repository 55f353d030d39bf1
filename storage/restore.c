/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/dependents.h"
#include "storage/hold.h"
#include "storage/mounts.h"
#include "storage/original.h"
#include "storage/backend/outside.h"
#include "storage/replica.h"
#include "storage/snapshot.h"
#include "storage/trash.h"

#define RECORD_NAME "lxc_snapshots"
#define RECORD_MAX (1024 * 1024)

typedef struct Restoration {
        const JobRequest *request;
        const Report *report;
        const char *snapshot;
        Site parent;       /* of the container that has the snapshot, when it is another one */
        const Site *owner; /* of that container in either case */
        bool in_place;
        ContainerLock lock; /* of a new name */
        Hold hold;          /* in place */
        int dir_fd;         /* the owner's directory */
        SnapshotPlace place;
        Site site; /* of the snapshot */
        Original original;
        ReplicaSpec spec;
        Replica replica;
        int kin_fd;
        /* The container as it was. */
        Kinship old_bases;
        char *volume_name; /* that of the old one is taken */
} Restoration;

static void restoration_done(Restoration *s)
{
        replica_done(&s->replica);
        (void) fd_close(s->kin_fd);
        hold_release(&s->hold);
        container_lock_release(&s->lock);
        original_done(&s->original);
        site_done(&s->site);
        snapshot_place_done(&s->place);
        (void) fd_close(s->dir_fd);
        site_done(&s->parent);
        kinship_done(&s->old_bases);
        free(s->volume_name);
}

static int read_parameters(Restoration *s, Error *reterr)
{
        const json_t *parameters = s->request->parameters;
        const char *source = NULL, *directory = NULL;
        int r;

        r = json_get_string(parameters, "snapshot", &s->snapshot, reterr);
        if (r == 0)
                return error_public(reterr, ERROR_INVALID_ARGS, "Parameter 'snapshot' is missing");
        if (r > 0)
                r = json_get_string(parameters, "source", &source, reterr);
        if (r > 0)
                r = json_get_string(parameters, "sourceDirectory", &directory, reterr);
        if (r < 0)
                return r;
        s->in_place = !directory;
        s->owner = s->in_place ? s->request->site : &s->parent;
        return s->in_place ? 0 : site_open(source, directory, SITE_AS_IT_IS, &s->parent, reterr);
}

static int open_snapshot(Restoration *s, Error *reterr)
{
        int r;

        s->dir_fd = path_open_beneath(s->owner->fd, s->owner->name, O_RDONLY | O_DIRECTORY, 0);
        if (s->dir_fd < 0)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    s->owner->name);
        r = snapshot_place_open(s->owner->path, s->owner->name, s->dir_fd, false, &s->place,
                                reterr);
        if (r < 0 && r != -ENOENT)
                return r;
        r = snapshot_find(&s->place, s->snapshot, &s->site, reterr);
        return r < 0 ? r : original_open(&s->site, s->owner->fd, s->snapshot, &s->original, reterr);
}

/* A whole copy names nobody. */
static void let_others_rename(Restoration *s)
{
        if (!s->spec.plan.share)
                s->kin_fd = fd_close(s->kin_fd);
}

/* --- to a new name --- */

static int run_new(Restoration *s, Error *reterr)
{
        const JobRequest *request = s->request;
        int r;

        r = site_claim(request->site, request->container, request->lock_dir, &s->lock, reterr);
        if (r == 0)
                r = open_snapshot(s, reterr);
        if (r == 0)
                r = original_plan(&s->original, &s->spec.plan, reterr);
        if (r < 0)
                return r;
        let_others_rename(s);
        s->spec.uts_name = request->site->name;
        s->spec.keep_mac = false;
        s->spec.hooks = true;
        r = replica_build(&s->spec, &s->replica, reterr);
        return r < 0 ? r : replica_publish(&s->replica, reterr);
}

/* --- in place --- */

static int check_mounts(const Site *site, Error *reterr)
{
        _cleanup_(free_p) char *mounted = NULL;
        int r = mounts_below(site->directory, &mounted, reterr);

        if (r > 0)
                return error_public(reterr, ERROR_BUSY,
                                    "Container '%s' is not restored: something is mounted on '%s'",
                                    site->name, mounted);
        return r;
}

/* What the old one has outside of its directory will go with it. A broken one has nothing of the kind that
 * could be found. */
static int remember_old(Restoration *s, Error *reterr)
{
        _cleanup_(original_done) Original old = ORIGINAL_NULL;
        const Volume volume = { .dir_fd = s->dir_fd, .name = s->owner->name };
        int r;

        /* One that a killed restore has left is no longer true. */
        outside_end(s->dir_fd);
        r = bases_read(s->dir_fd, &s->old_bases, reterr);
        if (r < 0 || original_open(s->owner, s->owner->fd, s->owner->name, &old, NULL) < 0 ||
            !old.rootfs.backend->destroy || !old.config->rootfs.managed)
                return r;
        return outside_begin(&volume, old.config->rootfs.path, reterr);
}

static int name_volume(Restoration *s, Error *reterr)
{
        unsigned tag = 0;

        if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
                return error_errno(reterr, EIO, "Cannot get random bytes");
        s->volume_name = string_format("%s.%08x", s->owner->name, tag);
        if (!s->volume_name)
                return error_oom(reterr);
        s->spec.volume_name = s->volume_name;
        return 0;
}

/* A base of LXC 1.x keeps its count. */
static int keep_record(const Restoration *s, Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = file_read(s->dir_fd, RECORD_NAME, RECORD_MAX, &text, NULL);
        if (r == 0)
                r = file_write_atomic(s->replica.draft.dir_fd, RECORD_NAME, text, 0640, false);
        return r < 0 && r != -ENOENT ? error_errno(reterr, -r, "Cannot keep '" RECORD_NAME "'") : 0;
}

/* Those that know the container already are not told twice, nor when this fails that it is gone. */
static int tell_new_bases(Restoration *s, Error *reterr)
{
        for (size_t i = 0; i < s->old_bases.n; i++)
                kinship_remove(&s->replica.bases, &s->old_bases.items[i]);
        return replica_tell(&s->replica, reterr);
}

static int exchange(Restoration *s, Error *reterr)
{
        Draft *draft = &s->replica.draft;
        const Site *site = s->request->site;

        int r = draft_sync(draft, site->name, reterr);

        if (r < 0)
                return r;
        if (renameat2(site->fd, draft->name, site->fd, site->name, RENAME_EXCHANGE) < 0)
                return error_errno(reterr, errno, "Cannot put the restored '%s' in its place",
                                   site->name);
        replica_keep(&s->replica);
        outside_end(draft->dir_fd);
        /* The collector may take the old one's snapshots there, too, as soon as it is not locked. */
        if (s->place.fd >= 0 &&
            renameat2(s->dir_fd, DRAFT_SNAPSHOTS, draft->dir_fd, DRAFT_SNAPSHOTS,
                      RENAME_NOREPLACE) < 0 &&
            errno != ENOENT)
                report_message(s->report, "The snapshots of '%s' are still to be moved: %m",
                               site->name);
        (void) fsync(site->fd);
        draft->dir_fd = fd_close(draft->dir_fd);
        return 0;
}

static void forget_old(const Restoration *s)
{
        const Site *site = s->request->site;
        const Kin own = { .path = site->path, .name = site->name };
        _cleanup_(kinship_done) Kinship bases = { 0 };
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        /* With its snapshots still in it, or a volume that cannot be removed, it is the collector's. */
        if (fstatat(s->dir_fd, DRAFT_SNAPSHOTS, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
            outside_remove(s->dir_fd, NULL) == 0)
                (void) trash_put(site->fd, s->replica.draft.name, NULL);
        fd = path_open_beneath(site->fd, site->name, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0 || bases_read(fd, &bases, NULL) < 0)
                return;
        for (size_t i = 0; i < s->old_bases.n; i++)
                if (!kinship_contains(&bases, &s->old_bases.items[i]))
                        (void) dependents_leave(&s->old_bases.items[i], &own, NULL);
}

static int run_in_place(Restoration *s, Error *reterr)
{
        const JobRequest *request = s->request;
        int r;

        r = hold_take(request->lock_dir, request->container, request->site, false, &s->hold,
                      reterr);
        if (r == 0)
                r = open_snapshot(s, reterr);
        if (r == 0)
                r = dependents_check(request->site, s->dir_fd, true, reterr);
        if (r == 0)
                r = check_mounts(request->site, reterr);
        if (r == 0)
                r = name_volume(s, reterr);
        if (r == 0)
                r = original_plan(&s->original, &s->spec.plan, reterr);
        if (r == 0)
                let_others_rename(s);
        if (r == 0)
                r = replica_build(&s->spec, &s->replica, reterr);
        if (r == 0)
                r = keep_record(s, reterr);
        if (r == 0)
                r = remember_old(s, reterr);
        if (r == 0)
                r = tell_new_bases(s, reterr);
        if (r == 0)
                r = exchange(s, reterr);
        if (r == 0)
                forget_old(s);
        else if (s->dir_fd >= 0)
                outside_end(s->dir_fd);
        return r;
}

int restore_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr)
{
        _cleanup_(restoration_done) Restoration s = {
                .request = request,
                .report = report,
                .parent = SITE_NULL,
                .lock = CONTAINER_LOCK_NULL,
                .hold = HOLD_NULL,
                .dir_fd = -EBADF,
                .place = SNAPSHOT_PLACE_NULL,
                .site = SITE_NULL,
                .original = ORIGINAL_NULL,
                .spec = {
                        .site = request->site,
                        .container = request->container,
                        .keep_mac = true,
                        .report = report,
                },
                .replica = REPLICA_NULL,
                .kin_fd = -EBADF,
        };
        int r;

        s.spec.original = &s.original;
        r = read_parameters(&s, reterr);
        if (r < 0)
                return r;
        s.spec.source_name = s.owner->name;
        s.kin_fd = kin_lock_wait(request->lock_dir, false, reterr);
        if (s.kin_fd < 0)
                return s.kin_fd;
        r = s.in_place ? run_in_place(&s, reterr) : run_new(&s, reterr);
        if (r < 0)
                return r;
        report_message(report, "'%s' was restored from '%s' %s", request->site->name, s.snapshot,
                       replica_method_text(s.replica.method));
        *ret_result = json_pack("{s:s,s:s,s:s}", "name", request->site->name, "snapshot",
                                s.snapshot, "method", s.replica.method);
        return 0;
}
