/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/rename.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/container-id.h"
#include "interfaces/container-lock.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/dependents.h"
#include "storage/hold.h"
#include "storage/mounts.h"
#include "storage/move.h"
#include "storage/rename-mark.h"
#include "storage/unit-files.h"

#define ROOM (64 * 1024)

typedef struct Renaming {
        const JobRequest *request;
        Site to;
        const char *name, *id; /* the new ones */
        Hold hold;
        ContainerLock lock; /* of the new name */
        int kin_fd;         /* of what names others */
        int dir_fd;
        Move move;
} Renaming;

static void renaming_done(Renaming *n)
{
        (void) fd_close(n->dir_fd);
        container_lock_release(&n->lock);
        hold_release(&n->hold);
        (void) fd_close(n->kin_fd);
        site_done(&n->to);
}

static int need(const json_t *parameters, const char *field, const char **ret, Error *reterr)
{
        int r = json_get_string(parameters, field, ret, reterr);

        if (r == 0)
                r = error_public(reterr, ERROR_INVALID_ARGS, "Parameter '%s' is missing", field);
        return r < 0 ? r : 0;
}

/* Return: 0, ERROR_INVALID_ARGS, ERROR_INVALID_NAME, -errno. */
static int read_names(Renaming *n, Error *reterr)
{
        _cleanup_(free_p) char *directory = NULL;
        int r;

        r = need(n->request->parameters, "newName", &n->name, reterr);
        if (r == 0)
                r = need(n->request->parameters, "newContainer", &n->id, reterr);
        if (r == 0)
                r = container_name_check(n->name, reterr);
        if (r < 0)
                return r;
        directory = string_format("%s/%s", n->request->site->path, n->name);
        if (!directory)
                return error_oom(reterr);
        return site_open(n->id, directory, SITE_AS_IT_IS, &n->to, reterr);
}

static int read_target(Renaming *n, Error *reterr)
{
        int r = read_names(n, reterr);

        return r < 0 ? r : site_check_absent(&n->to, n->id, reterr);
}

/* A count of clones does not say whose configs would have to follow. */
static int check_dependents(const Renaming *n, Error *reterr)
{
        const Site *site = n->request->site;
        const Kin own = { site->path, site->name };
        _cleanup_(kinship_done) Kinship clones = { 0 };
        unsigned unknown;
        int r;

        r = dependents_find(&own, n->dir_fd, &clones, &unknown, reterr);
        if (r < 0 || unknown == 0)
                return r;
        return error_public(reterr, ERROR_HAS_DEPENDENTS,
                            "Container '%s' has %u clones that need its files and are not to be "
                            "found in '%s': they could not follow",
                            site->name, unknown, site->path);
}

static int check_mounts(const Site *site, Error *reterr)
{
        _cleanup_(free_p) char *mounted = NULL;
        int r = mounts_below(site->directory, &mounted, reterr);

        if (r > 0)
                return error_public(reterr, ERROR_BUSY,
                                    "Container '%s' is not renamed: something is mounted on '%s'",
                                    site->name, mounted);
        return r;
}

static int open_container(Renaming *n, Error *reterr)
{
        const Site *site = n->request->site;

        n->dir_fd = path_open_on_mount(site->fd, site->name, O_RDONLY | O_DIRECTORY);
        if (n->dir_fd == -ENOENT)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    n->request->container);
        if (n->dir_fd == -ELOOP || n->dir_fd == -EXDEV)
                return error_public(reterr, ERROR_NOT_SUPPORTED, "'%s' is %s, which keeps its name",
                                    site->directory,
                                    n->dir_fd == -ELOOP ? "a symbolic link" : "a mount point");
        return n->dir_fd < 0 ? error_errno(reterr, -n->dir_fd, "Cannot open '%s'", site->directory)
                             : 0;
}

static int lock_both(Renaming *n, Error *reterr)
{
        const JobRequest *request = n->request;
        int r;

        n->kin_fd = kin_lock_wait(request->lock_dir, true, reterr);
        if (n->kin_fd < 0)
                return n->kin_fd;
        r = hold_take(request->lock_dir, request->container, request->site, false, &n->hold,
                      reterr);
        return r < 0 ? r
                     : container_lock_take(request->lock_dir, n->id, n->to.directory, &n->lock,
                                           reterr);
}

/* Snapshots that LXC 1.0 has made lie beside the container path. Done already is no failure. */
static int rename_old_snapshots(const Move *move, Error *reterr)
{
        _cleanup_(free_p) char *from = NULL, *to = NULL;

        from = string_format("%ssnaps/%s", move->from->path, move->from->name);
        to = string_format("%ssnaps/%s", move->to->path, move->to->name);
        if (!from || !to)
                return error_oom(reterr);
        if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0 && errno != ENOENT &&
            errno != ENOTDIR)
                return error_errno(reterr, errno, "Cannot rename '%s'", from);
        return 0;
}

