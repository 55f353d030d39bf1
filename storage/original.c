/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/original.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/document.h"
#include "config/parse.h"
#include "interfaces/errors.h"
#include "interfaces/unsynced.h"
#include "storage/backend/device.h"
#include "storage/backend/layers.h"

void original_done(Original *original)
{
        (void) fd_close(original->dir_fd);
        (void) fd_close(original->root_fd);
        free(original->text);
        (void) config_free(original->config);
        rootfs_done(&original->rootfs);
        free((char *) original->upper);
        *original = ORIGINAL_NULL;
}

static int open_directory(Original *original, const char *name, Error *reterr)
{
        const Site *site = original->site;

        original->dir_fd = path_open_beneath(site->fd, site->name, O_RDONLY | O_DIRECTORY, 0);
        if (original->dir_fd == -ENOENT || original->dir_fd == -ENOTDIR)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER, "There is no container '%s'",
                                    name);
        if (original->dir_fd == -ELOOP)
                return error_public(reterr, ERROR_NOT_SUPPORTED,
                                    "'%s' is a symbolic link; a container is a directory",
                                    site->directory);
        if (original->dir_fd < 0)
                return error_errno(reterr, -original->dir_fd, "Cannot open '%s'", site->directory);
        return unsynced_check(site->directory, reterr);
}

static int read_config(Original *original, const char *name, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = file_read(original->dir_fd, "config", CONFIG_FILE_MAX, &original->text, NULL);
        if (r == -ENOENT)
                return error_public(reterr, ERROR_NO_SUCH_CONTAINER,
                                    "There is no container '%s': '%s' has no config", name,
                                    original->site->directory);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read the config of '%s'", name);
        path = string_format("%s/config", original->site->directory);
        if (!path)
                return error_oom(reterr);
        if (document_new(original->text, &document) < 0)
                return error_oom(reterr);
        original->legacy = document_is_legacy(document);
        return config_parse_text(original->text, path, &original->config, NULL, reterr);
}

/* --- whose files they are --- */

static const char *inside(const Original *original, const char *path)
{
        const char *rest = startswith(path, original->site->directory);

        return rest && *rest == '/' && path_is_normalized(path) ? rest + 1 : NULL;
}

static int refuse_link(const char *path, Error *reterr)
{
        return error_public(reterr, ERROR_INVALID_CONFIG,
                            "'%s' is or goes through a symbolic link: it might be another's files",
                            path);
}

/* The true path of what is open; "" when it cannot be told. */
static void canonical_path(int fd, char ret[static PATH_MAX])
{
        ssize_t n = readlink(fd_path(fd).text, ret, PATH_MAX - 1);

        ret[n > 0 ? n : 0] = '\0';
}

/* Outside of its own directory it may be anywhere but among the other containers. */
static int check_elsewhere(const Original *original, const char *path, int fd, Error *reterr)
{
        char place[PATH_MAX], containers[PATH_MAX];
        const char *rest;

        canonical_path(fd, place);
        canonical_path(original->containers_fd, containers);
        rest = startswith(place, containers);
        if (*place && *containers && !(rest && *rest == '/'))
                return 0;
        return error_public(reterr, ERROR_INVALID_CONFIG,
                            "The root file system '%s' of '%s' is not its own: it lies in the "
                            "directory of another container",
                            path, original->site->name);
}

/* A directory or image that the container itself must own. */
static int open_own(Original *original, const char *path, Error *reterr)
{
        const char *relative = inside(original, path);
        int fd;

        fd = relative ? path_open_beneath(original->dir_fd, relative, O_PATH, 0)
                      : open(path, O_PATH | O_CLOEXEC);
        if (!relative && fd < 0)
                fd = -errno;
        if (fd == -ELOOP)
                return refuse_link(path, reterr);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot use root file system '%s'", path);
        original->root_fd = fd;
        return relative ? 0 : check_elsewhere(original, path, fd, reterr);
}

