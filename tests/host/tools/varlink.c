/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* varlink - speak to a varlink socket as a test wants it, right or wrong. It shares no code with
 * the project, so that both ends of the wire cannot be wrong in the same way.
 *
 *   varlink [OPTION]... SOCKET METHOD [PARAMETERS]   one call; each reply is printed on a line
 *   varlink [OPTION]... SOCKET                       standard input is sent as it is (the test
 *                                                    writes the NULs), replies are printed
 *   --more           set "more"; replies are printed until the last one
 *   --repeat N       send the call N times before reading; print only the first reply and "N replies"
 *   --deadline SEC   give up (default 30; 0: never)
 *   --vanish         close as soon as everything is sent
 *   --close-input    shut the sending side down after sending
 *
 * Exit status: 0 the last reply has no error, 1 it has one, 3 the service closed the connection
 * before the last reply, 4 the deadline passed, 2 wrong usage. */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
        EXIT_OK,
        EXIT_ERROR_REPLY,
        EXIT_USAGE,
        EXIT_CLOSED,
        EXIT_DEADLINE
};

typedef struct Buffer {
        char *data;
        size_t size;
        size_t capacity;
} Buffer;

typedef struct Session {
        int fd;
        bool more;
        bool raw;
        bool vanish;
        bool close_input;
        size_t repeat;
        long long deadline_ms; /* on the monotonic clock; -1: none */
        Buffer output;
        size_t sent;
        Buffer input;
        size_t n_replies;
        bool last_is_error;
        bool last_continues;
} Session;

static void fail(const char *what)
{
        fprintf(stderr, "varlink: %s: %s\n", what, strerror(errno));
        exit(EXIT_CLOSED);
}

static long long now_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (long long) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void buffer_append(Buffer *buffer, const char *data, size_t size)
{
        if (buffer->size + size > buffer->capacity) {
                buffer->capacity = (buffer->size + size) * 2;
                buffer->data = realloc(buffer->data, buffer->capacity);
                if (!buffer->data)
                        fail("Cannot grow a buffer");
        }
        memcpy(buffer->data + buffer->size, data, size);
        buffer->size += size;
}

static void read_standard_input(Buffer *buffer)
{
        char chunk[65536];
        size_t n;

        while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
                buffer_append(buffer, chunk, n);
}

static void compose_calls(Session *session, const char *method, const char *parameters)
{
        char *message;
        int size;

        size = asprintf(&message, "{\"method\":\"%s\",\"parameters\":%s%s}", method, parameters,
                        session->more ? ",\"more\":true" : "");
        if (size < 0)
                fail("Cannot compose a call");
        for (size_t i = 0; i < session->repeat; i++)
                buffer_append(&session->output, message, (size_t) size + 1);
        free(message);
}

static int connect_to(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
                fail("Cannot make a socket");
        memcpy(address.sun_path, path, strlen(path));
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                fail("Cannot connect");
        return fd;
}

/* Good enough for what an object's top level looks like when a JSON library printed it: neither
 * member occurs inside of a string of the service's replies. */
static bool has_member(const char *reply, const char *member)
{
        return strstr(reply, member) != NULL;
}

static void take_reply(Session *session, const char *reply)
{
        session->n_replies++;
        session->last_is_error =
                strncmp(reply, "{\"error\"", 8) == 0 || has_member(reply, ",\"error\":\"");
        session->last_continues = has_member(reply, "\"continues\":true");
        if (session->repeat > 1 && session->n_replies > 1)
                return;
        puts(reply);
        fflush(stdout);
}

static void take_replies(Session *session)
{
        Buffer *input = &session->input;
        char *end;

        while (input->size > 0 && (end = memchr(input->data, 0, input->size))) {
                size_t length = (size_t) (end - input->data) + 1;

                take_reply(session, input->data);
                memmove(input->data, input->data + length, input->size - length);
                input->size -= length;
        }
}

/* Return: false when the service closed the connection. */
static bool receive(Session *session)
{
        char chunk[65536];
        ssize_t n = recv(session->fd, chunk, sizeof(chunk), 0);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        buffer_append(&session->input, chunk, (size_t) n);
        take_replies(session);
        return n > 0;
}

static bool transmit(Session *session)
{
        const Buffer *output = &session->output;
        ssize_t n = send(session->fd, output->data + session->sent, output->size - session->sent,
                         MSG_NOSIGNAL);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        session->sent += (size_t) n;
        if (session->sent == output->size && session->close_input)
                (void) shutdown(session->fd, SHUT_WR);
        return true;
}

static bool is_complete(const Session *session)
{
        if (session->raw || session->sent < session->output.size)
                return false;
        return session->n_replies >= session->repeat && !session->last_continues;
}

/* Return: the exit status. */
static int converse(Session *session)
{
        while (!is_complete(session)) {
                bool sending = session->sent < session->output.size;
                struct pollfd poll_fd = { session->fd, (short) (POLLIN | (sending ? POLLOUT : 0)),
                                          0 };
                long long left = session->deadline_ms < 0 ? -1 : session->deadline_ms - now_ms();
                int r;

                if (!sending && session->vanish)
                        return EXIT_OK;
                if (session->deadline_ms >= 0 && left <= 0)
                        return EXIT_DEADLINE;
                r = poll(&poll_fd, 1, (int) left);
                if (r < 0 && errno != EINTR)
                        fail("Cannot poll");
                if ((poll_fd.revents & POLLOUT) && !transmit(session))
                        session->sent = session->output.size;
                if ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) && !receive(session))
                        return EXIT_CLOSED;
        }
        return session->last_is_error ? EXIT_ERROR_REPLY : EXIT_OK;
}

static void parse_options(Session *session, int argc, char **argv)
{
        static const struct option options[] = {
                { "more", no_argument, NULL, 'm' },
                { "repeat", required_argument, NULL, 'r' },
                { "deadline", required_argument, NULL, 'd' },
                { "vanish", no_argument, NULL, 'v' },
                { "close-input", no_argument, NULL, 'c' },
                { 0 },
        };
        long long deadline_s = 30;
        int option;

        while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
                if (option == 'm')
                        session->more = true;
                else if (option == 'r')
                        session->repeat = strtoul(optarg, NULL, 10);
                else if (option == 'd')
                        deadline_s = atoll(optarg);
                else if (option == 'v')
                        session->vanish = true;
                else if (option == 'c')
                        session->close_input = true;
                else
                        exit(EXIT_USAGE);
        }
        session->deadline_ms = deadline_s == 0 ? -1 : now_ms() + deadline_s * 1000;
}

int main(int argc, char **argv)
{
        Session session = { .repeat = 1 };
        int status;

        parse_options(&session, argc, argv);
        argc -= optind;
        argv += optind;
        if (argc < 1 || argc > 3) {
                fprintf(stderr, "usage: varlink [OPTION]... SOCKET [METHOD [PARAMETERS]]\n");
                return EXIT_USAGE;
        }
        session.raw = argc == 1;
        if (session.raw)
                read_standard_input(&session.output);
        else
                compose_calls(&session, argv[1], argc == 3 ? argv[2] : "{}");
        session.fd = connect_to(argv[0]);
        status = converse(&session);
        if (session.repeat > 1)
                printf("%zu replies\n", session.n_replies);
        close(session.fd);
        free(session.output.data);
        free(session.input.data);
        return status;
}
