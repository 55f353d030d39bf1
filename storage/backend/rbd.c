/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A block device of Ceph: /dev/rbd/POOL/NAME, mapped when it is needed, and left mapped as LXC does. */

#include <inttypes.h>
#include <string.h>

#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/feature.h"
#include "storage/backend/device.h"
#include "storage/backend/options.h"
#include "storage/backend/outside.h"
#include "storage/backend/rootfs.h"
#include "storage/backend/tool.h"

#define DEV "/dev/rbd/"
#define MEGABYTE (UINT64_C(1024) * 1024)

static int rbd_probe(char **ret_reason)
{
        int r = tool_need("rbd", "ceph-common", ret_reason);

        return r > 0 ? feature_need_driver("rbd", ret_reason) : r;
}

static bool rbd_claims(const char *source)
{
        return startswith(source, DEV) && device_is_block(source);
}

/* An image and who the cluster knows us as. */
typedef struct Image {
        char *user; /* "": the tool's own default */
        char *id;   /* POOL/NAME */
        char *device;
} Image;

static void image_done(Image *image)
{
        free(image->user);
        free(image->id);
        free(image->device);
}

static int image_new(const char *id, const char *user, Image *ret, Error *reterr)
{
        ret->id = strdup(id);
        ret->device = string_format(DEV "%s", id);
        if (!ret->id || !ret->device)
                return error_oom(reterr);
        return backend_default(user, "lxc.bdev.rbd.rbduser", &ret->user, reterr);
}

static int image_of(const char *source, Image *ret, Error *reterr)
{
        const char *id = startswith(source, DEV);

        if (!id || !strchr(id, '/'))
                return error_public(reterr, ERROR_INVALID_CONFIG,
                                    "'%s' is not the device of a Ceph image: expected " DEV
                                    "POOL/NAME",
                                    source);
        return image_new(id, NULL, ret, reterr);
}

/* rbd COMMAND ARGUMENT... [--id USER]; argv has room for three more. */
static int run(const Image *image, const char **argv, size_t n, Error *reterr)
{
        if (*image->user) {
                argv[n++] = "--id";
                argv[n++] = image->user;
        }
        argv[n] = NULL;
        return tool_run(argv, NULL, reterr);
}

static int map(const Image *image, Error *reterr)
{
        const char *argv[8] = { "rbd", "map", image->id };

        return device_is_block(image->device) ? 0 : run(image, argv, 3, reterr);
}

static int unmap(const Image *image, Error *reterr)
{
        const char *argv[8] = { "rbd", "unmap", image->device };

        return device_is_block(image->device) ? run(image, argv, 3, reterr) : 0;
}

/* Return: > 0 yes, 0 no, -errno. */
static int exists(const Image *image, Error *reterr)
{
        const char *argv[8] = { "rbd", "info", image->id };
        _cleanup_(error_done) Error error = ERROR_NULL;

        return tool_has(run(image, argv, 3, &error), &error, "No such file or directory", reterr);
}

static int make_image(const Image *image, const BackendOptions *options, Error *reterr)
{
        uint64_t size = options && options->size > 0 ? options->size : FSSIZE_DEFAULT;
        const char *argv[12] = { "rbd", "create", image->id, "--size" };
        char megabytes[32];

        (void) snprintf(megabytes, sizeof(megabytes), "%" PRIu64, (size + MEGABYTE - 1) / MEGABYTE);
        argv[4] = megabytes;
        return run(image, argv, 5, reterr);
}

static int fill_image(const Image *image, const BackendOptions *options, Error *reterr)
{
        int r = map(image, reterr);

        return r < 0 ? r : device_format(image->device, options ? options->fstype : NULL, reterr);
}

