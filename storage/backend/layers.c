/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/backend/layers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/errors.h"
#include "kernel/mount.h"
#include "storage/backend/rootfs.h"

#define MOUNT_ROOM 8 /* inodes, or blocks */

void overlay_done(Overlay *overlay)
{
        free(overlay->name);
        (void) strv_free(overlay->lowers);
        free(overlay->upper);
        free(overlay->work);
        *overlay = OVERLAY_NULL;
}

/* The next layer, unescaped. Return: where it ends, NULL when out of memory. */
static const char *take_layer(const char *source, char **ret)
{
        char *out = malloc(strlen(source) + 1);

        *ret = out;
        if (!out)
                return NULL;
        for (; *source && *source != ':'; source++) {
                if (source[0] == '\\' && source[1])
                        source++;
                *out++ = *source;
        }
        *out = '\0';
        return source;
}

static int split(const char *source, char ***ret)
{
        _cleanup_(strv_free_p) char **layers = NULL;

        for (bool more = true; more; source++) {
                char *layer;

                source = take_layer(source, &layer);
                if (!source || strv_take(&layers, layer) < 0)
                        return -ENOMEM;
                more = *source == ':';
        }
        *ret = TAKE_PTR(layers);
        return 0;
}

/* Layouts of LXC: delta0 with olwork, overlay/delta with overlay/work. */
static char *work_of(const char *upper)
{
        const char *slash = strrchr(upper, '/');

        return string_format("%.*s/%s", (int) (slash - upper), upper,
                             streq(slash, "/delta") ? "work" : "olwork");
}

int overlay_parse(const char *source, Overlay *ret, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        size_t n;

        if (split(source, &overlay.lowers) < 0)
                return error_oom(reterr);
        n = strv_length(overlay.lowers);
        strv_foreach(layer, overlay.lowers)
                if (!path_is_normalized(*layer) || streq(*layer, "/"))
                        return error_public(reterr, ERROR_INVALID_CONFIG,
                                            "The root file system '%s' is not LOWER:UPPER: '%s' is "
                                            "not the absolute path of a directory, without '..' "
                                            "and a slash at its end",
                                            source, *layer);
        if (n < 2)
                return error_public(
                        reterr, ERROR_INVALID_CONFIG,
                        "The root file system '%s' is not LOWER:UPPER: it has one layer "
                        "only",
                        source);
        overlay.upper = overlay.lowers[n - 1];
        overlay.lowers[n - 1] = NULL;
        overlay.work = work_of(overlay.upper);
        if (!overlay.work)
                return error_oom(reterr);
        *ret = overlay;
        overlay = OVERLAY_NULL;
        return 0;
}

static void put_escaped(FILE *out, const char *path)
{
        for (; *path; path++) {
                if (*path == ':' || *path == '\\')
                        (void) fputc('\\', out);
                (void) fputc(*path, out);
        }
}

/* `key` may be NULL. */
static char *join(const char *key, char *const *lowers, const char *upper)
{
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        if (!out)
                return NULL;
        if (key)
                (void) fprintf(out, "%s=", key);
        for (size_t i = 0; lowers && lowers[i]; i++) {
                if (i > 0)
                        (void) fputc(':', out);
                put_escaped(out, lowers[i]);
        }
        if (lowers && upper)
                (void) fputc(':', out);
        if (upper)
                put_escaped(out, upper);
        if (fclose(out) == 0)
                return text;
        free(text);
        return NULL;
}

char *overlay_print(char *const *lowers, const char *upper)
{
        return join(NULL, lowers, upper);
}

int overlay_move(const char *source, const char *from, const char *to, char **ret, Error *reterr)
{
        _cleanup_(overlay_done) Overlay overlay = OVERLAY_NULL;
        _cleanup_(free_p) char *upper = NULL;
        int r;

        r = overlay_parse(source, &overlay, reterr);
        if (r < 0)
                return r;
        strv_foreach(lower, overlay.lowers) {
                char *moved = rootfs_path_move(*lower, from, to);

                if (!moved)
                        return error_oom(reterr);
                free(*lower);
                *lower = moved;
        }
        upper = rootfs_path_move(overlay.upper, from, to);
        *ret = upper ? overlay_print(overlay.lowers, upper) : NULL;
        return *ret ? 0 : error_oom(reterr);
}

int overlay_rename_layers(const char *prefix,
                          const char *source,
                          const char *from_directory,
                          const Volume *volume,
                          char **ret_rootfs_path,
                          Error *reterr)
{
        _cleanup_(free_p) char *moved = NULL;
        int r = overlay_move(source, from_directory, volume->directory, &moved, reterr);

        return r < 0 ? r : backend_keep_path(prefix, moved, ret_rootfs_path, reterr);
}

