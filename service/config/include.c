/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files: opening, the limits on them, lxc.include. */

#include <fcntl.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/strv.h"
#include "config/data-path.h"
#include "config/line.h"
#include "config/loader.h"
#include "interfaces/errors.h"

static int open_file(const char *path, int flags, struct stat *ret_st, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;

        /* O_NONBLOCK: a FIFO put in place of a file must not hold us. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
        if (fd < 0 && errno == ELOOP && flags & O_NOFOLLOW)
                return error_code(reterr, 0, ELOOP, "The configuration '%s' is a symbolic link",
                                  path);
        if (fd < 0)
                return error_errno(reterr, errno, "Cannot open the configuration '%s'", path);
        if (fstat(fd, ret_st) < 0)
                return error_errno(reterr, errno, "Cannot examine '%s'", path);
        return TAKE_FD(fd);
}

/* An empty configuration is often given as /dev/null. */
static bool is_null_device(const struct stat *st)
{
        return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static int read_text(int fd, const char *path, const struct stat *st, char **ret, Error *reterr)
{
        int r;

        if (!S_ISREG(st->st_mode) && !is_null_device(st))
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The configuration '%s' is no file", path);
        r = file_read_fd(fd, CONFIG_FILE_MAX, ret, NULL);
        if (r == -EFBIG)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The configuration '%s' is larger than %d bytes", path,
                                    CONFIG_FILE_MAX);
        if (r == -EBADMSG)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The configuration '%s' has a NUL byte in it: it is no text",
                                    path);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the configuration '%s'", path);
        return 0;
}

static bool is_open_already(const Place *place, const struct stat *st)
{
        for (; place; place = place->outer)
                if (place->line && place->device == st->st_dev && place->inode == st->st_ino)
                        return true;
        return false;
}

static int check_limits(Loader *loader, const char *path, size_t size, Error *reterr)
{
        loader->total += size;
        loader->n_files++;
        if (loader->total > CONFIG_TOTAL_MAX || loader->n_files > CONFIG_FILES_MAX)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "With '%s', the configuration has more than %d files or %d "
                                    "bytes",
                                    path, CONFIG_FILES_MAX, CONFIG_TOTAL_MAX);
        return 0;
}

/* `outer` is the line that includes it, NULL at the top. */
static int loader_opened(Loader *loader,
                         const Place *outer,
                         const char *path,
                         int fd,
                         const struct stat *st,
                         Error *reterr)
{
        _cleanup_(free_p) char *text = NULL;
        Place place;
        int r;

        if (is_open_already(outer, st))
                return error_public(reterr, ERROR_INVALID_CONFIG, "The file '%s' includes itself",
                                    path);
        if (trace_add(loader->trace, path, st) < 0)
                return error_oom(reterr);
        r = read_text(fd, path, st, &text, reterr);
        if (r < 0)
                return r;
        r = check_limits(loader, path, strlen(text), reterr);
        if (r < 0)
                return r;
        place = (Place){
                .name = path,
                .depth = outer ? outer->depth + 1 : 0,
                .device = st->st_dev,
                .inode = st->st_ino,
                .outer = outer,
        };
        return loader_text(loader, &place, text, reterr);
}

static int
loader_file(Loader *loader, const Place *outer, const char *path, int flags, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        fd = open_file(path, flags, &st, reterr);
        return fd < 0 ? fd : loader_opened(loader, outer, path, fd, &st, reterr);
}

int loader_top(Loader *loader, const char *path, Error *reterr)
{
        return loader_file(loader, NULL, path, O_NOFOLLOW, reterr);
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The paths of the *.conf files in a directory, sorted. */
static int list_directory(const char *path, char ***ret, Error *reterr)
{
        _cleanup_(strv_free_p) char **paths = NULL;
        _cleanup_(closedir_p) DIR *dir = NULL;
        const char *slash = endswith(path, "/") ? "" : "/";
        struct dirent *entry;

        dir = opendir(path);
        if (!dir)
                return error_errno(reterr, errno, "Cannot open the directory '%s'", path);
        while ((errno = 0, entry = readdir(dir))) {
                if (!endswith(entry->d_name, ".conf"))
                        continue;
                if (strv_length(paths) >= CONFIG_FILES_MAX)
                        return error_public(reterr, ERROR_INVALID_CONFIG,
                                            "The directory '%s' has more than %d files", path,
                                            CONFIG_FILES_MAX);
                if (strv_addf(&paths, "%s%s%s", path, slash, entry->d_name) < 0)
                        return error_oom(reterr);
        }
        if (errno)
                return error_errno(reterr, errno, "Cannot read the directory '%s'", path);
        if (paths)
                qsort(paths, strv_length(paths), sizeof(char *), compare_names);
        *ret = TAKE_PTR(paths);
        return 0;
}

static int loader_directory(
        Loader *loader, const Place *place, const char *path, const struct stat *st, Error *reterr)
{
        _cleanup_(strv_free_p) char **paths = NULL;
        int r;

        if (trace_add(loader->trace, path, st) < 0)
                return error_oom(reterr);
        r = list_directory(path, &paths, reterr);
        if (r < 0)
                return r;
        strv_foreach(file, paths) {
                r = loader_file(loader, place, *file, 0, reterr);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int include_resolved(Loader *loader, const Place *place, const char *path, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(error_done) Error error = ERROR_NULL;
        struct stat st;

        fd = open_file(path, 0, &st, &error);
        /* It may appear. */
        if (fd == -ENOENT && trace_add(loader->trace, path, NULL) < 0)
                return error_oom(reterr);
        /* A directory for additions need not be there. */
        if (fd == -ENOENT && endswith(path, "/"))
                return 0;
        if (fd < 0) {
                error_move(reterr, &error);
                return fd;
        }
        if (S_ISDIR(st.st_mode))
                return loader_directory(loader, place, path, &st, reterr);
        return loader_opened(loader, place, path, fd, &st, reterr);
}

int loader_include(Loader *loader, const Place *place, const char *path, Error *reterr)
{
        _cleanup_(free_p) char *ours = NULL;
        int r;

        if (path[0] != '/')
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "The key 'lxc.include' has the value '%.*s', expected an "
                                    "absolute path",
                                    text_shown_size(path), path);
        if (place->depth >= CONFIG_DEPTH_MAX)
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "Includes are nested deeper than %d files", CONFIG_DEPTH_MAX);
        r = data_path_resolve(path, DATA_DIR, &ours);
        if (r < 0)
                return error_oom(reterr);
        /* Ours stands in for LXC's file: that one may appear. */
        if (!streq(ours, path) && trace_add(loader->trace, path, NULL) < 0)
                return error_oom(reterr);
        return include_resolved(loader, place, ours, reterr);
}
