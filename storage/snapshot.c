/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/snapshot.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/dependents.h"
#include "storage/hold.h"
#include "storage/original.h"
#include "storage/backend/outside.h"
#include "storage/replica.h"
#include "storage/ties.h"
#include "storage/trash.h"

#define SNAPSHOTS_MAX 100000
#define FILE_MODE 0644

int snapshot_site(const SnapshotPlace *place, const char *name, Site *ret, Error *reterr)
{
        *ret = (Site){
                .fd = fcntl(place->fd, F_DUPFD_CLOEXEC, 3),
                .path = strdup(place->path),
                .name = strdup(name),
        };
        ret->directory = string_format("%s/%s", place->path, name);
        if (ret->fd >= 0 && ret->path && ret->name && ret->directory)
                return 0;
        site_done(ret);
        return error_oom(reterr);
}

int snapshot_find(const SnapshotPlace *place, const char *name, Site *ret, Error *reterr)
{
        struct stat st;
        int r;

        r = snapshot_name_check(name, reterr);
        if (r < 0)
                return r;
        if (place->fd < 0 || fstatat(place->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISDIR(st.st_mode))
                return error_public(reterr, ERROR_NO_SUCH_SNAPSHOT, "There is no snapshot '%.64s'",
                                    name);
        return snapshot_site(place, name, ret, reterr);
}

/* --- snapshot --- */

typedef struct Taking {
        const JobRequest *request;
        const char *comment;
        Hold hold;
        Original original;
        SnapshotPlace place;
        Site site; /* of the snapshot */
        char *volume_name;
        int kin_fd;
        ReplicaSpec spec;
        Replica replica;
} Taking;

static void taking_done(Taking *t)
{
        bool failed = t->replica.draft.dir_fd >= 0;

        replica_done(&t->replica);
        /* Nobody else looks here for what was not finished. */
        if (failed)
                (void) trash_collect(t->place.fd, NULL);
        (void) fd_close(t->kin_fd);
        hold_release(&t->hold);
        original_done(&t->original);
        site_done(&t->site);
        snapshot_place_done(&t->place);
        free(t->volume_name);
}

static int read_comment(Taking *t, Error *reterr)
{
        int r = json_get_string(t->request->parameters, "comment", &t->comment, reterr);

        if (r > 0 && strlen(t->comment) > SNAPSHOT_COMMENT_MAX)
                return error_public(reterr, ERROR_LIMITS_EXCEEDED, "A comment has at most %d bytes",
                                    SNAPSHOT_COMMENT_MAX);
        return r < 0 ? r : 0;
}

static int choose_site(Taking *t, Error *reterr)
{
        const Site *site = t->request->site;
        struct stat st;
        char name[32];
        int r;

        r = snapshot_place_open(site->path, site->name, t->original.dir_fd, true, &t->place,
                                reterr);
        if (r < 0)
                return r;
        (void) trash_collect(t->place.fd, NULL);
        for (unsigned i = 0; i < SNAPSHOTS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "snap%u", i);
                if (fstatat(t->place.fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        return snapshot_site(&t->place, name, &t->site, reterr);
        }
        return error_public(reterr, ERROR_LIMITS_EXCEEDED, "Container '%s' has %d snapshots",
                            t->request->container, SNAPSHOTS_MAX);
}

/* "snap0" is the name of a snapshot of many a container. */
static int name_volume(Taking *t, Error *reterr)
{
        t->volume_name = string_format("%s.%s", t->request->site->name, t->site.name);
        if (!t->volume_name)
                return error_oom(reterr);
        t->spec.volume_name = t->volume_name;
        return 0;
}

static int write_details(const Taking *t, Error *reterr)
{
        int dir_fd = t->replica.draft.dir_fd, r;
        time_t now = time(NULL);
        char text[64] = "";
        struct tm tm;

        if (localtime_r(&now, &tm))
                (void) strftime(text, sizeof(text), SNAPSHOT_TIME_FORMAT, &tm);
        r = file_write_atomic(dir_fd, SNAPSHOT_TIME, text, FILE_MODE, false);
        if (r == 0 && t->comment && *t->comment)
                r = file_write_atomic(dir_fd, SNAPSHOT_COMMENT, t->comment, FILE_MODE, false);
        return r < 0 ? error_errno(reterr, -r, "Cannot write what is known of '%s'", t->site.name)
                     : 0;
}

static int taking_run(Taking *t, Error *reterr)
{
        const JobRequest *request = t->request;
        int r;

        r = read_comment(t, reterr);
        if (r < 0)
                return r;
        t->kin_fd = kin_lock_wait(request->lock_dir, false, reterr);
        r = t->kin_fd < 0 ? t->kin_fd : 0;
        if (r == 0)
                r = hold_take(request->lock_dir, request->container, request->site, false, &t->hold,
                              reterr);
        if (r == 0)
                r = original_open(request->site, request->site->fd, request->container,
                                  &t->original, reterr);
        if (r == 0 && !t->original.config->rootfs.managed)
                r = error_public(reterr, ERROR_NOT_SUPPORTED,
                                 "The root file system of '%s' is not ours to keep "
                                 "(lxc.rootfs.managed is 0)",
                                 request->container);
        if (r == 0)
                r = original_plan(&t->original, &t->spec.plan, reterr);
        /* A whole copy names nobody. */
        if (r == 0 && !t->spec.plan.share)
                t->kin_fd = fd_close(t->kin_fd);
        if (r == 0)
                r = choose_site(t, reterr);
        if (r == 0)
                r = name_volume(t, reterr);
        if (r == 0)
                r = replica_build(&t->spec, &t->replica, reterr);
        if (r == 0)
                r = write_details(t, reterr);
        return r < 0 ? r : replica_publish(&t->replica, reterr);
}

int snapshot_job(const JobRequest *request,
                 const Report *report,
                 json_t **ret_result,
                 Error *reterr)
{
        _cleanup_(taking_done) Taking t = {
                .request = request,
                .hold = HOLD_NULL,
                .kin_fd = -EBADF,
                .original = ORIGINAL_NULL,
                .place = SNAPSHOT_PLACE_NULL,
                .site = SITE_NULL,
                .spec = {
                        .container = request->container,
                        .source_name = request->site->name,
                        .keep_mac = true,
                        .report = report,
                },
                .replica = REPLICA_NULL,
        };
        int r;

        t.spec.original = &t.original;
        t.spec.site = &t.site;
        r = taking_run(&t, reterr);
        if (r < 0)
                return r;
        report_message(report, "'%s' of '%s' was made %s", t.site.name, request->container,
                       replica_method_text(t.replica.method));
        *ret_result = json_pack("{s:s,s:s,s:s}", "name", request->site->name, "snapshot",
                                t.site.name, "method", t.replica.method);
        return 0;
}

/* --- destroy-snapshot --- */

static int remove_one(const JobRequest *request,
                      const SnapshotPlace *place,
                      const char *name,
                      const Report *report,
                      Error *reterr)
{
        _cleanup_(site_done) Site site = SITE_NULL;
        _cleanup_(ties_done) Ties ties = TIES_NULL;
        _cleanup_(fd_close_p) int fd = -EBADF, kin_fd = -EBADF;
        int r;

        kin_fd = kin_lock_wait(request->lock_dir, false, reterr);
        if (kin_fd < 0)
                return kin_fd;
        r = snapshot_find(place, name, &site, reterr);
        if (r < 0)
                return r;
        fd = path_open_beneath(place->fd, name, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open '%s'", site.directory);
        r = dependents_check(&site, fd, false, reterr);
        if (r == 0 && ties_add(&ties, fd, site.path, site.name) < 0)
                r = error_oom(reterr);
        /* While something still tells of it. */
        if (r == 0)
                r = outside_destroy(fd, reterr);
        if (r < 0)
                return r;
        outside_end(fd);
        r = trash_put_into(place->fd, name, request->site->fd, reterr);
        if (r < 0)
                return r;
        if (fsync(place->fd) < 0)
                report_message(report, "'%s' may be back after a power cut: %m", site.name);
        ties_undo(&ties, report);
        return 0;
}

static int remove_all(const JobRequest *request,
                      const SnapshotPlace *place,
                      const Report *report,
                      Error *reterr)
{
        _cleanup_(snapshot_list_done) SnapshotList list = { 0 };
        int r;

        r = snapshot_list(place, false, &list, reterr);
        for (size_t i = 0; r == 0 && i < list.n; i++)
                r = remove_one(request, place, list.items[i].name, report, reterr);
        return r;
}

int destroy_snapshot_job(const JobRequest *request,
                         const Report *report,
                         json_t **ret_result,
                         Error *reterr)
{
        _cleanup_(snapshot_place_done) SnapshotPlace place = SNAPSHOT_PLACE_NULL;
        _cleanup_(fd_close_p) int dir_fd = -EBADF;
        const char *name = "";
        bool all = false;
        int r;

        r = json_get_bool(request->parameters, "all", &all, reterr);
        if (r >= 0)
                r = json_get_string(request->parameters, "snapshot", &name, reterr);
        if (r < 0)
                return r;
        dir_fd = path_open_beneath(request->site->fd, request->site->name, O_RDONLY | O_DIRECTORY,
                                   0);
        if (dir_fd < 0)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    request->container);
        r = snapshot_place_open(request->site->path, request->site->name, dir_fd, false, &place,
                                reterr);
        if (r < 0 && r != -ENOENT)
                return r;
        if (!all)
                r = remove_one(request, &place, name, report, reterr);
        else if (r == 0)
                r = remove_all(request, &place, report, reterr);
        else
                r = 0;
        if (r < 0)
                return r;
        *ret_result = json_pack("{s:s}", "name", request->site->name);
        return 0;
}
