/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The lock of a base's record is a flock(2) on its directory, held for the moment of one change. */

#include "storage/dependents.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "storage/rename-mark.h"

#define CLONES_FILE "lxc_snapshots"
#define BASES_FILE "lxc_rdepends"
#define RECORD_MAX (1024 * 1024)
#define RECORD_MODE 0640
#define NAMES_SHOWN_MAX 5

/* Return: > 0 read, 0 there is none, -EBADMSG, -errno. */
static int read_record(int dir_fd, const char *name, Kinship *ret)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = file_read(dir_fd, name, RECORD_MAX, &text, NULL);
        if (r == 0)
                r = kinship_parse(text, ret);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        return 1;
}

static int write_record(int dir_fd, const char *name, const Kinship *record, bool durable)
{
        _cleanup_(free_p) char *text = kinship_print(record);

        if (!text)
                return -ENOMEM;
        if (*text)
                return file_write_atomic(dir_fd, name, text, RECORD_MODE, durable);
        if (unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
                return -errno;
        return durable && fsync(dir_fd) < 0 ? -errno : 0;
}

static int open_kin(const Kin *kin)
{
        _cleanup_(free_p) char *path = NULL;

        path = string_format("%s/%s", kin->path, kin->name);
        if (!path)
                return -ENOMEM;
        return path_open_trusted(path, O_RDONLY | O_DIRECTORY, NULL);
}

int bases_read(int dir_fd, Kinship *ret, Error *reterr)
{
        int r = read_record(dir_fd, BASES_FILE, ret);

        return r < 0 ? error_errno(reterr, -r, "Cannot read '" BASES_FILE "'") : 0;
}

int bases_write(int dir_fd, const Kinship *bases, bool durable, Error *reterr)
{
        int r = write_record(dir_fd, BASES_FILE, bases, durable);

        return r < 0 ? error_errno(reterr, -r, "Cannot write '" BASES_FILE "'") : 0;
}

/* --- who is there --- */

/* By a layer of its root file system, say. */
static bool config_names(int dir_fd, const Kin *base)
{
        _cleanup_(free_p) char *text = NULL, *directory = NULL;
        int r;

        directory = string_format("%s/%s/", base->path, base->name);
        if (!directory)
                return true;
        r = file_read(dir_fd, "config", CONFIG_FILE_MAX, &text, NULL);
        return r < 0 ? r != -ENOENT : strstr(text, directory) != NULL;
}

/* What cannot be read may be one. */
static bool is_clone(const Kin *base, int clone_fd)
{
        _cleanup_(kinship_done) Kinship bases = { 0 };
        int r = read_record(clone_fd, BASES_FILE, &bases);

        return r < 0 || kinship_contains(&bases, base) || config_names(clone_fd, base);
}

static bool is_there(const Kin *base, const Kin *clone)
{
        _cleanup_(fd_close_p) int fd = open_kin(clone);

        if (fd < 0)
                return fd != -ENOENT && fd != -ENOTDIR;
        return is_clone(base, fd);
}

/* Adds `name`, below the directory `dir_fd` whose path is `path`, when it is made of `base`. */
static int
try_candidate(const Kin *base, int dir_fd, const char *path, const char *name, Kinship *found)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(kinship_done) Kinship bases = { 0 };

        fd = path_open_beneath(dir_fd, name, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0 || read_record(fd, BASES_FILE, &bases) <= 0 || !kinship_contains(&bases, base))
                return 0;
        return kinship_add(found, &(Kin){ (char *) path, (char *) name });
}

/* A count does not say who: those that say it themselves, of the base's neighbours. */
static int find_neighbours(const Kin *base, int path_fd, const char *path, Kinship *found)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int r = path_list(path_fd, ".", 0, &dir);

        while (r == 0 && (entry = readdir(dir))) {
                _cleanup_(fd_close_p) int snaps_fd = -EBADF;
                _cleanup_(free_p) char *within = NULL, *snaps = NULL;

                if (entry->d_name[0] == '.')
                        continue;
                r = try_candidate(base, path_fd, path, entry->d_name, found);
                within = string_format("%s/snaps", entry->d_name);
                snaps_fd = within ? path_open_beneath(path_fd, within, O_RDONLY | O_DIRECTORY, 0)
                                  : -ENOMEM;
                if (r < 0 || snaps_fd < 0)
                        continue;
                snaps = string_format("%s/%s", path, within);
                r = snaps ? find_neighbours(base, snaps_fd, snaps, found) : -ENOMEM;
        }
        return r;
}

