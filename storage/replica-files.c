/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/replica-files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "base/process.h"
#include "storage/copy/copy.h"
#include "storage/copy/meter.h"

#define TEXT_MAX (16 * 1024 * 1024)
#define SEND_SIZE (1024 * 1024)

/* --- trees --- */

int replica_copy_tree(int from_fd,
                      int to_fd,
                      const char *from,
                      const Report *report,
                      bool *ret_shared,
                      Error *reterr)
{
        /* A mount's own fd is none to read from. */
        _cleanup_(fd_close_p) int source_fd =
                openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(fd_close_p) int target_fd =
                openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Meter meter;
        const TreeCopy copy = {
                .from_fd = source_fd,
                .to_fd = target_fd,
                .from = from,
                .to = "the clone",
                .progress = meter_progress,
                .userdata = &meter,
        };
        CopyStats stats;
        int r;

        if (source_fd < 0 || target_fd < 0)
                return error_errno(reterr, errno, "Cannot open what is to be copied");
        meter_begin(&meter, source_fd, METER_PATIENCE_USEC, report);
        r = tree_copy(&copy, &stats, reterr);
        meter_end(&meter, r < 0 ? NULL : &stats);
        if (r < 0)
                return r;
        *ret_shared = stats.shared * 2 > stats.bytes;
        return 0;
}

/* --- single files and directories --- */

static int make_parents(int dir_fd, const char *path)
{
        const char *slash = strrchr(path, '/');
        _cleanup_(free_p) char *parent = NULL;
        int fd;

        if (!slash)
                return 0;
        parent = strndup(path, (size_t) (slash - path));
        if (!parent)
                return -ENOMEM;
        fd = path_make_directory(dir_fd, parent);
        if (fd < 0)
                return fd;
        (void) fd_close(fd);
        return 0;
}

/* A program, say: any bytes. */
static int copy_data(int from_fd, int to_fd, const char *name, mode_t mode)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        ssize_t n;

        fd = path_open_beneath(to_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (fd < 0)
                return fd;
        do
                n = sendfile(fd, from_fd, NULL, SEND_SIZE);
        while (n > 0 || (n < 0 && errno == EINTR));
        return n < 0 || fchmod(fd, mode) < 0 ? -errno : 0;
}

static int copy_text(int from_fd, int to_fd, const char *name, mode_t mode, const CloneConfig *spec)
{
        _cleanup_(free_p) char *text = NULL, *changed = NULL;
        int r;

        r = file_read_fd(from_fd, TEXT_MAX, &text, NULL);
        if (r < 0)
                return r;
        changed = clone_config_text(text, spec->from, spec->to);
        return changed ? file_write_atomic(to_fd, name, changed, mode, true) : -ENOMEM;
}

/* Return: 0, -ENOENT (nothing to copy), -errno. */
static int copy_file(const CloneItem *item, const CloneConfig *spec, int from_fd, int to_fd)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        struct stat st;
        int r;

        fd = path_open_beneath(from_fd, item->from, O_RDONLY | O_NONBLOCK, 0);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOENT;
        r = make_parents(to_fd, item->to);
        if (r < 0)
                return r;
        return item->kind == CLONE_TEXT ? copy_text(fd, to_fd, item->to, st.st_mode & 07777, spec)
                                        : copy_data(fd, to_fd, item->to, st.st_mode & 07777);
}

/* Return: 0, -ENOENT, -errno; of a copied tree with a sentence. */
static int copy_directory(const CloneItem *item, int from_fd, int to_fd, Error *reterr)
{
        _cleanup_(fd_close_p) int from = -EBADF, place = -EBADF, to = -EBADF;
        CopyStats stats;

        if (item->kind == CLONE_TREE) {
                from = path_open_beneath(from_fd, item->from, O_RDONLY | O_DIRECTORY, 0);
                if (from < 0)
                        return from == -ENOTDIR ? -ENOENT : from;
        }
        place = path_make_directory(to_fd, item->to);
        if (place < 0)
                return place;
        if (item->kind == CLONE_DIRECTORY)
                return 0;
        to = path_open_beneath(place, ".", O_RDONLY | O_DIRECTORY, 0);
        if (to < 0)
                return to;
        return tree_copy(
                &(TreeCopy){ .from_fd = from, .to_fd = to, .from = item->from, .to = item->to },
                &stats, reterr);
}

int replica_copy_items(
        const CloneItems *items, const CloneConfig *spec, int from_fd, int to_fd, Error *reterr)
{
        for (size_t i = 0; i < items->n; i++) {
                const CloneItem *item = &items->items[i];
                _cleanup_(error_done) Error error = ERROR_NULL;
                int r;

                r = item->kind == CLONE_FILE || item->kind == CLONE_TEXT
                            ? copy_file(item, spec, from_fd, to_fd)
                            : copy_directory(item, from_fd, to_fd, &error);
                if (r == 0 || r == -ENOENT)
                        continue;
                if (error_is_set(&error)) {
                        error_move(reterr, &error);
                        return r;
                }
                return error_errno(reterr, -r, "Cannot copy '%s/%s' to the clone", spec->from,
                                   item->from);
        }
        return 0;
}
