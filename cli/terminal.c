/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/terminal.h"

#include <termios.h>

/* There is one terminal, and exit(3) must find it. */
static struct {
        int fd;
        bool raw;
        struct termios before;
} terminal = { .fd = -EBADF };

static int set_raw(void)
{
        struct termios mode = terminal.before;

        cfmakeraw(&mode);
        return tcsetattr(terminal.fd, TCSADRAIN, &mode) < 0 ? -errno : 0;
}

int terminal_raw(int fd, Error *reterr)
{
        static bool registered;
        int r;

        if (tcgetattr(fd, &terminal.before) < 0)
                return error_errno(reterr, errno, "Cannot get the mode of the terminal");
        terminal.fd = fd;
        if (!registered && atexit(terminal_restore) != 0)
                return error_oom(reterr);
        registered = true;
        terminal.raw = true;
        r = set_raw();
        if (r < 0) {
                terminal.raw = false;
                return error_errno(reterr, -r, "Cannot set the mode of the terminal");
        }
        return 0;
}

void terminal_restore(void)
{
        if (!terminal.raw)
                return;
        terminal.raw = false;
        (void) tcsetattr(terminal.fd, TCSADRAIN, &terminal.before);
}

void terminal_resume(void)
{
        if (terminal.raw)
                (void) set_raw();
}

int terminal_size(int fd, struct winsize *ret)
{
        return ioctl(fd, TIOCGWINSZ, ret) < 0 ? -errno : 0;
}
