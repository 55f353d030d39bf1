/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/ties.h"

#include <fcntl.h>

#include "base/path.h"
#include "base/strv.h"
#include "storage/dependents.h"

void ties_done(Ties *ties)
{
        for (size_t i = 0; i < ties->n; i++) {
                kinship_done(&ties->items[i].bases);
                free(ties->items[i].clone.path);
                free(ties->items[i].clone.name);
        }
        free(ties->items);
        snapshot_place_done(&ties->snapshots);
        *ties = TIES_NULL;
}

int ties_add(Ties *ties, int dir_fd, const char *path, const char *name)
{
        Tie *grown = reallocarray(ties->items, ties->n + 1, sizeof(Tie));
        Tie *tie;

        if (!grown)
                return -ENOMEM;
        ties->items = grown;
        tie = &grown[ties->n++];
        *tie = (Tie){ .clone = { .path = strdup(path), .name = strdup(name) } };
        (void) bases_read(dir_fd, &tie->bases, NULL);
        return tie->clone.path && tie->clone.name ? 0 : -ENOMEM;
}

static int add_snapshots(const Site *site, int dir_fd, Ties *ties, Error *reterr)
{
        _cleanup_(snapshot_list_done) SnapshotList list = { 0 };
        int r;

        r = snapshot_place_open(site->path, site->name, dir_fd, false, &ties->snapshots, reterr);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r == 0)
                r = snapshot_list(&ties->snapshots, false, &list, reterr);
        for (size_t i = 0; r == 0 && i < list.n; i++) {
                _cleanup_(fd_close_p) int fd = -EBADF;

                fd = path_open_beneath(ties->snapshots.fd, list.items[i].name,
                                       O_RDONLY | O_DIRECTORY, 0);
                if (fd >= 0 && ties_add(ties, fd, ties->snapshots.path, list.items[i].name) < 0)
                        return error_oom(reterr);
        }
        return r;
}

int ties_find(const Site *site, int dir_fd, Ties *ret, Error *reterr)
{
        if (ties_add(ret, dir_fd, site->path, site->name) < 0)
                return error_oom(reterr);
        return add_snapshots(site, dir_fd, ret, reterr);
}

void ties_undo(const Ties *ties, const Report *report)
{
        for (size_t i = 0; i < ties->n; i++)
                for (size_t k = 0; k < ties->items[i].bases.n; k++) {
                        _cleanup_(error_done) Error error = ERROR_NULL;

                        if (dependents_leave(&ties->items[i].bases.items[k], &ties->items[i].clone,
                                             &error) < 0)
                                report_message(report, "%s", error_message(&error));
                }
}
