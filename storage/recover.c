/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/container-lock.h"
#include "interfaces/errors.h"
#include "interfaces/unsynced.h"
#include "storage/backend/outside.h"
#include "storage/rename-mark.h"
#include "storage/rename.h"
#include "storage/snapshots.h"
#include "storage/trash.h"

static bool is_temporary(const struct dirent *entry)
{
        return startswith(entry->d_name, TRASH_PREFIX) && !streq(entry->d_name, RENAME_MARK);
}

/* The temporary files (file_write_atomic()) of writers that were killed, the rename's mark aside. Who lives
 * holds one of these locks: of the container, of its config, of its record of clones. */
static void sweep_temporaries(const Site *site, int dir_fd, const char *lock_dir)
{
        _cleanup_(container_lock_release) ContainerLock lock = CONTAINER_LOCK_NULL;
        _cleanup_(fd_close_p) int config_fd = -EBADF;
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (container_lock_take(lock_dir, site->name, site->directory, &lock, NULL) < 0)
                return;
        config_fd = config_lock_wait(lock_dir, site->name, NULL);
        /* A description of its own, as the lock lives with it. */
        if (config_fd < 0 || path_list(dir_fd, ".", 0, &dir) < 0 ||
            flock(dirfd(dir), LOCK_EX | LOCK_NB) < 0)
                return;
        /* Its maker was killed before he had withdrawn it. */
        outside_end(dir_fd);
        while ((entry = readdir(dir)))
                if (is_temporary(entry))
                        (void) unlinkat(dir_fd, entry->d_name, 0);
}

/* Nobody's container is locked for nothing. */
static bool has_temporaries(int dir_fd)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (outside_is_recorded(dir_fd))
                return true;
        if (path_list(dir_fd, ".", 0, &dir) < 0)
                return false;
        while ((entry = readdir(dir)))
                if (is_temporary(entry))
                        return true;
        return false;
}

static void resume(const Site *site, int dir_fd, const char *lock_dir)
{
        _cleanup_(error_done) Error error = ERROR_NULL;

        if (rename_resume(site, dir_fd, lock_dir, &error) < 0 && error.code != ERROR_BUSY)
                log_error_event(LOG_WARNING, NULL, &error, site->directory);
}

static void clean(const Site *site, int dir_fd, const char *lock_dir)
{
        _cleanup_(snapshot_place_done) SnapshotPlace place = SNAPSHOT_PLACE_NULL;

        (void) unsynced_settle(dir_fd);
        if (has_temporaries(dir_fd))
                sweep_temporaries(site, dir_fd, lock_dir);
        if (snapshot_place_open(site->path, site->name, dir_fd, false, &place, NULL) == 0)
                (void) trash_collect(place.fd, NULL);
}

/* Where LXC 1.0 kept snapshots; ours is only the trash there (destroy.c). */
static void recover_old_snapshots(const char *container_path)
{
        _cleanup_(free_p) char *path = NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;

        path = string_format("%ssnaps", container_path);
        if (!path)
                return;
        fd = path_open_trusted(path, O_RDONLY | O_DIRECTORY, NULL);
        if (fd >= 0)
                (void) trash_collect(fd, NULL);
}

static void for_each_container(int path_fd,
                               const char *container_path,
                               const char *lock_dir,
                               void (*function)(const Site *, int dir_fd, const char *lock_dir))
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;

        if (path_list(path_fd, ".", 0, &dir) < 0)
                return;
        while ((entry = readdir(dir))) {
                _cleanup_(free_p) char *directory = NULL;
                _cleanup_(fd_close_p) int dir_fd = -EBADF;
                Site site = { .fd = path_fd, .path = (char *) container_path };

                if (entry->d_name[0] == '.')
                        continue;
                directory = string_format("%s/%s", container_path, entry->d_name);
                if (!directory)
                        return;
                site.name = entry->d_name;
                site.directory = directory;
                dir_fd = path_open_on_mount(path_fd, entry->d_name, O_RDONLY | O_DIRECTORY);
                if (dir_fd >= 0)
                        function(&site, dir_fd, lock_dir);
        }
}

void recover(int path_fd, const char *container_path, const char *lock_dir, int begun_fd)
{
        for_each_container(path_fd, container_path, lock_dir, resume);
        (void) fd_close(begun_fd);
        for_each_container(path_fd, container_path, lock_dir, clean);
        recover_old_snapshots(container_path);
}
