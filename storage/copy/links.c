/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file with several names is made once, in a directory of links at the top of the copy, under a name
 * that is its identity in the source; every name of it is then a link to that. Whoever finds it made
 * already only adds a name, and may do so while it is still being filled. So the file system itself is
 * the map, for any number of files, and making is the lock. At the end the directory goes. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "base/path.h"
#include "base/strv.h"
#include "storage/copy/private.h"

/* Under the lock. Return: 0, -errno. */
static int make_links(Copy *copy)
{
        int parent_fd = copy->job->to_fd, fd;
        unsigned long long tag;

        if (getrandom(&tag, sizeof(tag), 0) != sizeof(tag))
                return -EIO;
        (void) snprintf(copy->links_name, sizeof(copy->links_name), ".#links.%016llx", tag);
        if (mkdirat(parent_fd, copy->links_name, 0700) < 0)
                return -errno;
        fd = path_open_on_mount(parent_fd, copy->links_name, O_RDONLY | O_DIRECTORY);
        if (fd < 0)
                return fd;
        copy->links_fd = fd;
        return 0;
}

/* Return: fd, borrowed; -errno. */
static int links_directory(Copy *copy)
{
        int r = 0;

        if (copy->links_fd >= 0)
                return copy->links_fd;
        (void) pthread_mutex_lock(&copy->links_lock);
        if (copy->links_fd < 0)
                r = make_links(copy);
        (void) pthread_mutex_unlock(&copy->links_lock);
        return r < 0 ? r : copy->links_fd;
}

/* The end says which flags are to be set when no more names are added. */
static void make_id(const struct statx *from, char id[static LINK_ID_SIZE])
{
        (void) snprintf(id, LINK_ID_SIZE, "%x.%x.%llx.%x", from->stx_dev_major, from->stx_dev_minor,
                        (unsigned long long) from->stx_ino,
                        (unsigned) (from->stx_attributes & ATTRIBUTES_FINAL));
}

int copy_place(Hand *hand, const struct statx *from, const char *name, Place *ret)
{
        int fd;

        if (from->stx_nlink < 2) {
                *ret = (Place){ .dir_fd = hand->top->object.to_fd, .name = name };
                return 0;
        }
        fd = links_directory(hand->copy);
        if (fd < 0)
                return copy_fail(hand, fd, COPY_TO, "make a directory for the links of", name);
        *ret = (Place){ .dir_fd = fd, .name = ret->id };
        make_id(from, ret->id);
        return 0;
}

bool place_is_shared(const Place *place)
{
        return place->name == place->id;
}

int copy_link(Hand *hand, const Place *place, const char *name)
{
        int dir_fd = hand->top->object.to_fd;

        if (!place_is_shared(place) || linkat(place->dir_fd, place->name, dir_fd, name, 0) == 0)
                return 0;
        /* As many names as the file system allows, and ours: then this is the last. */
        if (errno == EMLINK &&
            renameat2(place->dir_fd, place->name, dir_fd, name, RENAME_NOREPLACE) == 0)
                return 0;
        return copy_fail(hand, -errno, COPY_TO, "link", name);
}

/* Return: 0, -errno. */
static int link_end(int dir_fd, const char *id)
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        const char *dot = strrchr(id, '.');
        unsigned long attributes = dot ? strtoul(dot + 1, NULL, 16) : 0;

        if (attributes != 0) {
                fd = path_open_on_mount(dir_fd, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
                if (fd < 0)
                        return fd;
        }
        if (unlinkat(dir_fd, id, 0) < 0)
                return -errno;
        return attributes != 0 ? copy_final_flags(fd, attributes) : 0;
}

static int links_empty(int dir_fd)
{
        _cleanup_(closedir_p) DIR *dir = NULL;
        struct dirent *entry;
        int fd, r = 0;

        fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
        dir = fd < 0 ? NULL : fdopendir(fd);
        if (!dir) {
                r = -errno;
                (void) fd_close(fd);
                return r;
        }
        while (r == 0 && (entry = readdir(dir)))
                if (!streq(entry->d_name, ".") && !streq(entry->d_name, ".."))
                        r = link_end(dir_fd, entry->d_name);
        return r;
}

int copy_links_end(Hand *hand)
{
        Copy *copy = hand->copy;
        int r;

        if (copy->links_fd < 0 || copy_has_failed(copy))
                return 0;
        r = links_empty(copy->links_fd);
        if (r == 0 && unlinkat(copy->job->to_fd, copy->links_name, AT_REMOVEDIR) < 0)
                r = -errno;
        return r < 0 ? copy_fail(hand, r, COPY_TO, "remove the directory of links in", NULL) : 0;
}
