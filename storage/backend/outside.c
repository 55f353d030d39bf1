/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/outside.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "config/document.h"
#include "config/parse.h"
#include "storage/copy/remove.h"
#include "storage/backend/rootfs.h"

#define RECORD ".nagaya-storage"
#define RECORD_MAX 4096

int outside_begin(const Volume *volume, const char *rootfs_path, Error *reterr)
{
        int r = file_write_atomic(volume->dir_fd, RECORD, rootfs_path, 0600, true);

        return r < 0 ? error_errno(reterr, -r, "Cannot record what '%s' is made of", volume->name)
                     : 0;
}

typedef struct Identity {
        char text[64];
} Identity;

/* A number may be given again, but hardly at the same moment. Return: 0, -errno. */
static int identify(int parent_fd, const char *name, Identity *ret)
{
        struct statx stx;

        if (statx(parent_fd, name, AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &stx) < 0)
                return -errno;
        if (!(stx.stx_mask & STATX_BTIME))
                stx.stx_btime = (struct statx_timestamp){ 0 };
        (void) snprintf(ret->text, sizeof(ret->text), "%llu %lld.%09u",
                        (unsigned long long) stx.stx_ino, (long long) stx.stx_btime.tv_sec,
                        stx.stx_btime.tv_nsec);
        return 0;
}

int outside_made(const Volume *volume,
                 const char *rootfs_path,
                 int parent_fd,
                 const char *name,
                 Error *reterr)
{
        _cleanup_(free_p) char *record = NULL;
        Identity identity;
        int r;

        r = identify(parent_fd, name, &identity);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot look at '%s'", rootfs_path);
        record = string_format("%s\n%s", rootfs_path, identity.text);
        if (!record)
                return error_oom(reterr);
        return outside_begin(volume, record, reterr);
}

bool outside_is_recorded(int dir_fd)
{
        return faccessat(dir_fd, RECORD, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void outside_end(int dir_fd)
{
        (void) unlinkat(dir_fd, RECORD, 0);
}

static bool is_same(int parent_fd, const char *name, const char *identity)
{
        Identity now;

        return identify(parent_fd, name, &now) == 0 && streq(now.text, identity);
}

/* A directory that the caller of a create has named. What is there by now may be somebody else's. */
static int remove_directory(const char *path, const char *identity, Error *reterr)
{
        const char *slash = strrchr(path, '/');
        _cleanup_(free_p) char *parent = strndup(path, (size_t) (slash - path));
        _cleanup_(fd_close_p) int fd = -EBADF;

        if (!parent)
                return error_oom(reterr);
        fd = path_open_trusted(*parent ? parent : "/", O_RDONLY | O_DIRECTORY, NULL);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return error_errno(reterr, -fd, "Cannot open '%s'", parent);
        if (identity)
                return is_same(fd, slash + 1, identity) ? remove_entry(fd, slash + 1, reterr) : 0;
        /* Its maker was killed right after it was made: then it is empty. */
        if (unlinkat(fd, slash + 1, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR ||
            errno == ENOTEMPTY || errno == EEXIST)
                return 0;
        return error_errno(reterr, errno, "Cannot remove '%s'", path);
}

/* Of a directory, `identity` tells which. */
static int destroy(const char *rootfs_path, bool made_by_us, const char *identity, Error *reterr)
{
        Rootfs rootfs = ROOTFS_NULL;
        int r = rootfs_parse(rootfs_path, &rootfs, reterr);

        if (r == 0 && rootfs.backend->destroy)
                r = rootfs.backend->destroy(rootfs.source, reterr);
        else if (r == 0 && made_by_us && rootfs.backend == &backend_dir)
                r = remove_directory(rootfs.source, identity, reterr);
        rootfs_done(&rootfs);
        return r;
}

/* *ret_identity, in *ret: NULL where it does not tell. Return: 0, -ENOENT, -errno. */
static int read_record(int dir_fd, char **ret, const char **ret_identity)
{
        char *end;
        int r = file_read(dir_fd, RECORD, RECORD_MAX, ret, NULL);

        if (r < 0)
                return r;
        end = strchr(*ret, '\n');
        if (end)
                *end++ = '\0';
        *ret_identity = end;
        return 0;
}

int outside_sync(int dir_fd)
{
        _cleanup_(rootfs_done) Rootfs rootfs = ROOTFS_NULL;
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *path = NULL;
        const char *identity;
        int r;

        r = read_record(dir_fd, &path, &identity);
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
        const char *identity;
        int r;

        r = read_record(dir_fd, &path, &identity);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read what a container was made of");
        r = destroy(path, true, identity, reterr);
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
        return destroy(path, false, NULL, reterr);
}
