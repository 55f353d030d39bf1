/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/job/site.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/strv.h"
#include "interfaces/container-id.h"
#include "interfaces/errors.h"

void site_done(Site *site)
{
        (void) fd_close(site->fd);
        free(site->path);
        free(site->directory);
        free(site->name);
        *site = SITE_NULL;
}

/* The id and the directory come from the service; what they say must agree all the same. */
static int check_id(const char *id, const Site *site, SiteFlags flags, Error *reterr)
{
        _cleanup_(free_p) char *directory = NULL, *name = NULL;
        int r;

        /* Checked to be one component. */
        if (flags == SITE_ANY_NAME && id[0] != '-' && streq(id, site->name))
                return 0;
        r = container_id_locate(id, site->path, &directory, &name, reterr);
        if (r < 0)
                return r;
        if (!streq(directory, site->directory) || !streq(name, site->name))
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "'%s' is not the directory of a container '%s'",
                                    site->directory, id);
        return 0;
}

static int open_path(Site *site, SiteFlags flags, Error *reterr)
{
        _cleanup_(free_p) char *culprit = NULL;
        int r;

        if (flags == SITE_MAKE_PATH) {
                r = mkdir_parents(site->path, 0755);
                if (r < 0)
                        return error_errno(reterr, -r, "Cannot make the container path '%s'",
                                           site->path);
        }
        site->fd = path_open_trusted(site->path, O_RDONLY | O_DIRECTORY, &culprit);
        if (site->fd == -EPERM)
                return error_public(reterr, ERROR_ACCESS_DENIED,
                                    "'%s' may be changed by others than root, so no container is "
                                    "kept in it: correct its owner or its mode",
                                    culprit ? culprit : site->path);
        if (site->fd < 0)
                return error_errno(reterr, -site->fd, "Cannot open the container path '%s'",
                                   site->path);
        return 0;
}

int site_open(const char *id, const char *directory, SiteFlags flags, Site *ret, Error *reterr)
{
        _cleanup_(site_done) Site site = SITE_NULL;
        const char *slash = strrchr(directory, '/');
        int r;

        r = flags == SITE_ANY_NAME ? container_id_check_any(id, reterr)
                                   : container_id_check(id, reterr);
        if (r < 0)
                return r;
        if (!path_is_normalized(directory) || slash == directory)
                return error_public(reterr, ERROR_INVALID_ARGS,
                                    "'%s' cannot be the directory of a container: an absolute "
                                    "path below a directory is needed",
                                    directory);
        site.path = strndup(directory, (size_t) (slash - directory));
        site.directory = strdup(directory);
        site.name = strdup(slash + 1);
        if (!site.path || !site.directory || !site.name)
                return error_oom(reterr);
        r = check_id(id, &site, flags, reterr);
        if (r == 0)
                r = open_path(&site, flags, reterr);
        if (r < 0)
                return r;
        *ret = site;
        site = SITE_NULL;
        return 0;
}

int site_check_absent(const Site *site, const char *id, Error *reterr)
{
        struct stat st;

        if (fstatat(site->fd, site->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        return error_public(reterr, ERROR_CONTAINER_EXISTS,
                            "There is already a container '%s': '%s' exists", id, site->directory);
}

int site_claim(
        const Site *site, const char *id, const char *lock_dir, ContainerLock *ret, Error *reterr)
{
        int r;

        r = container_name_check(site->name, reterr);
        if (r == 0)
                r = site_check_absent(site, id, reterr);
        return r < 0 ? r : container_lock_take(lock_dir, id, site->directory, ret, reterr);
}
