/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* varlink-flood - varlink clients without manners. It shares no code with the project.
 *
 *   varlink-flood oneway SOCKET SECONDS   sends one-way calls of Manager.ListContainers, without a
 *                                         pause; prints how many
 *   varlink-flood connect SOCKET N        opens N connections, makes a call on each, and only then
 *                                         reads; prints "N answered, N closed"
 *   varlink-flood deaf SOCKET N           opens N streams of Manager.Monitor, prints "ready", and
 *                                         never reads; ends with its standard input, and prints
 *                                         how many of them were closed on
 *
 * Exit status: 0, 2 wrong usage, 1 anything else. */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LIST "{\"method\":\"org.nagaya1.Manager.ListContainers\"}"
#define LIST_ONEWAY "{\"method\":\"org.nagaya1.Manager.ListContainers\",\"oneway\":true}"
#define MONITOR "{\"method\":\"org.nagaya1.Manager.Monitor\",\"more\":true}"
#define BATCH 500

static void fail(const char *what)
{
        fprintf(stderr, "varlink-flood: %s: %s\n", what, strerror(errno));
        exit(1);
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
                fail("Cannot make a socket");
        strcpy(address.sun_path, path);
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                fail("Cannot connect");
        return fd;
}

/* With the NUL. Return: false when the service closed. */
static bool send_all(int fd, const char *data, size_t size)
{
        while (size > 0) {
                ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

                if (n < 0)
                        return false;
                data += n;
                size -= (size_t) n;
        }
        return true;
}

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int flood_oneway(const char *path, unsigned long seconds)
{
        static char batch[BATCH * sizeof(LIST_ONEWAY)];
        double until = now() + (double) seconds;
        int fd = connect_to(path);
        unsigned long n = 0;

        for (size_t i = 0; i < BATCH; i++)
                memcpy(batch + i * sizeof(LIST_ONEWAY), LIST_ONEWAY, sizeof(LIST_ONEWAY));
        while (now() < until) {
                if (!send_all(fd, batch, sizeof(batch)))
                        fail("Cannot send");
                n += BATCH;
        }
        printf("%lu\n", n);
        return 0;
}

static int *open_all(const char *path, unsigned long n, const char *call, size_t size)
{
        struct rlimit limit = { n + 100, n + 100 };
        int *fds = calloc(n, sizeof(int));

        if (!fds || (n > 900 && setrlimit(RLIMIT_NOFILE, &limit) < 0))
                fail("Cannot prepare");
        for (unsigned long i = 0; i < n; i++) {
                fds[i] = connect_to(path);
                (void) send_all(fds[i], call, size);
        }
        return fds;
}

static int flood_connect(const char *path, unsigned long n)
{
        int *fds = open_all(path, n, LIST, sizeof(LIST));
        unsigned long answered = 0;

        for (unsigned long i = 0; i < n; i++) {
                char byte;

                answered += recv(fds[i], &byte, 1, 0) == 1;
        }
        printf("%lu answered, %lu closed\n", answered, n - answered);
        return 0;
}

static int flood_deaf(const char *path, unsigned long n)
{
        int *fds = open_all(path, n, MONITOR, sizeof(MONITOR));
        unsigned long closed = 0;
        char byte;

        printf("ready\n");
        fflush(stdout);
        while (read(STDIN_FILENO, &byte, 1) > 0)
                ;
        for (unsigned long i = 0; i < n; i++) {
                struct pollfd pollfd = { .fd = fds[i], .events = POLLIN };

                closed += poll(&pollfd, 1, 0) > 0 && (pollfd.revents & POLLHUP);
        }
        printf("%lu\n", closed);
        return 0;
}

int main(int argc, char **argv)
{
        static const struct {
                const char *name;
                int (*run)(const char *path, unsigned long n);
        } modes[] = {
                { "oneway", flood_oneway },
                { "connect", flood_connect },
                { "deaf", flood_deaf },
        };

        for (size_t i = 0; argc == 4 && i < sizeof(modes) / sizeof(modes[0]); i++)
                if (strcmp(argv[1], modes[i].name) == 0)
                        return modes[i].run(argv[2], strtoul(argv[3], NULL, 10));
        fprintf(stderr, "Usage: varlink-flood oneway|connect|deaf SOCKET N\n");
        return 2;
}
