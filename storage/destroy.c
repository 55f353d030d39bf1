/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/destroy.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/strv.h"
#include "config/document.h"
#include "config/parse.h"
#include "interfaces/container-id.h"
#include "interfaces/container-lock.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "storage/dependents.h"
#include "storage/job/hook.h"
#include "storage/mounts.h"
#include "storage/backend/outside.h"
#include "storage/backend/rootfs.h"
#include "storage/job/site.h"
#include "storage/snapshots.h"
#include "storage/ties.h"
#include "storage/trash.h"
#include "storage/unit-files.h"

/* How long a supervisor that has just said "stopped" may take to be gone. */
#define LOCK_USEC (5 * USEC_PER_SEC)

typedef struct Destruction {
        const JobRequest *request;
        const Report *report;
        const Site *site;
        ContainerLock lock;
        int dir_fd;
        bool with_snapshots;
        char *kept; /* an entry of the directory that stays, or NULL */
        Ties ties;
        bool reload; /* of the service manager: units have changed */
} Destruction;

static void destruction_done(Destruction *destruction)
{
        (void) fd_close(destruction->dir_fd);
        container_lock_release(&destruction->lock);
        free(destruction->kept);
        ties_done(&destruction->ties);
}

static int open_container(Destruction *destruction, Error *reterr)
{
        const char *id = destruction->request->container;
        int fd;

        fd = path_open_on_mount(destruction->site->fd, destruction->site->name,
                                O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0) {
                destruction->dir_fd = fd;
                return 0;
        }
        if (fd == -ENOENT)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    id);
        if (fd == -ELOOP || fd == -EXDEV)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "'%s' is %s: what it leads to is not removed; detach it first",
                                    destruction->site->directory,
                                    fd == -ELOOP ? "a symbolic link" : "a mount point");
        return error_errno(reterr, -fd, "Cannot open '%s'", destruction->site->directory);
}

static int check_free(const Destruction *destruction, Error *reterr)
{
        _cleanup_(fd_close_p) int kin_fd =
                kin_lock_wait(destruction->request->lock_dir, false, reterr);
        _cleanup_(free_p) char *mounted = NULL;
        int r;

        if (kin_fd < 0)
                return kin_fd;
        r = dependents_check(destruction->site, destruction->dir_fd, false, reterr);
        if (r == 0 && !destruction->with_snapshots)
                r = snapshots_check(destruction->site, destruction->dir_fd, reterr);
        if (r < 0)
                return r;
        r = mounts_below(destruction->site->directory, &mounted, reterr);
        if (r > 0)
                return error_public(reterr, ERROR_BUSY,
                                    "Container '%s' is not destroyed: something is mounted on '%s'",
                                    destruction->request->container, mounted);
        return r;
}

/* The part of `path` below the container's directory, or NULL. */
static const char *inside(const Destruction *destruction, const char *path)
{
        const char *rest = startswith(path, destruction->site->directory);

        return rest && *rest == '/' && path_is_normalized(path) ? rest + 1 : NULL;
}

/* An unmanaged root in the container's own directory: its first component is spared. */
static int spare(Destruction *destruction, const char *path, Error *reterr)
{
        const char *rest = inside(destruction, path);

        report_message(destruction->report,
                       "The root file system '%s' stays: lxc.rootfs.managed is 0", path);
        if (!rest)
                return 0;
        destruction->kept = strndup(rest, strcspn(rest, "/"));
        return destruction->kept ? 0 : error_oom(reterr);
}

/* What stays elsewhere. Of "overlay:LOWER:UPPER" that is the upper: a lower is another's, nobody takes it
 * to go. */
static int tell_foreign(const Destruction *destruction, const char *rootfs_path, Error *reterr)
{
        _cleanup_(strv_free_p) char **parts = NULL;
        Rootfs rootfs = ROOTFS_NULL;
        bool goes_too;

        goes_too = rootfs_parse(rootfs_path, &rootfs, NULL) == 0 && rootfs.backend->destroy;
        rootfs_done(&rootfs);
        if (goes_too)
                return 0;
        if (strv_split(&parts, backend_path(rootfs_path), ":") < 0)
                return error_oom(reterr);
        strv_foreach(part, parts) {
                if (!part[1] && (*part)[0] == '/' && !inside(destruction, *part))
                        report_message(destruction->report,
                                       "'%s' is not removed: it lies outside of '%s'", *part,
                                       destruction->site->directory);
        }
        return 0;
}

