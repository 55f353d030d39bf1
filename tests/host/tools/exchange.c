/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* exchange DIRECTORY A B - what is called A in DIRECTORY is called B from now on, and the other way
 * round, without a moment in which one of them is not there, over and over until SIGTERM; then it
 * prints how often. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static volatile sig_atomic_t ended;

static void on_signal(int signal)
{
        (void) signal;
        ended = 1;
}

int main(int argc, char *argv[])
{
        unsigned long n = 0;
        int dir;

        if (argc != 4)
                return 2;
        dir = open(argv[1], O_PATH | O_DIRECTORY);
        if (dir < 0) {
                perror(argv[1]);
                return 1;
        }
        (void) signal(SIGTERM, on_signal);
        while (!ended)
                if (renameat2(dir, argv[2], dir, argv[3], RENAME_EXCHANGE) == 0)
                        n++;
        printf("%lu\n", n);
        return n > 0 ? 0 : 1;
}
