/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "storage/owner.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/path.h"
#include "base/strv.h"

#include <fcntl.h>

#define OWNER_ATTRIBUTE "security.nagaya.owner"
#define OWNER_FILE ".nagaya-owner"
#define OWNER_TEXT_MAX 16

/* No such attribute here: either none is set, or the file system has none. */
static int is_absent(int errnum)
{
        return errnum == ENODATA || errnum == EOPNOTSUPP;
}

/* Return: 1 read, 0 there is none, -errno. */
static int read_file(int dir_fd, char text[static OWNER_TEXT_MAX])
{
        _cleanup_(fd_close_p) int fd = -EBADF;
        _cleanup_(free_p) char *content = NULL;
        struct stat st;
        int r;

        fd = path_open_beneath(dir_fd, OWNER_FILE, O_RDONLY | O_NONBLOCK, 0);
        if (fd == -ENOENT)
                return 0;
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()))
                return -EPERM;
        r = file_read_fd(fd, OWNER_TEXT_MAX - 1, &content, NULL);
        if (r < 0)
                return r == -EFBIG ? -EBADMSG : r;
        (void) strcpy(text, string_strip(content));
        return 1;
}

/* Return: as read_file(). */
static int read_text(int dir_fd, char text[static OWNER_TEXT_MAX])
{
        ssize_t n = fgetxattr(dir_fd, OWNER_ATTRIBUTE, text, OWNER_TEXT_MAX - 1);

        if (n >= 0) {
                text[n] = '\0';
                return 1;
        }
        if (errno == ERANGE)
                return -EBADMSG;
        return is_absent(errno) ? read_file(dir_fd, text) : -errno;
}

int owner_read(int dir_fd, uid_t *ret, Error *reterr)
{
        char text[OWNER_TEXT_MAX];
        uid_t owner = 0;
        int r;

        r = read_text(dir_fd, text);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot read who owns the container");
        if (r > 0 && parse_id(text, &owner) < 0)
                return error_code(reterr, 0, EBADMSG,
                                  "The record of the container's owner is not a uid");
        *ret = owner;
        return 0;
}

static int remove_record(int dir_fd)
{
        if (fremovexattr(dir_fd, OWNER_ATTRIBUTE) < 0 && !is_absent(errno))
                return -errno;
        if (unlinkat(dir_fd, OWNER_FILE, 0) < 0 && errno != ENOENT)
                return -errno;
        return 0;
}

static int write_record(int dir_fd, uid_t owner)
{
        char text[OWNER_TEXT_MAX];

        (void) snprintf(text, sizeof(text), "%u", owner);
        if (fsetxattr(dir_fd, OWNER_ATTRIBUTE, text, strlen(text), 0) == 0)
                return 0;
        if (errno != EOPNOTSUPP)
                return -errno;
        return file_write_atomic(dir_fd, OWNER_FILE, text, 0600, true);
}

int owner_write(int dir_fd, uid_t owner, Error *reterr)
{
        int r = owner == 0 ? remove_record(dir_fd) : write_record(dir_fd, owner);

        if (r < 0)
                return error_errno(reterr, -r, "Cannot record that uid %u owns the container",
                                   owner);
        return 0;
}