/* The config is only read for this, and as text: a broken one must not keep the container from being
 * destroyed. */
static int look_at_rootfs(Destruction *destruction, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(free_p) char *text = NULL;
        const char *path, *managed;
        int r;

        r = file_read(destruction->dir_fd, "config", CONFIG_FILE_MAX, &text, NULL);
        if (r < 0) {
                if (r != -ENOENT)
                        report_message(destruction->report,
                                       "The config of '%s' cannot be read (%s); if its root file "
                                       "system lies elsewhere, it stays",
                                       destruction->request->container, strerror(-r));
                return 0;
        }
        if (document_new(text, &document) < 0)
                return error_oom(reterr);
        path = document_get(document, "lxc.rootfs.path");
        managed = document_get(document, "lxc.rootfs.managed");
        if (!path || !*path)
                return 0;
        if (managed && streq(managed, "0"))
                return spare(destruction, backend_path(path), reterr);
        return tell_foreign(destruction, path, reterr);
}

/* Whoever else than root could write into the container's directory would have root run his program. */
static bool is_trusted(const Destruction *destruction)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = path_open_trusted(destruction->site->directory, O_PATH | O_DIRECTORY, NULL);
        return fd >= 0;
}

/* On the host, with everything still there. That one of them fails keeps the container; that its
 * config cannot be read does not. */
static int run_hooks(const Destruction *destruction, Error *reterr)
{
        const Site *site = destruction->site;
        _cleanup_(config_free_p) Config *config = NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        _cleanup_(free_p) char *config_file = NULL;
        int r;

        if (!is_trusted(destruction))
                return 0;
        config_file = string_format("%s/config", site->directory);
        if (!config_file)
                return error_oom(reterr);
        r = config_load(config_file, &config, NULL, &error);
        if (r == -ENOENT)
                return 0;
        if (r < 0) {
                report_message(destruction->report,
                               "Destroy hooks of '%s', if it has any, are not run: %s",
                               destruction->request->container, error_message(&error));
                return 0;
        }
        return job_hooks_run_on_host(
                &(JobHook){
                        .container = destruction->request->container,
                        .config = config,
                        .type = HOOK_DESTROY,
                        .input = { .name = site->name, .config_file = config_file },
                        .report = destruction->report,
                        .host_mounts = destruction->request->host_mounts,
                },
                reterr);
}

/* Volumes and data sets, of the container and of its snapshots, while everything still tells of them. Done
 * again after a kill, it goes on. */
static int destroy_outside(const Destruction *destruction, Error *reterr)
{
        const SnapshotPlace *place = &destruction->ties.snapshots;
        _cleanup_(snapshot_list_done) SnapshotList list = { NULL };
        int r = place->path ? snapshot_list(place, false, &list, reterr) : 0;

        for (size_t i = 0; i < list.n && r == 0; i++) {
                _cleanup_(fd_close_p) int fd = path_open_beneath(
                        place->fd, list.items[i].name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

                r = fd < 0 ? 0 : outside_destroy(fd, reterr);
        }
        if (r == 0)
                r = outside_destroy(destruction->dir_fd, reterr);
        /* Of one whose maker was killed right after it was published: in the trash it would speak of what
         * may by then be another one's. */
        if (r == 0)
                outside_end(destruction->dir_fd);
        return r;
}

/* LXC 1.0 kept them outside of the container's directory. */
static void remove_old_snapshots(const Destruction *destruction)
{
        const char *path = destruction->ties.snapshots.path;
        const char *slash = path ? strrchr(path, '/') : NULL;
        _cleanup_(free_p) char *parent = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        if (!path || startswith(path, destruction->site->directory))
                return;
        parent = strndup(path, (size_t) (slash - path));
        fd = parent ? path_open_trusted(parent, O_RDONLY | O_DIRECTORY, NULL) : -ENOMEM;
        r = fd < 0 ? error_errno(&error, -fd, "Cannot open '%s'", parent)
                   : trash_put(fd, slash + 1, &error);
        if (r == 0)
                r = trash_collect(fd, &error);
        if (r < 0)
                report_message(destruction->report, "Snapshots in '%s' stay: %s", path,
                               error_message(&error));
}

/* Everything but what is kept; the config first, since without it there is no container. */
static int move_parts(const Destruction *destruction, Error *reterr)
{
        _cleanup_(fd_close_p) int trash_fd = -EBADF;
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int fd;

        trash_fd = trash_make(destruction->site->fd, reterr);
        if (trash_fd < 0)
                return trash_fd;
        if (renameat(destruction->dir_fd, "config", trash_fd, "config") < 0 && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot remove the config of '%s'",
                                   destruction->request->container);
        fd = fcntl(destruction->dir_fd, F_DUPFD_CLOEXEC, 3);
        dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir) {
                (void) fd_close(fd);
                return error_errno(reterr, errno, "Cannot list '%s'", destruction->site->directory);
        }
        while ((entry = readdir(dir))) {
                const char *name = entry->d_name;

                if (streq(name, ".") || streq(name, "..") || streq(name, destruction->kept))
                        continue;
                if (renameat(destruction->dir_fd, name, trash_fd, name) < 0)
                        return error_errno(reterr, errno, "Cannot remove '%s/%s'",
                                           destruction->site->directory, name);
        }
        return 0;
}