static int move_units(const Move *move, Error *reterr)
{
        _cleanup_(free_p) char *from = container_id_unit(move->from_id);
        _cleanup_(free_p) char *to = container_id_unit(move->to_id);

        /* What is called as no container may be has no unit, either. */
        if (container_id_check(move->from_id, NULL) < 0)
                return 0;
        return from && to ? unit_files_move(NULL, from, to, reterr) : error_oom(reterr);
}

/* Steps 4 to 8. Return: > 0 units have changed, 0, -errno. */
static int follow(const Move *move, Error *reterr)
{
        int r, changed;

        r = rename_old_snapshots(move, reterr);
        if (r == 0)
                r = move_config(move, reterr);
        if (r == 0)
                r = move_dependents(move, reterr);
        if (r == 0)
                r = move_bases(move, reterr);
        changed = r == 0 ? move_units(move, reterr) : 0;
        if (changed < 0)
                r = changed;
        if (r == 0)
                move_hostname(move);
        if (r == 0)
                r = rename_mark_remove(move->dir_fd);
        return r < 0 ? error_prefix(reterr, r,
                                    "'%s' is called '%s' now, but not all that names it has "
                                    "followed; the next start of nagaya-work completes that",
                                    move->from->name, move->to->name)
                     : changed;
}

/* Holds as much room as the largest file takes that is written anew after the directory has its new name,
 * until then: a full disk must not stop it half-way. Where nothing can be held, nothing is. Return: 0
 * (*ret_fd gives it back; < 0: nothing is held), -errno. */
