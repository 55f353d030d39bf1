/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/outside.h"

#include <fcntl.h>

#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/document.h"
#include "config/parse.h"
#include "storage/remove.h"
#include "storage/rootfs.h"

#define RECORD ".nagaya-storage"
#define RECORD_MAX 4096

int outside_begin(const Volume *volume, const char *rootfs_path, Error *reterr)
{
        int r = file_write_atomic(volume->dir_fd, RECORD, rootfs_path, 0600, true);

        return r < 0 ? error_errno(reterr, -r, "Cannot record what '%s' is made of", volume->name)
                     : 0;
}

void outside_end(int dir_fd)
{
        (void) unlinkat(dir_fd, RECORD, 0);
}

/* A directory that the caller of a create has named. The record says that we have made it. */
static int remove_directory(const char *path, Error *reterr)
{
        const char *slash = strrchr(path, '/');
        _cleanup_(free_p) char *parent = strndup(path, (size_t) (slash - path));
        _cleanup_(fd_close_p) int fd = -EBADF;

        if (!parent)
                return error_oom(reterr);
        fd = path_open_trusted(*parent ? parent : "/", O_RDONLY | O_DIRECTORY, NULL);
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open '%s'", parent);
        return remove_entry(fd, slash + 1, reterr);
}

static int destroy(const char *rootfs_path, bool made_by_us, Error *reterr)
{
        Rootfs rootfs = ROOTFS_NULL;
        int r = rootfs_parse(rootfs_path, &rootfs, reterr);

        if (r == 0 && rootfs.backend->destroy)
                r = rootfs.backend->destroy(rootfs.source, reterr);
        else if (r == 0 && made_by_us && rootfs.backend == &backend_dir)
                r = remove_directory(rootfs.source, reterr);
        rootfs_done(&rootfs);
        return r;
}

int outside_sync(int dir_fd)
{
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = file_read(dir_fd, RECORD, RECORD_MAX, &path, NULL);
        if (r == 0)
                r = rootfs_parse(path, &rootfs, NULL);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (rootfs.backend != &backend_dir)
                return 0;
        fd = path_open_trusted(rootfs.source, O_RDONLY | O_DIRECTORY, NULL);
        return fd < 0 ? fd : syncfs(fd) < 0 ? -errno : 0;
}

int outside_remove(int dir_fd, Error *reterr)
{
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = file_read(dir_fd, RECORD, RECORD_MAX, &path, NULL);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read what a container was made of");
        r = destroy(path, true, reterr);
        if (r == 0)
                outside_end(dir_fd);
        return r;
}

int outside_destroy(int dir_fd, Error *reterr)
{
        _cleanup_(document_free_p) Document *document = NULL;
        _cleanup_(free_p) char *text = NULL;
        const char *path, *managed;

        if (file_read(dir_fd, "config", CONFIG_FILE_MAX, &text, NULL) < 0)
                return 0;
        if (document_new(text, &document) < 0)
                return error_oom(reterr);
        path = document_get(document, "lxc.rootfs.path");
        managed = document_get(document, "lxc.rootfs.managed");
        if (!path || !*path || streq0(managed, "0"))
                return 0;
        return destroy(path, false, reterr);
}