static int find_counted(const Kin *base, unsigned count, Kinship *ret, unsigned *ret_unknown)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (count == 0)
                return 0;
        fd = path_open_trusted(base->path, O_RDONLY | O_DIRECTORY, NULL);
        r = fd < 0 ? fd : find_neighbours(base, fd, base->path, ret);
        if (r == 0 && ret->n < count)
                *ret_unknown = count - (unsigned) ret->n;
        return r;
}

/* Adds to *ret. */
static int find_of(const Kin *base, int dir_fd, Kinship *ret, unsigned *ret_unknown, Error *reterr)
{
        _cleanup_(kinship_done) Kinship record = { 0 };
        int r;

        *ret_unknown = 0;
        r = read_record(dir_fd, CLONES_FILE, &record);
        /* It may tell of one. */
        if (r == -EBADMSG)
                *ret_unknown = 1;
        else if (r > 0 && record.counted)
                r = find_counted(base, record.count, ret, ret_unknown);
        for (size_t i = 0; r > 0 && i < record.n; i++)
                if (is_there(base, &record.items[i]) && kinship_add(ret, &record.items[i]) < 0)
                        r = -ENOMEM;
        if (r < 0 && r != -EBADMSG)
                return error_errno(reterr, -r, "Cannot find the clones of '%s/%s'", base->path,
                                   base->name);
        return 0;
}

/* In the midst of a rename some are still made of the old name. */
static int find_of_old_name(int dir_fd, Kinship *ret, unsigned *ret_unknown, Error *reterr)
{
        _cleanup_(rename_mark_done) RenameMark mark = { NULL, NULL, NULL };
        char *slash;
        int r;

        r = rename_mark_read(dir_fd, &mark);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read '" RENAME_MARK "'");
        slash = r > 0 ? strrchr(mark.directory, '/') : NULL;
        if (!slash)
                return 0;
        *slash = '\0';
        return find_of(&(Kin){ mark.directory, slash + 1 }, dir_fd, ret, ret_unknown, reterr);
}

int dependents_find(const Kin *base, int dir_fd, Kinship *ret, unsigned *ret_unknown, Error *reterr)
{
        int r = find_of(base, dir_fd, ret, ret_unknown, reterr);

        return r < 0 ? r : find_of_old_name(dir_fd, ret, ret_unknown, reterr);
}

/* "clone01, overlay01/snaps/snap0 and 3 more" */
static char *list_names(const Kin *base, const Kinship *clones)
{
        _cleanup_(strv_free_p) char **names = NULL;
        _cleanup_(free_p) char *joined = NULL;
        size_t shown = clones->n < NAMES_SHOWN_MAX ? clones->n : NAMES_SHOWN_MAX;

        for (size_t i = 0; i < shown; i++) {
                const Kin *clone = &clones->items[i];
                const char *within = startswith(clone->path, base->path);
                bool near = within && (*within == '/' || *within == '\0');

                if (near)
                        within += *within == '/';
                if (strv_addf(&names, "%s%s%s", near ? within : clone->path,
                              near && !*within ? "" : "/", clone->name) < 0)
                        return NULL;
        }
        joined = strv_join(names, ", ");
        if (!joined || clones->n == shown)
                return TAKE_PTR(joined);
        return string_format("%s and %zu more", joined, clones->n - shown);
}

static bool is_own_snapshot(const Site *site, const Kin *clone)
{
        const char *rest = startswith(clone->path, site->directory);

        return rest && (*rest == '/' || *rest == '\0');
}

static bool are_own_snapshots(const Site *site, const Kinship *clones)
{
        for (size_t i = 0; i < clones->n; i++)
                if (!is_own_snapshot(site, &clones->items[i]))
                        return false;
        return true;
}

static void leave_out_snapshots(const Site *site, Kinship *clones)
{
        for (size_t i = clones->n; i-- > 0;)
                if (is_own_snapshot(site, &clones->items[i]))
                        kinship_remove(clones, &clones->items[i]);
}