static int new_image(const Volume *volume, Image *ret, Error *reterr)
{
        const BackendOptions *options = volume->options;
        _cleanup_(free_p) char *pool = NULL, *id = NULL;
        int r;

        r = backend_default(options ? options->rbd_pool : NULL, "lxc.bdev.rbd.rbdpool", &pool,
                            reterr);
        if (r < 0)
                return r;
        id = string_format("%s/%s", pool,
                           options && options->rbd_name ? options->rbd_name : volume->name);
        if (!id)
                return error_oom(reterr);
        return image_new(id, options ? options->rbd_user : NULL, ret, reterr);
}

static int rbd_create(const Volume *volume, char **ret_rootfs_path, Error *reterr)
{
        _cleanup_(image_done) Image image = { NULL };
        _cleanup_(free_p) char *path = NULL;
        int r;

        r = new_image(volume, &image, reterr);
        if (r == 0)
                r = exists(&image, reterr);
        if (r > 0)
                return error_code(reterr, 0, EEXIST, "There is already an image '%s'", image.id);
        if (r == 0)
                r = backend_keep_path("rbd:", image.device, &path, reterr);
        if (r == 0)
                r = outside_begin(volume, path, reterr);
        if (r < 0)
                return r;
        r = make_image(&image, volume->options, reterr);
        if (r < 0) {
                /* None was made; what has the name by now is not ours. */
                outside_end(volume->dir_fd);
                return r;
        }
        r = fill_image(&image, volume->options, reterr);
        if (r == 0)
                *ret_rootfs_path = TAKE_PTR(path);
        else if (backend_rbd.destroy(image.device, NULL) == 0)
                outside_end(volume->dir_fd);
        return r;
}

static int rbd_open(const char *source, const RootfsMount *mount, int *ret_tree_fd, Error *reterr)
{
        _cleanup_(image_done) Image image = { NULL };
        int r;

        r = image_of(source, &image, reterr);
        if (r == 0)
                r = map(&image, reterr);
        return r < 0 ? r : device_mount(source, source, mount, ret_tree_fd, reterr);
}

static int rbd_destroy(const char *source, Error *reterr)
{
        _cleanup_(image_done) Image image = { NULL };
        const char *argv[8] = { "rbd", "rm", "--no-progress" };
        int r;

        r = image_of(source, &image, reterr);
        if (r == 0)
                r = unmap(&image, reterr);
        if (r == 0)
                r = exists(&image, reterr);
        if (r <= 0)
                return r;
        argv[3] = image.id;
        return run(&image, argv, 4, reterr);
}

/* Only an image that has the name of its container follows it. */
static int rbd_rename(const char *source,
                      const char *from_directory,
                      const Volume *volume,
                      char **ret_rootfs_path,
                      Error *reterr)
{
        _cleanup_(image_done) Image image = { NULL }, moved = { NULL };
        const char *argv[8] = { "rbd", "mv" };
        _cleanup_(free_p) char *id = NULL;
        const char *slash;
        int r;

        r = image_of(source, &image, reterr);
        if (r < 0)
                return r;
        slash = strrchr(image.id, '/');
        if (!streq(slash, strrchr(from_directory, '/')))
                return backend_keep_path("rbd:", source, ret_rootfs_path, reterr);
        id = string_format("%.*s/%s", (int) (slash - image.id), image.id, volume->name);
        if (!id)
                return error_oom(reterr);
        r = image_new(id, NULL, &moved, reterr);
        if (r == 0)
                r = unmap(&image, reterr);
        if (r == 0)
                r = exists(&moved, reterr);
        argv[2] = image.id;
        argv[3] = moved.id;
        if (r == 0)
                r = run(&image, argv, 4, reterr);
        return r < 0 ? r : backend_keep_path("rbd:", moved.device, ret_rootfs_path, reterr);
}

const Backend backend_rbd = {
        .name = "rbd",
        .summary = "A Ceph block device",
        .options =
                (const char *const[]){ "fstype", "fssize", "rbdname", "rbdpool", "rbduser", NULL },
        .can_create = true,
        .slow = true,
        .probe = rbd_probe,
        .claims = rbd_claims,
        .create = rbd_create,
        .open = rbd_open,
        .destroy = rbd_destroy,
        .rename = rbd_rename,
};