static int hold_room(const Renaming *n, int *ret_fd, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st = { 0 };
        int r = 0;

        *ret_fd = -EBADF;
        (void) fstatat(n->dir_fd, "config", &st, AT_SYMLINK_NOFOLLOW);
        fd = openat(n->dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
        if (fd < 0 || fallocate(fd, 0, 0, ROOM + st.st_size) < 0)
                r = -errno;
        if (r < 0 && (r == -EOPNOTSUPP || r == -EISDIR || r == -EINVAL))
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot rename '%s'", n->request->site->directory);
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int rename_directory(const Renaming *n, Error *reterr)
{
        const Site *from = n->request->site;
        int r;

        if (renameat2(from->fd, from->name, from->fd, n->name, RENAME_NOREPLACE) < 0)
                return errno == EEXIST
                               ? error_public(reterr, ERROR_CONTAINER_EXISTS,
                                              "There is already a directory '%s'", n->to.directory)
                               : error_errno(reterr, errno, "Cannot rename '%s'", from->directory);
        if (fsync(from->fd) == 0)
                return 0;
        r = error_errno(reterr, errno, "Cannot write the container path to the disk");
        if (renameat2(from->fd, n->name, from->fd, from->name, RENAME_NOREPLACE) == 0)
                return r;
        /* Then all that names it has to follow. */
        if (reterr)
                error_done(reterr);
        return 0;
}

static int renaming_run(Renaming *n, Error *reterr)
{
        _cleanup_(fd_close_p) int room_fd = -EBADF;
        const JobRequest *request = n->request;
        RenameMark mark = {
                .directory = request->site->directory,
                .id = (char *) request->container,
        };
        int r;

        r = read_target(n, reterr);
        if (r == 0)
                r = lock_both(n, reterr);
        if (r == 0)
                r = open_container(n, reterr);
        if (r == 0)
                r = check_mounts(request->site, reterr);
        if (r == 0)
                r = check_dependents(n, reterr);
        if (r < 0)
                return r;
        mark.new_id = (char *) n->id;
        r = rename_mark_write(n->dir_fd, &mark);
        if (r < 0) {
                (void) rename_mark_remove(n->dir_fd);
                return error_errno(reterr, -r, "Cannot write to '%s'", request->site->directory);
        }
        n->move.dir_fd = n->dir_fd;
        n->move.to_id = n->id;
        r = hold_room(n, &room_fd, reterr);
        if (r == 0)
                r = move_announce(&n->move, reterr);
        if (r == 0)
                r = rename_directory(n, reterr);
        if (r < 0) {
                (void) rename_mark_remove(n->dir_fd);
                return r;
        }
        room_fd = fd_close(room_fd);
        return follow(&n->move, reterr);
}

int rename_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr)
{
        _cleanup_(renaming_done) Renaming n = {
                .request = request,
                .to = SITE_NULL,
                .hold = HOLD_NULL,
                .lock = CONTAINER_LOCK_NULL,
                .kin_fd = -EBADF,
                .dir_fd = -EBADF,
                .move = {
                        .from = request->site,
                        .from_id = request->container,
                        .lock_dir = request->lock_dir,
                        .report = report,
                },
        };
        int r;

        n.move.to = &n.to;
        r = renaming_run(&n, reterr);
        if (r < 0)
                return r;
        *ret_result = json_pack("{s:s,s:b}", "name", n.name, "reload", r > 0);
        return 0;
}

/* --- after a kill --- */

/* The mark's old name, in the same container path. Return: > 0, 0 it is the present name, -EBADMSG. */
static int old_site(const RenameMark *mark, const Site *to, Site *ret)
{
        const char *slash = strrchr(mark->directory, '/');
        size_t n = (size_t) (slash - mark->directory);

        if (strlen(to->path) != n || strncmp(mark->directory, to->path, n) != 0)
                return -EBADMSG;
        if (streq(slash + 1, to->name))
                return 0;
        *ret = (Site){
                .fd = -EBADF,
                .path = strdup(to->path),
                .directory = strdup(mark->directory),
                .name = strdup(slash + 1),
        };
        return ret->path && ret->directory && ret->name ? 1 : -ENOMEM;
}

static int
resume(const Site *to, int dir_fd, const RenameMark *mark, const char *lock_dir, Error *reterr)
{
        static const Report nobody = { .fd = -EBADF };
        _cleanup_(site_done) Site from = SITE_NULL;
        _cleanup_(container_lock_release) ContainerLock lock = CONTAINER_LOCK_NULL;
        Move move = {
                .from = &from,
                .to = to,
                .from_id = mark->id,
                .to_id = mark->new_id,
                .dir_fd = dir_fd,
                .lock_dir = lock_dir,
                .report = &nobody,
        };
        int r;

        /* Whose job still runs does it himself. */
        r = container_lock_take(lock_dir, mark->new_id, to->directory, &lock, reterr);
        if (r < 0)
                return r;
        r = old_site(mark, to, &from);
        if (r == 0)
                r = rename_mark_remove(dir_fd);
        else if (r > 0)
                return follow(&move, reterr);
        return r < 0 ? error_errno(reterr, -r, "Cannot complete the rename of '%s'", to->directory)
                     : 0;
}

static int read_mark(const Site *site, int dir_fd, RenameMark *ret, Error *reterr)
{
        int r = rename_mark_read(dir_fd, ret);

        return r < 0 ? error_errno(reterr, -r, "Cannot read '%s/" RENAME_MARK "'", site->directory)
                     : r;
}

int rename_resume(const Site *site, int dir_fd, const char *lock_dir, Error *reterr)
{
        _cleanup_(rename_mark_done) RenameMark seen = { NULL, NULL, NULL },
                                               mark = { NULL, NULL, NULL };
        _cleanup_(fd_close_p) int kin_fd = -EBADF;
        int r;

        r = read_mark(site, dir_fd, &seen, reterr);
        if (r <= 0)
                return r;
        kin_fd = kin_lock_wait(lock_dir, true, reterr);
        if (kin_fd < 0)
                return kin_fd;
        /* It may be that of a job which has ended meanwhile. */
        r = path_is_open(site->fd, site->name, dir_fd) > 0 ? read_mark(site, dir_fd, &mark, reterr)
                                                           : 0;
        return r > 0 ? resume(site, dir_fd, &mark, lock_dir, reterr) : r;
}

/* A container that has lost its old name has the new one, since nothing else takes a name away while the
 * job holds it; the mark says whether all that names it has followed. */
int rename_settle(const JobRequest *request, json_t **ret_result, Error *reterr)
{
        _cleanup_(fd_close_p) int dir_fd = -EBADF;
        _cleanup_(renaming_done) Renaming n = {
                .request = request,
                .to = SITE_NULL,
                .hold = HOLD_NULL,
                .lock = CONTAINER_LOCK_NULL,
                .kin_fd = -EBADF,
                .dir_fd = -EBADF,
        };
        int r;

        if (site_check_absent(request->site, request->container, NULL) < 0 ||
            read_names(&n, NULL) < 0)
                return 0;
        dir_fd = path_open_on_mount(n.to.fd, n.to.name, O_RDONLY | O_DIRECTORY);
        if (dir_fd < 0)
                return 0;
        r = rename_resume(&n.to, dir_fd, request->lock_dir, reterr);
        if (r < 0)
                return r;
        /* How much of it was done before is not known. */
        *ret_result = json_pack("{s:s,s:b}", "name", n.name, "reload", 1);
        return 1;
}
