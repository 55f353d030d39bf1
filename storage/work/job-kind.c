/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/work/job-kind.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"
#include "interfaces/unsynced.h"
#include "storage/clone.h"
#include "storage/configure.h"
#include "storage/create.h"
#include "storage/destroy.h"
#include "storage/elsewhere.h"
#include "storage/check/check.h"
#include "storage/backend/list.h"
#include "storage/recover.h"
#include "storage/rename.h"
#include "storage/restore.h"
#include "storage/snapshot.h"
#include "storage/trash.h"

/* Removal is in nobody's way. */
#define COLLECT_NICE 10

/* clang-format off */
static const JobKind job_kinds[] = {
        { "check-host",       SITE_NONE,      check_host_job,       true,  NULL },
        { "clone",            SITE_MAKE_PATH, clone_job,            false, NULL },
        { "configure",        SITE_AS_IT_IS,  configure_job,        true,  NULL },
        { "create",           SITE_MAKE_PATH, create_job,           false, NULL },
        { "destroy",          SITE_ANY_NAME,  destroy_job,          false, destroy_settle },
        { "destroy-snapshot", SITE_AS_IT_IS,  destroy_snapshot_job, false, NULL },
        { "list-backends",    SITE_NONE,      list_backends_job,    true,  NULL },
        { "rename",           SITE_ANY_NAME,  rename_job,           false, rename_settle },
        { "restore",          SITE_MAKE_PATH, restore_job,          false, NULL },
        { "snapshot",         SITE_AS_IT_IS,  snapshot_job,         false, NULL },
};
/* clang-format on */

const JobKind *job_kind_find(const char *name)
{
        for (size_t i = 0; i < ELEMENTS(job_kinds); i++)
                if (streq(job_kinds[i].name, name))
                        return &job_kinds[i];
        return NULL;
}

static int open_site(const JobKind *kind, const JobRequest *request, Site *ret, Error *reterr)
{
        const char *directory = NULL;
        int r;

        if (kind->site == SITE_NONE)
                return 0;
        r = json_get_string(request->parameters, "directory", &directory, reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return error_public(reterr, ERROR_INVALID_ARGS, "Parameter 'directory' is missing");
        return site_open(request->container, directory, kind->site, ret, reterr);
}

/* After the answer: a clone's files may still be on their way to the disk. */
static void sync_site(const Site *site)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        fd = path_open_on_mount(site->fd, site->name, O_RDONLY | O_DIRECTORY);
        r = fd < 0 ? 0 : unsynced_settle(fd);
        if (r < 0)
                log_event(LOG_WARNING, NULL, "Cannot write '%s' to the disk: %s", site->directory,
                          strerror(-r));
}

/* Return: is all of it gone? */
static bool collect(int path_fd, const char *path)
{
        _cleanup_(error_done) Error error = ERROR_NULL;
        int r;

        (void) setpriority(PRIO_PROCESS, 0, COLLECT_NICE);
        r = trash_collect(path_fd, &error);
        if (r < 0)
                log_error_event(LOG_WARNING, NULL, &error, path);
        return r == 0;
}

/* The job is done all the same when it cannot be noted: it is for a crash alone. */
static void note(const JobRequest *request, Elsewhere *ret)
{
        int r = elsewhere_begin(request->container_path, request->container, request->site, ret);

        if (r < 0)
                log_event(
                        LOG_WARNING, NULL,
                        "Cannot note in '%s' that '%s' is worked on: %s; what a crash would leave "
                        "there will stay",
                        request->container_path, request->site->directory, strerror(-r));
}

int job_run(const JobKind *kind, JobRequest *request, const Report *report)
{
        _cleanup_(site_done) Site site = SITE_NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        Elsewhere elsewhere = ELSEWHERE_NULL;
        json_t *result = NULL;
        int r;

        r = open_site(kind, request, &site, &error);
        if (r == 0) {
                request->site = &site;
                /* What cannot be settled the job meets by itself, and the collector tells of it. */
                if (site.fd >= 0 && !kind->brief) {
                        note(request, &elsewhere);
                        (void) trash_settle(site.fd, NULL);
                }
                r = kind->run(request, report, &result, &error);
        }
        if (r < 0)
                report_error(report, &error);
        else
                report_end(report, result);
        /* By the fd from the beginning: the path may by now lead to what a template saw. */
        if (site.fd >= 0 && !kind->brief) {
                sync_site(&site);
                elsewhere_end(&elsewhere, collect(site.fd, site.path));
        }
        return r;
}

void job_sync(const JobKind *kind, const JobRequest *request)
{
        _cleanup_(site_done) Site site = SITE_NULL;

        if (open_site(kind, request, &site, NULL) == 0 && site.fd >= 0)
                sync_site(&site);
}

void job_settle(const JobKind *kind, JobRequest *request, const Report *report)
{
        _cleanup_(site_done) Site site = SITE_NULL;
        _cleanup_(error_done) Error error = ERROR_NULL;
        Elsewhere elsewhere = ELSEWHERE_NULL;
        json_t *result = NULL;
        int r;

        if (open_site(kind, request, &site, NULL) < 0 || site.fd < 0)
                return;
        request->site = &site;
        /* The worker's. */
        (void) elsewhere_begin(request->container_path, request->container, &site, &elsewhere);
        recover(site.fd, site.path, request->lock_dir, -EBADF);
        r = kind->settle ? kind->settle(request, &result, &error) : 0;
        if (r < 0)
                report_error(report, &error);
        if (r > 0) {
                report_message(report, "The job was killed, but what it had begun was completed");
                report_end(report, result);
        }
        elsewhere_end(&elsewhere, collect(site.fd, site.path));
}

static bool recover_path(const char *container_path, const char *lock_dir, int begun_fd)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        fd = path_open_trusted(container_path, O_RDONLY | O_DIRECTORY, NULL);
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR;
        recover(fd, container_path, lock_dir, begun_fd);
        return collect(fd, container_path);
}

static bool collect_path(const char *container_path, const char *lock_dir)
{
        return recover_path(container_path, lock_dir, -EBADF);
}

void job_collect(const char *container_path, const char *lock_dir, int begun_fd)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        (void) recover_path(container_path, lock_dir, begun_fd);
        fd = path_open_trusted(container_path, O_RDONLY | O_DIRECTORY, NULL);
        if (fd >= 0)
                elsewhere_collect(fd, container_path, lock_dir, collect_path);
}