static int open_layers(Original *original, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        int r;

        r = overlay_parse(original->rootfs.source, &overlay, reterr);
        if (r < 0)
                return r;
        strv_foreach(lower, overlay.lowers)
                original->owns_lower = original->owns_lower || inside(original, *lower);
        r = open_own(original, overlay.upper, reterr);
        if (r == 0)
                original->upper = TAKE_PTR(overlay.upper);
        return r;
}

static int open_root(Original *original, Error *reterr)
{
        const Backend *backend = original->rootfs.backend;
        struct stat st;

        if (backend == &backend_overlay || backend == &backend_overlayfs ||
            backend == &backend_aufs)
                return open_layers(original, reterr);
        /* A device or data set is nobody's directory. */
        if (*original->rootfs.source != '/' ||
            (stat(original->rootfs.source, &st) == 0 && S_ISBLK(st.st_mode)))
                return 0;
        return open_own(original, original->rootfs.source, reterr);
}

int original_open(
        const Site *site, int containers_fd, const char *name, Original *ret, Error *reterr)
{
        _cleanup_(original_done) Original original = ORIGINAL_NULL;
        int r;

        original.site = site;
        original.containers_fd = containers_fd;
        r = open_directory(&original, name, reterr);
        if (r == 0)
                r = read_config(&original, name, reterr);
        if (r == 0 && !original.config->rootfs.path)
                r = error_public(reterr, ERROR_NOT_SUPPORTED,
                                 "Container '%s' has no root file system of its own", name);
        if (r == 0)
                r = rootfs_parse(original.config->rootfs.path, &original.rootfs, reterr);
        if (r == 0)
                r = open_root(&original, reterr);
        if (r < 0)
                return r;
        *ret = original;
        original = ORIGINAL_NULL;
        return 0;
}

/* Since it was looked at, its path may have been led elsewhere. */
static int check_same(const Original *original, int tree_fd, Error *reterr)
{
        struct stat seen, now;

        if (original->root_fd < 0 || original->upper)
                return 0;
        if (fstat(original->root_fd, &seen) < 0 || fstat(tree_fd, &now) < 0)
                return error_errno(reterr, errno, "Cannot look at '%s'", original->rootfs.source);
        /* Of an image it is what is in it. */
        if (!S_ISDIR(seen.st_mode) || (seen.st_ino == now.st_ino && seen.st_dev == now.st_dev))
                return 0;
        return refuse_link(original->rootfs.source, reterr);
}

int original_open_root(const Original *original, Error *reterr)
{
        RootfsMount mount = {
                .flags = MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC,
                .user = original->config->namespace.n_idmaps > 0,
        };
        _cleanup_(fd_close_p) int tree_fd = -EBADF;
        int r;

        r = rootfs_open(&original->rootfs, &mount, &tree_fd, reterr);
        if (r == 0)
                r = check_same(original, tree_fd, reterr);
        return r < 0 ? r : TAKE_FD(tree_fd);
}

int original_open_changes(const Original *original, Error *reterr)
{
        int fd = path_open_beneath(original->root_fd, ".", O_RDONLY | O_DIRECTORY, 0);

        return fd < 0 ? error_errno(reterr, -fd, "Cannot open '%s'", original->upper) : fd;
}

void original_medium(const Original *original, uint64_t *ret_size, const char **ret_type)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;

        *ret_size = 0;
        *ret_type = NULL;
        if (*original->rootfs.source != '/')
                return;
        fd = open(original->rootfs.source, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return;
        if (S_ISREG(st.st_mode))
                *ret_size = (uint64_t) st.st_size;
        else if (!S_ISBLK(st.st_mode) || ioctl(fd, BLKGETSIZE64, ret_size) < 0)
                return;
        *ret_type = device_fresh_file_system(fd);
}

int original_plan(const Original *original, ClonePlan *ret, Error *reterr)
{
        const Backend *backend = original->rootfs.backend;
        int r;

        if (original->owns_lower) {
                *ret = (ClonePlan){ .backend = &backend_dir };
                return 0;
        }
        r = clone_plan(backend, NULL, CLONE_WISH_EITHER, ret, reterr);
        if (r == 0 && ret->share && backend->can_snapshot &&
            !backend->can_snapshot(&original->rootfs))
                ret->share = false;
        return r;
}
