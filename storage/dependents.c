/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/dependents.h"

#include <fcntl.h>
#include <limits.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"

#define RECORD_MAX (1024 * 1024)

int dependents_count(const char *text)
{
        _cleanup_(strv_free_p) char **lines = NULL;
        uint32_t count;
        size_t n;

        if (strv_split(&lines, text, "\n") < 0)
                return 1;
        n = strv_length(lines);
        if (n == 1)
                return parse_u32(string_strip(lines[0]), &count) == 0 && count <= INT_MAX
                               ? (int) count
                               : 1;
        return (int) ((n + 1) / 2);
}

/* Return: > 0 read, 0 there is none, -errno with a sentence. */
static int read_record(const Site *site, int dir_fd, const char *name, char **ret, Error *reterr)
{
        int r = file_read(dir_fd, name, RECORD_MAX, ret, NULL);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read '%s/%s'", site->directory, name);
        return 1;
}

int dependents_check(const Site *site, int dir_fd, Error *reterr)
{
        _cleanup_(free_p) char *clones = NULL, *bases = NULL;
        int r, n;

        r = read_record(site, dir_fd, "lxc_snapshots", &clones, reterr);
        n = r > 0 ? dependents_count(clones) : 0;
        if (n > 0)
                return error_public(reterr, ERROR_HAS_DEPENDENTS,
                                    "Container '%s' has %d clone%s that depend%s on it: destroy "
                                    "%s first",
                                    site->name, n, n == 1 ? "" : "s", n == 1 ? "s" : "",
                                    n == 1 ? "it" : "them");
        if (r >= 0)
                r = read_record(site, dir_fd, "lxc_rdepends", &bases, reterr);
        if (r > 0 && *string_strip(bases))
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "Container '%s' is a clone that its base counts; this version "
                                    "of nagaya does not destroy such clones, lxc-destroy does",
                                    site->name);
        return r < 0 ? r : 0;
}

/* Return: > 0 the directory has entries, 0 it has none or is absent, -errno. */
static int has_entries(int dir_fd, const char *path)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int fd;

        fd = path_open_beneath(dir_fd, path, O_RDONLY | O_DIRECTORY, 0);
        if (fd < 0)
                return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
        dir = fdopendir(fd);
        if (!dir) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        while ((entry = readdir(dir)))
                if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        return 1;
        return 0;
}

int snapshots_check(const Site *site, int dir_fd, Error *reterr)
{
        _cleanup_(free_p) char *legacy = NULL;
        _cleanup_(fd_close_p) int root_fd = -EBADF;
        int r;

        if (asprintf(&legacy, "%ssnaps/%s", site->path, site->name) < 0) {
                legacy = NULL;
                return error_oom(reterr);
        }
        r = has_entries(dir_fd, "snaps");
        if (r == 0) {
                root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
                r = root_fd < 0 ? -errno : has_entries(root_fd, legacy);
        }
        if (r > 0)
                return error_public(reterr, ERROR_HAS_SNAPSHOTS,
                                    "Container '%s' has snapshots: destroy them first or ask for "
                                    "them to go as well",
                                    site->name);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot look for snapshots of '%s'", site->name);
        return 0;
}