int dependents_check(const Site *site, int dir_fd, bool own_snapshots, Error *reterr)
{
        Kin base = { .path = site->path, .name = site->name };
        _cleanup_(kinship_done) Kinship clones = { 0 };
        _cleanup_(free_p) char *names = NULL;
        unsigned unknown;
        int r;

        r = dependents_find(&base, dir_fd, &clones, &unknown, reterr);
        if (r == 0 && !own_snapshots)
                leave_out_snapshots(site, &clones);
        if (r < 0 || clones.n + unknown == 0)
                return r;
        names = list_names(&base, &clones);
        if (!names)
                return error_oom(reterr);
        if (unknown == 0 && are_own_snapshots(site, &clones))
                return error_public(reterr, ERROR_HAS_DEPENDENTS,
                                    "Container '%s' must keep its storage, as its snapshots are "
                                    "not whole without it: %s; restore to a new name",
                                    site->name, names);
        if (unknown == 0)
                return error_public(reterr, ERROR_HAS_DEPENDENTS,
                                    "Container '%s' has %zu clone%s that need%s its files: %s",
                                    site->name, clones.n, clones.n == 1 ? "" : "s",
                                    clones.n == 1 ? "s" : "", names);
        return error_public(
                reterr, ERROR_HAS_DEPENDENTS,
                "Container '%s' has clones that need its files: %s%s%u that '%s/" CLONES_FILE
                "' counts but does not name; correct that file if there "
                "are none",
                site->name, names, clones.n > 0 ? ", and " : "", unknown, site->directory);
}

/* --- changes --- */

typedef struct RecordChange {
        const Kin *base;
        const Kin *clone;
        const Kin *to; /* NULL: see `leave` */
        bool leave;
        int synced_fd; /* of a file system that is synced afterwards; -EBADF: none is */
} RecordChange;

static bool is_synced(const RecordChange *change, int dir_fd)
{
        struct stat there, st;

        return change->synced_fd >= 0 && fstat(change->synced_fd, &there) == 0 &&
               fstat(dir_fd, &st) == 0 && st.st_dev == there.st_dev;
}

static int change_locked(const RecordChange *change, int dir_fd)
{
        _cleanup_(kinship_done) Kinship record = { 0 };
        int r;

        if (flock(dir_fd, LOCK_EX) < 0)
                return -errno;
        r = read_record(dir_fd, CLONES_FILE, &record);
        if (r < 0)
                return r;
        if (r == 0 && change->leave)
                return 0;
        if (change->to)
                r = kinship_rename(&record, change->clone, change->to);
        else if (change->leave)
                kinship_remove(&record, change->clone);
        else
                r = kinship_add(&record, change->clone);
        return r < 0 ? r : write_record(dir_fd, CLONES_FILE, &record, !is_synced(change, dir_fd));
}

static int change_record(const RecordChange *change, Error *reterr)
{
        const Kin *base = change->base;
        _cleanup_(fd_close_p) int fd = open_kin(base);
        int r;

        if (fd == -ENOENT && (change->leave || change->to))
                return 0;
        if (fd == -ENOENT)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER,
                                    "There is no container '%s/%s', whose files are to be shared",
                                    base->path, base->name);
        r = fd < 0 ? fd : change_locked(change, fd);
        if (r == -EBADMSG)
                return error_public(reterr, ERROR_CONTAINER_BROKEN,
                                    "'%s/%s/" CLONES_FILE "' is neither a count nor pairs of lines",
                                    base->path, base->name);
        return r < 0 ? error_errno(reterr, -r, "Cannot change '%s/%s/" CLONES_FILE "'", base->path,
                                   base->name)
                     : 0;
}

int dependents_enter(const Kin *base, const Kin *clone, int synced_fd, Error *reterr)
{
        return change_record(
                &(RecordChange){ .base = base, .clone = clone, .synced_fd = synced_fd }, reterr);
}

int dependents_leave(const Kin *base, const Kin *clone, Error *reterr)
{
        const RecordChange change = {
                .base = base,
                .clone = clone,
                .leave = true,
                .synced_fd = -EBADF,
        };

        return change_record(&change, reterr);
}

int dependents_rename(const Kin *base, const Kin *from, const Kin *to, Error *reterr)
{
        const RecordChange change = {
                .base = base,
                .clone = from,
                .to = to,
                .synced_fd = -EBADF,
        };

        return change_record(&change, reterr);
}
