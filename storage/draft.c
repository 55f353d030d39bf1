/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/draft.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/path.h"
#include "interfaces/errors.h"
#include "interfaces/unsynced.h"
#include "storage/backend/outside.h"
#include "storage/trash.h"

#define TRIES 16
#define DIRECTORY_MODE 0770

/* Return: as trash_hold_new(). */
static int make_locked(int parent_fd, const char *name)
{
        int fd = trash_hold_new(parent_fd, name), r;

        /* The mode asked for, whatever the umask. */
        if (fd < 0 || fchmod(fd, DIRECTORY_MODE) == 0)
                return fd;
        r = -errno;
        (void) unlinkat(parent_fd, name, AT_REMOVEDIR);
        (void) fd_close(fd);
        return r;
}

int draft_make(int parent_fd, const char *name, Draft *ret, Error *reterr)
{
        Draft draft = { .parent_fd = parent_fd, .dir_fd = -EAGAIN };

        for (unsigned i = 0; draft.dir_fd == -EAGAIN && i < TRIES; i++) {
                unsigned long long tag;
                int n;

                if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
                        return error_errno(reterr, EIO, "Cannot get random bytes");
                n = snprintf(draft.name, sizeof(draft.name), TRASH_PREFIX "%s.%016llx" DRAFT_SUFFIX,
                             name, tag);
                if (n < 0 || (size_t) n >= sizeof(draft.name))
                        return error_errno(reterr, ENAMETOOLONG, "Cannot make '%s'", name);
                draft.dir_fd = make_locked(parent_fd, draft.name);
        }
        if (draft.dir_fd < 0)
                return error_errno(reterr, -draft.dir_fd, "Cannot make the directory '%s'",
                                   draft.name);
        *ret = draft;
        return 0;
}

int draft_sync(const Draft *draft, const char *name, Error *reterr)
{
        int r = syncfs(draft->dir_fd) < 0 ? -errno : outside_sync(draft->dir_fd);

        return r < 0 ? error_errno(reterr, -r, "Cannot write '%s' to the disk", name) : 0;
}

static int give_name(Draft *draft, const char *name, Error *reterr)
{
        if (renameat2(draft->parent_fd, draft->name, draft->parent_fd, name, RENAME_NOREPLACE) < 0)
                return errno == EEXIST ? error_public(reterr, ERROR_CONTAINER_EXISTS,
                                                      "There is already a directory '%s' in the "
                                                      "container path",
                                                      name)
                                       : error_errno(reterr, errno, "Cannot publish '%s'", name);
        /* What is there, and said not to be, would be nobody's. Its maker's lock keeps it from being used. */
        if (fsync(draft->parent_fd) < 0) {
                int r = error_errno(reterr, errno, "Cannot write the container path to the disk");

                if (renameat2(draft->parent_fd, name, draft->parent_fd, draft->name,
                              RENAME_NOREPLACE) == 0)
                        return r;
                if (reterr)
                        error_done(reterr);
        }
        outside_end(draft->dir_fd);
        draft->dir_fd = fd_close(draft->dir_fd);
        return 0;
}

int draft_publish(Draft *draft, const char *name, Error *reterr)
{
        int r = draft_sync(draft, name, reterr);

        return r < 0 ? r : give_name(draft, name, reterr);
}

int draft_publish_unsynced(Draft *draft, const char *name, Error *reterr)
{
        int r = unsynced_mark(draft->dir_fd);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot mark '%s' as not yet on the disk", name);
        return give_name(draft, name, reterr);
}

void draft_done(Draft *draft)
{
        if (draft->dir_fd < 0)
                return;
        /* Before anybody can ask for the same name again. What fails is tried again by a collector. */
        (void) outside_remove(draft->dir_fd, NULL);
        (void) trash_put(draft->parent_fd, draft->name, NULL);
        draft->dir_fd = fd_close(draft->dir_fd);
}