/* Gone is gone, also after a power cut; and a base must not forget before that who needs it. */
static void settle(const Destruction *destruction)
{
        if (fsync(destruction->kept ? destruction->dir_fd : destruction->site->fd) < 0)
                report_message(destruction->report, "'%s' may be back after a power cut: %m",
                               destruction->request->container);
}

/* The next container of that name must not inherit the unit's enablement or limits, whether or not anybody
 * hears of this end. Return: has something changed? */
static bool forget_unit(const JobRequest *request, const Report *report)
{
        _cleanup_(free_p) char *unit = container_id_unit(request->container);
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        if (!request->unit_directories)
                return false;
        r = unit ? unit_files_remove(request->unit_directories, unit, &error) : error_oom(&error);
        if (r < 0 && report)
                report_message(report, "%s", error_message(&error));
        return r != 0;
}

static int destruction_run(Destruction *destruction, Error *reterr)
{
        const JobRequest *request = destruction->request;
        int r;

        r = json_get_bool(request->parameters, "snapshots", &destruction->with_snapshots, reterr);
        if (r >= 0)
                r = open_container(destruction, reterr);
        if (r == 0)
                r = container_lock_wait(request->lock_dir, request->container,
                                        destruction->site->directory, LOCK_USEC, &destruction->lock,
                                        reterr);
        if (r == 0)
                r = check_free(destruction, reterr);
        if (r == 0)
                r = look_at_rootfs(destruction, reterr);
        if (r == 0)
                r = run_hooks(destruction, reterr);
        if (r == 0)
                r = ties_find(destruction->site, destruction->dir_fd, &destruction->ties, reterr);
        if (r == 0)
                r = destroy_outside(destruction, reterr);
        if (r < 0)
                return r;
        r = destruction->kept ? move_parts(destruction, reterr)
                              : trash_put(destruction->site->fd, destruction->site->name, reterr);
        if (r < 0)
                return r;
        settle(destruction);
        /* A base that still tells of what is gone is safe, the other way round is not. */
        ties_undo(&destruction->ties, destruction->report);
        remove_old_snapshots(destruction);
        destruction->reload = forget_unit(destruction->request, destruction->report);
        return 0;
}

int destroy_job(const JobRequest *request, const Report *report, json_t **ret_result, Error *reterr)
{
        _cleanup_(destruction_done) Destruction destruction = {
                .request = request,
                .report = report,
                .site = request->site,
                .lock = CONTAINER_LOCK_NULL,
                .dir_fd = -EBADF,
                .ties = TIES_NULL,
        };
        int r;

        r = destruction_run(&destruction, reterr);
        if (r < 0)
                return r;
        *ret_result =
                json_pack("{s:s,s:b}", "name", request->container, "reload", destruction.reload);
        return 0;
}

int destroy_settle(const JobRequest *request, json_t **ret_result, Error *reterr)
{
        if (site_check_absent(request->site, request->container, NULL) < 0)
                return 0;
        (void) forget_unit(request, NULL);
        /* How much of it was done before is not known. */
        *ret_result = json_pack("{s:s,s:b}", "name", request->container, "reload", 1);
        return 1;
}
