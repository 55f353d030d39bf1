/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/snapshots.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/path.h"
#include "base/process.h"
#include "base/strv.h"
#include "base/utf8.h"
#include "interfaces/errors.h"

#define PLACE_NAME "snaps"
#define PLACE_MODE 0770
#define TIME_TEXT_MAX 64

void snapshot_place_done(SnapshotPlace *place)
{
        (void) fd_close(place->fd);
        free(place->path);
        *place = SNAPSHOT_PLACE_NULL;
}

/* Return: 0, -ENOENT, -errno. */
static int open_old_place(const char *container_path, const char *name, SnapshotPlace *ret)
{
        _cleanup_(free_p) char *path = NULL;
        int fd;

        path = string_format("%s" PLACE_NAME "/%s", container_path, name);
        if (!path)
                return -ENOMEM;
        fd = path_open_trusted(path, O_RDONLY | O_DIRECTORY, NULL);
        if (fd < 0)
                return fd == -ENOTDIR ? -ENOENT : fd;
        *ret = (SnapshotPlace){ .fd = fd, .path = TAKE_PTR(path) };
        return 0;
}

static int
open_place(const char *container_path, const char *name, int dir_fd, bool make, SnapshotPlace *ret)
{
        _cleanup_(free_p) char *path = NULL;
        int fd;

        path = string_format("%s/%s/" PLACE_NAME, container_path, name);
        if (!path)
                return -ENOMEM;
        if (make && mkdirat(dir_fd, PLACE_NAME, PLACE_MODE) < 0 && errno != EEXIST)
                return -errno;
        fd = path_open_beneath(dir_fd, PLACE_NAME, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        *ret = (SnapshotPlace){ .fd = fd, .path = TAKE_PTR(path) };
        return 0;
}

int snapshot_place_open(const char *container_path,
                        const char *name,
                        int dir_fd,
                        bool make,
                        SnapshotPlace *ret,
                        Error *reterr)
{
        int r;

        r = open_old_place(container_path, name, ret);
        if (r == -ENOENT)
                r = open_place(container_path, name, dir_fd, make, ret);
        if (r == -ENOENT)
                return r;
        return r < 0 ? error_errno(reterr, -r, "Cannot open the snapshots of '%s'", name) : 0;
}

void snapshot_list_done(SnapshotList *list)
{
        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].name);
                free(list->items[i].comment);
        }
        free(list->items);
        *list = (SnapshotList){ 0 };
}

/* Names of ours begin with a dot: what is being made, and the trash. */
static bool is_snapshot(int fd, const struct dirent *entry)
{
        struct stat st;

        if (entry->d_name[0] == '.')
                return false;
        if (entry->d_type != DT_UNKNOWN)
                return entry->d_type == DT_DIR;
        return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int add(SnapshotList *list, const char *name)
{
        Snapshot *grown = reallocarray(list->items, list->n + 1, sizeof(Snapshot));

        if (!grown)
                return -ENOMEM;
        list->items = grown;
        grown[list->n] = (Snapshot){ .name = strdup(name) };
        if (!grown[list->n].name)
                return -ENOMEM;
        list->n++;
        return 0;
}

static int compare(const void *a, const void *b)
{
        const Snapshot *x = a, *y = b;

        return strverscmp(x->name, y->name);
}

static uint64_t read_time(int fd)
{
        _cleanup_(free_p) char *text = NULL;
        struct tm tm = { .tm_isdst = -1 };
        time_t seconds;

        if (file_read(fd, SNAPSHOT_TIME, TIME_TEXT_MAX, &text, NULL) < 0 ||
            !strptime(text, SNAPSHOT_TIME_FORMAT, &tm))
                return 0;
        seconds = mktime(&tm);
        return seconds < 0 ? 0 : (uint64_t) seconds * USEC_PER_SEC;
}

/* What is not there, or no text, is left out. */
static int read_details(int place_fd, Snapshot *snapshot)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        fd = path_open_beneath(place_fd, snapshot->name, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return 0;
        snapshot->time_usec = read_time(fd);
        r = file_read(fd, SNAPSHOT_COMMENT, SNAPSHOT_COMMENT_MAX, &snapshot->comment, NULL);
        (void) utf8_make_valid(snapshot->comment);
        return r == -ENOMEM ? r : 0;
}

static int fill(const SnapshotPlace *place, bool with_details, SnapshotList *list)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int r = path_list(place->fd, ".", 0, &dir);

        while (r == 0 && (entry = readdir(dir)))
                if (is_snapshot(place->fd, entry))
                        r = add(list, entry->d_name);
        if (list->n > 0)
                qsort(list->items, list->n, sizeof(Snapshot), compare);
        for (size_t i = 0; r == 0 && with_details && i < list->n; i++)
                r = read_details(place->fd, &list->items[i]);
        return r;
}

int snapshot_list(const SnapshotPlace *place, bool with_details, SnapshotList *ret, Error *reterr)
{
        _cleanup_(snapshot_list_done) SnapshotList list = { 0 };
        int r;

        r = fill(place, with_details, &list);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot list the snapshots in '%s'", place->path);
        *ret = list;
        list = (SnapshotList){ 0 };
        return 0;
}

int snapshot_name_check(const char *name, Error *reterr)
{
        if (*name && *name != '.' && !strchr(name, '/'))
                return 0;
        return error_public(reterr, ERROR_NO_SUCH_SNAPSHOT, "'%.64s' cannot be a snapshot's name",
                            name);
}

int snapshots_check(const Site *site, int dir_fd, Error *reterr)
{
        _cleanup_(snapshot_place_done) SnapshotPlace place = SNAPSHOT_PLACE_NULL;
        _cleanup_(snapshot_list_done) SnapshotList list = { 0 };
        int r;

        r = snapshot_place_open(site->path, site->name, dir_fd, false, &place, reterr);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r == 0)
                r = snapshot_list(&place, false, &list, reterr);
        if (r < 0 || list.n == 0)
                return r;
        return error_public(reterr, ERROR_HAS_SNAPSHOTS,
                            "Container '%s' has %zu snapshot%s: destroy %s first or ask for %s to "
                            "go as well",
                            site->name, list.n, list.n == 1 ? "" : "s", list.n == 1 ? "it" : "them",
                            list.n == 1 ? "it" : "them");
}
