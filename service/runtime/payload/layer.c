/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/payload/layer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/path.h"
#include "base/strv.h"
#include "kernel/mount.h"
#include "storage/backend/layers.h"

void layers_done(Layers *layers)
{
        (void) fd_close(layers->holder);
        (void) fd_close(layers->upper);
        (void) fd_close(layers->work);
        for (size_t i = 0; i < layers->n_lowers; i++)
                (void) fd_close(layers->lowers[i]);
        free(layers->lowers);
        free(layers->name);
        *layers = LAYERS_NULL;
}

/* Takes `fd`, which may be an error. Return: fd >= fd_min, -errno. */
static int move_up(int fd, int fd_min)
{
        int moved;

        if (fd < 0)
                return fd;
        moved = fcntl(fd, F_DUPFD_CLOEXEC, fd_min);
        if (moved < 0)
                moved = -errno;
        (void) fd_close(fd);
        return moved;
}

/* A detached copy that gets what happens on the host and tells it nothing. */
static int copy_directory(const char *path, int fd_min)
{
        _cleanup_(fd_close_p) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC),
                                  tree_fd = -EBADF;
        int r;

        if (fd < 0)
                return -errno;
        tree_fd = mount_clone(fd, "", false);
        if (tree_fd < 0)
                return tree_fd;
        r = mount_change(tree_fd, 0, 0, MS_SLAVE, false);
        return r < 0 ? r : move_up(TAKE_FD(tree_fd), fd_min);
}

static int open_below(int dir_fd, const char *path, int fd_min)
{
        const char *name = strrchr(path, '/') + 1;

        return move_up(path_open_on_mount(dir_fd, name, O_PATH | O_DIRECTORY), fd_min);
}

static int open_upper(const Overlay *overlay, int fd_min, Layers *layers, Error *reterr)
{
        size_t n = (size_t) (strrchr(overlay->upper, '/') - overlay->upper);
        _cleanup_(free_p) char *holder = strndup(overlay->upper, n > 0 ? n : 1);

        if (!holder)
                return error_oom(reterr);
        layers->holder = copy_directory(holder, fd_min);
        if (layers->holder < 0)
                return error_errno(reterr, -layers->holder, "Cannot use '%s'", holder);
        layers->upper = open_below(layers->holder, overlay->upper, fd_min);
        if (layers->upper < 0)
                return error_errno(reterr, -layers->upper, "Cannot use the upper directory '%s'",
                                   overlay->upper);
        layers->work = open_below(layers->holder, overlay->work, fd_min);
        if (layers->work < 0)
                return error_errno(reterr, -layers->work, "Cannot use the work directory '%s'",
                                   overlay->work);
        return 0;
}

static int open_lowers(const Overlay *overlay, int fd_min, Layers *layers, Error *reterr)
{
        layers->lowers = calloc(strv_length(overlay->lowers), sizeof(int));
        layers->name = strdup(overlay->lowers[0]);
        if (!layers->lowers || !layers->name)
                return error_oom(reterr);
        strv_foreach(lower, overlay->lowers) {
                int fd = copy_directory(*lower, fd_min);

                if (fd < 0)
                        return error_errno(reterr, -fd, "Cannot use the layer '%s'", *lower);
                layers->lowers[layers->n_lowers++] = fd;
        }
        return 0;
}

int layers_make(const char *source, int fd_min, Layers *ret, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        _cleanup_(layers_done) Layers layers = LAYERS_NULL;
        int r;

        r = overlay_parse(source, &overlay, reterr);
        if (r == 0)
                r = overlay_prepare(&overlay, reterr);
        if (r == 0)
                r = open_upper(&overlay, fd_min, &layers, reterr);
        if (r == 0)
                r = open_lowers(&overlay, fd_min, &layers, reterr);
        if (r < 0)
                return r;
        *ret = layers;
        layers = LAYERS_NULL;
        return 0;
}

int layers_map(const Layers *layers, int user_namespace_fd)
{
        int r = mount_set_idmap(layers->holder, user_namespace_fd, false);

        for (size_t i = 0; i < layers->n_lowers && r == 0; i++)
                r = mount_set_idmap(layers->lowers[i], user_namespace_fd, false);
        return r;
}

static int attach(const Layers *layers, int target_fd)
{
        int r = mount_attach(layers->holder, target_fd);

        for (size_t i = 0; i < layers->n_lowers && r == 0; i++)
                r = mount_attach(layers->lowers[i], target_fd);
        return r;
}

/* The layers by the only paths that lead there whatever is above them. */
static int name_layers(const Layers *layers, Overlay *ret)
{
        ret->name = strdup(layers->name);
        ret->upper = strdup(fd_path(layers->upper).text);
        ret->work = strdup(fd_path(layers->work).text);
        if (!ret->name || !ret->upper || !ret->work)
                return -ENOMEM;
        for (size_t i = 0; i < layers->n_lowers; i++)
                if (strv_add(&ret->lowers, fd_path(layers->lowers[i]).text) < 0)
                        return -ENOMEM;
        return 0;
}

int layers_mount(const Layers *layers, int target_fd, const PlanMount *options, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        RootfsMount mount = { .flags = options->set, .data = options->data, .user = true };
        int r = attach(layers, target_fd);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot attach the layers of '%s'", layers->name);
        if (name_layers(layers, &overlay) < 0)
                return error_oom(reterr);
        return overlay_mount(&overlay, &mount, reterr);
}

size_t layers_fds(const Layers *layers, int *ret)
{
        size_t n = 0;

        if (layers->holder < 0)
                return 0;
        ret[n++] = layers->holder;
        ret[n++] = layers->upper;
        ret[n++] = layers->work;
        for (size_t i = 0; i < layers->n_lowers; i++)
                ret[n++] = layers->lowers[i];
        return n;
}