bool overlay_needs_source(const Rootfs *from, const Rootfs *snapshot)
{
        return from->backend == &backend_dir;
}

static int make_like(const char *path, const struct stat *model)
{
        _cleanup_(free_p) char *parent = strndup(path, (size_t) (strrchr(path, '/') - path));
        _cleanup_(fd_close_p) int fd = -EBADF;
        int r;

        if (!parent)
                return -ENOMEM;
        r = mkdir_parents(parent, 0755);
        if (r < 0)
                return r;
        if (mkdir(path, 0700) < 0)
                return errno == EEXIST ? 0 : -errno;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, model->st_uid, model->st_gid) < 0 ||
            fchmod(fd, model->st_mode & 07777) < 0)
                return -errno;
        return 0;
}

int overlay_prepare(const Overlay *overlay, Error *reterr)
{
        const char *made = overlay->work;
        struct stat model;
        int r;

        if (stat(overlay->lowers[0], &model) < 0)
                return error_errno(reterr, errno, "Cannot use the layer '%s'", overlay->lowers[0]);
        r = make_like(made, &model);
        if (r == 0)
                r = make_like(made = overlay->upper, &model);
        return r < 0 ? error_errno(reterr, -r, "Cannot make the directory '%s'", made) : 0;
}

static const char *overlay_name(const Overlay *overlay)
{
        return overlay->name ? overlay->name : overlay->lowers[0];
}

/* Not the kernel's default of `index`: it binds the upper to this very lower, so that a copied upper would
 * be refused. */
static int make_options(const Overlay *overlay, const RootfsMount *mount, char ***ret)
{
        _cleanup_(strv_free_p) char **options = NULL, **data = NULL;
        int r;

        if (mount->data && strv_split(&data, mount->data, ",") < 0)
                return -ENOMEM;
        r = strv_addf(&options, "source=%s", overlay_name(overlay));
        if (r == 0)
                r = strv_take(&options, join("lowerdir", overlay->lowers, NULL));
        if (r == 0)
                r = strv_take(&options, join("upperdir", NULL, overlay->upper));
        if (r == 0)
                r = strv_take(&options, join("workdir", NULL, overlay->work));
        if (r == 0)
                r = strv_add(&options, "index=off");
        if (r == 0 && mount->user)
                r = strv_add(&options, "userxattr");
        strv_foreach(option, data)
                if (r == 0)
                        r = strv_add(&options, *option);
        *ret = TAKE_PTR(options);
        return r;
}

/* Has it less than a mount makes in its work directory? */
static bool is_full(const char *path)
{
        struct statfs st;

        return statfs(path, &st) == 0 && ((st.f_blocks > 0 && st.f_bavail < MOUNT_ROOM) ||
                                          (st.f_files > 0 && st.f_ffree < MOUNT_ROOM));
}

/* Where it cannot use its work directory, the kernel gives a file system that can only be read. */
static int check_writable(const Overlay *overlay, int tree_fd, Error *reterr)
{
        struct statfs st;

        if (fstatfs(tree_fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at the overlay over '%s'",
                                   overlay_name(overlay));
        if (!(st.f_flags & ST_RDONLY))
                return 0;
        if (is_full(overlay->work))
                return error_errno(reterr, ENOSPC, "The overlay over '%s' could only be read",
                                   overlay_name(overlay));
        return error_code(reterr, 0, EROFS,
                          "The overlay over '%s' could only be read: its work directory cannot be "
                          "used (for its "
                          "owner, or for a file system that cannot hold an upper directory)",
                          overlay_name(overlay));
}

/* Before Linux 6.5 only the kernel's log tells why. */
static int cannot_mount(const Overlay *overlay, int r, const char *reason, Error *reterr)
{
        if (!reason && r == -EINVAL)
                reason = "see the kernel's log: a layer may be on a file system that cannot be "
                         "one, an "
                         "overlay for instance";
        return error_errno(reterr, -r, "Cannot mount the overlay over '%s'%s%s%s",
                           overlay_name(overlay), reason ? " (" : "", reason ? reason : "",
                           reason ? ")" : "");
}

int overlay_mount(const Overlay *overlay, const RootfsMount *mount, Error *reterr)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(strv_free_p) char **options = NULL;
        _cleanup_(free_p) char *reason = NULL;
        int r;

        if (make_options(overlay, mount, &options) < 0)
                return error_oom(reterr);
        fd = mount_file_system_explained("overlay", (const char *const *) options,
                                         (unsigned) mount_attributes(mount->flags), &reason);
        if (fd < 0)
                return cannot_mount(overlay, fd, reason, reterr);
        r = mount->flags & MS_RDONLY ? 0 : check_writable(overlay, fd, reterr);
        return r < 0 ? r : TAKE_FD(fd);
}
