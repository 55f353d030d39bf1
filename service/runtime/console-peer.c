/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/console-peer.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/file.h"
#include "base/path.h"
#include "kernel/pty.h"

#define INPUT_SIZE 1024
#define FLAGS (O_RDWR | O_APPEND | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)

struct ConsolePeer {
        int fd;
        bool is_terminal, is_file;
        struct termios before;
        Source *source;
        ConsolePeerInput input;
        void *userdata;
};

/* The directory must be such that only root could have put something else there. */
static int open_peer(const char *path)
{
        const char *name = strrchr(path, '/') + 1;
        _cleanup_(free_p) char *directory = strndup(path, (size_t) (name - path));
        _cleanup_(fd_close_p) int dir_fd = -EBADF;
        int fd;

        if (!directory)
                return -ENOMEM;
        dir_fd = path_open_trusted(directory, O_PATH | O_DIRECTORY, NULL);
        if (dir_fd < 0)
                return dir_fd;
        fd = openat(dir_fd, name, FLAGS | O_NOFOLLOW);
        if (fd < 0 && errno == ENOENT)
                fd = openat(dir_fd, name, FLAGS | O_NOFOLLOW | O_CREAT | O_EXCL, 0600);
        if (fd < 0 && errno == ELOOP)
                return path_open_trusted(path, FLAGS, NULL);
        return fd < 0 ? -errno : fd;
}

static int on_input(Source *source, int fd, uint32_t events, void *userdata)
{
        ConsolePeer *peer = userdata;
        char data[INPUT_SIZE];
        ssize_t n = read(fd, data, sizeof(data));

        if (n > 0)
                peer->input(data, (size_t) n, peer->userdata);
        /* Hung up: what is written to it is lost, and there is nothing more to be read. */
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
                peer->source = source_free(peer->source);
        return 0;
}

static int set_up(ConsolePeer *peer, Loop *loop)
{
        struct stat st;

        if (fstat(peer->fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
                return -EINVAL;
        peer->is_file = S_ISREG(st.st_mode);
        if (peer->is_file && st.st_uid != 0)
                return -EPERM;
        if (peer->is_file || tcgetattr(peer->fd, &peer->before) < 0)
                return 0;
        peer->is_terminal = true;
        return loop_add_fd(loop, peer->fd, EPOLLIN, on_input, peer, &peer->source);
}

int console_peer_new(const ConsolePeerOptions *options, ConsolePeer **ret, Error *reterr)
{
        _cleanup_(console_peer_free_p) ConsolePeer *peer = calloc(1, sizeof(*peer));
        int r;

        if (!peer)
                return error_oom(reterr);
        peer->input = options->input;
        peer->userdata = options->userdata;
        r = peer->fd = open_peer(options->path);
        if (r >= 0)
                r = set_up(peer, options->loop);
        if (r == 0 && peer->is_terminal)
                r = pty_make_raw(peer->fd);
        if (r == 0) {
                *ret = TAKE_PTR(peer);
                return 0;
        }
        if (r == -EPERM)
                r = error_code(reterr, 0, EPERM,
                               "Cannot open the console '%s': others than root could have put "
                               "something else there",
                               options->path);
        else if (r == -EINVAL)
                r = error_code(reterr, 0, EINVAL,
                               "Cannot open the console '%s': it is neither a file nor a device",
                               options->path);
        else
                r = error_errno(reterr, -r, "Cannot open the console '%s'", options->path);
        return error_at(reterr, r, NULL, "lxc.console.path");
}

ConsolePeer *console_peer_free(ConsolePeer *peer)
{
        if (!peer)
                return NULL;
        (void) source_free(peer->source);
        if (peer->is_terminal)
                (void) tcsetattr(peer->fd, TCSANOW, &peer->before);
        (void) fd_close(peer->fd);
        free(peer);
        return NULL;
}

void console_peer_write(ConsolePeer *peer, const char *data, size_t n)
{
        if (peer->is_file)
                (void) fd_write_all(peer->fd, data, n);
        else
                (void) !write(peer->fd, data, n);
}
