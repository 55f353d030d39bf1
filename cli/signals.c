/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "cli/signals.h"

#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>

#include "base/parse.h"
#include "base/strv.h"

/* Return: 0, -EINVAL. */
static int relative(const char *text, char sign, int base, int *ret)
{
        uint32_t offset = 0;

        if (*text && (text[0] != sign || parse_u32(text + 1, &offset) < 0))
                return -EINVAL;
        if (offset > (uint32_t) (SIGRTMAX - SIGRTMIN))
                return -EINVAL;
        *ret = sign == '+' ? base + (int) offset : base - (int) offset;
        return 0;
}

int signal_parse(const char *text, int *ret)
{
        uint32_t number;

        if (parse_u32(text, &number) == 0) {
                if (number < 1 || number >= _NSIG)
                        return -EINVAL;
                *ret = (int) number;
                return 0;
        }
        if (strncasecmp(text, "SIG", 3) == 0)
                text += 3;
        if (strncasecmp(text, "RTMIN", 5) == 0)
                return relative(text + 5, '+', SIGRTMIN, ret);
        if (strncasecmp(text, "RTMAX", 5) == 0)
                return relative(text + 5, '-', SIGRTMAX, ret);
        for (int i = 1; i < SIGRTMIN; i++) {
                const char *name = sigabbrev_np(i);

                if (name && strcasecmp(name, text) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

int signals_block(const int *signals, Error *reterr)
{
        sigset_t set;
        int fd;

        (void) sigemptyset(&set);
        for (; *signals; signals++)
                (void) sigaddset(&set, *signals);
        fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
                int r = error_errno(reterr, errno, "Cannot wait for signals");

                (void) fd_close(fd);
                return r;
        }
        return fd;
}

int signals_read(int fd)
{
        struct signalfd_siginfo info;

        return read(fd, &info, sizeof(info)) == sizeof(info) ? (int) info.ssi_signo : 0;
}
