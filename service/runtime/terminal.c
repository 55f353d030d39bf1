/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/terminal.h"

#include "base/file.h"
#include "interfaces/errors.h"
#include "kernel/pty.h"

#define PUMP_SIZE 4096
#define DRAIN_ROUNDS 64 /* a pty holds much less than this many times PUMP_SIZE */

/* One direction. */
typedef struct Pump {
        char data[PUMP_SIZE];
        size_t begin, end;
} Pump;

/* What a client costs, while there is one. */
typedef struct Client {
        int proxy; /* slave of the proxy pty */
        Source *source;
        Pump in, out;
} Client;

typedef struct Terminal {
        Terminals *all;
        int master;
        int slave; /* held open: a master whose slave nobody has open is "hung up" all the time */
        Source *source;
        Client *client;
} Terminal;

struct Terminals {
        Loop *loop;
        TerminalOutput output;
        void *userdata;
        size_t n;
        Terminal items[];
};

static bool is_console(const Terminal *t)
{
        return t == &t->all->items[0];
}

static void client_free(Terminal *t)
{
        if (!t->client)
                return;
        (void) source_free(t->client->source);
        (void) fd_close(t->client->proxy);
        free(t->client);
        t->client = NULL;
}

/* Return: > 0 something was moved, 0 nothing to do, -errno the end of `fd`. */
static int pump_fill(Pump *pump, int fd)
{
        ssize_t n;

        if (pump->end > 0)
                return 0;
        n = read(fd, pump->data, sizeof(pump->data));
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -EPIPE;
        pump->end = (size_t) n;
        return 1;
}

static int pump_empty(Pump *pump, int fd)
{
        ssize_t n;

        if (pump->begin == pump->end)
                return 0;
        n = write(fd, pump->data + pump->begin, pump->end - pump->begin);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        pump->begin += (size_t) n;
        if (pump->begin == pump->end)
                pump->begin = pump->end = 0;
        return 1;
}

static void update_events(Terminal *t)
{
        Client *c = t->client;
        uint32_t master = is_console(t) ? EPOLLIN : 0;

        if (c) {
                if (c->out.end == 0)
                        master |= EPOLLIN;
                if (c->in.end > 0)
                        master |= EPOLLOUT;
                (void) source_set_events(c->source, (c->in.end == 0 ? EPOLLIN : 0) |
                                                            (c->out.end > 0 ? EPOLLOUT : 0));
        }
        (void) source_set_events(t->source, master);
}

/* The console's output goes to the log first, and to its client as far as he keeps up. */
static int read_console(Terminal *t)
{
        Terminals *all = t->all;
        char data[PUMP_SIZE] __attribute__((__uninitialized__));
        ssize_t n = read(t->master, data, sizeof(data));

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        if (n == 0)
                return -EPIPE;
        all->output(data, (size_t) n, t->client != NULL, all->userdata);
        if (t->client && t->client->out.end == 0) {
                __builtin_memcpy(t->client->out.data, data, (size_t) n);
                t->client->out.end = (size_t) n;
        }
        return 1;
}

static int pump_client(Terminal *t)
{
        Client *c = t->client;
        int r;

        r = pump_fill(&c->in, c->proxy);
        if (r >= 0)
                r = pump_empty(&c->out, c->proxy);
        if (r < 0)
                return r; /* he is gone */
        /* A container that does not read its terminal keeps it full: that is no error. */
        (void) pump_empty(&c->in, t->master);
        return 0;
}

/* Return: < 0 the master is of no more use. */
static int pump(Terminal *t)
{
        int r = 0;

        if (is_console(t))
                r = read_console(t);
        else if (t->client)
                r = pump_fill(&t->client->out, t->master);
        if (t->client && pump_client(t) < 0)
                client_free(t);
        return r;
}

static int on_master(Source *source, int fd, uint32_t events, void *userdata)
{
        Terminal *t = userdata;

        if (pump(t) < 0) {
                client_free(t);
                t->source = source_free(t->source);
                return 0;
        }
        update_events(t);
        return 0;
}

static int on_proxy(Source *source, int fd, uint32_t events, void *userdata)
{
        Terminal *t = userdata;

        if (pump_client(t) < 0 || (events & (EPOLLHUP | EPOLLERR)))
                client_free(t);
        if (t->source)
                update_events(t);
        return 0;
}

static int terminal_init(Terminal *t, Terminals *all, int master)
{
        int r;

        *t = (Terminal){ .all = all, .master = master, .slave = -EBADF };
        if (master < 0)
                return 0;
        t->slave = pty_open_slave(master);
        if (t->slave < 0)
                return t->slave;
        r = fd_set_nonblock(master, true);
        if (r < 0)
                return r;
        return loop_add_fd(all->loop, master, is_console(t) ? EPOLLIN : 0, on_master, t,
                           &t->source);
}

int terminals_new(const TerminalsOptions *options, Terminals **ret, Error *reterr)
{
        _cleanup_(terminals_free_p) Terminals *all = NULL;
        int r = 0;

        all = calloc(1, sizeof(*all) + options->n_masters * sizeof(Terminal));
        if (!all)
                return error_oom(reterr);
        all->loop = options->loop;
        all->output = options->output;
        all->userdata = options->userdata;
        for (; all->n < options->n_masters && r == 0; all->n++)
                r = terminal_init(&all->items[all->n], all, TAKE_FD(options->masters[all->n]));
        if (r < 0) {
                r = error_errno(reterr, -r, "Cannot serve the terminals of the container");
                return error_at(reterr, r, "console", NULL);
        }
        *ret = TAKE_PTR(all);
        return 0;
}

Terminals *terminals_free(Terminals *terminals)
{
        if (!terminals)
                return NULL;
        for (size_t i = 0; i < terminals->n; i++) {
                Terminal *t = &terminals->items[i];

                client_free(t);
                (void) source_free(t->source);
                (void) fd_close(t->slave);
                (void) fd_close(t->master);
        }
        free(terminals);
        return NULL;
}

static int no_such(int tty, Error *reterr)
{
        return error_public(reterr, ERROR_NO_SUCH_CONSOLE,
                            tty == 0 ? "The container has no console"
                                     : "The container has no such tty (lxc.tty.max)");
}

/* Return: NULL when there is none. */
static Terminal *find(Terminals *all, int tty)
{
        if (tty < 0 || (size_t) tty >= all->n || !all->items[tty].source)
                return NULL;
        return &all->items[tty];
}

static int find_free(Terminals *all, int tty, Terminal **ret, Error *reterr)
{
        Terminal *t = find(all, tty);

        if (tty != TERMINAL_ANY && !t)
                return no_such(tty, reterr);
        if (t && t->client)
                return error_public(reterr, ERROR_BUSY, "Somebody else is connected to it");
        for (size_t i = 1; i < all->n && !t; i++)
                if (all->items[i].source && !all->items[i].client)
                        t = &all->items[i];
        if (!t && all->n <= 1)
                return no_such(tty, reterr);
        if (!t)
                return error_public(reterr, ERROR_BUSY,
                                    "Somebody is connected to each of the %zu ttys", all->n - 1);
        *ret = t;
        return 0;
}

static int client_new(Terminal *t, int *ret_fd)
{
        _cleanup_(fd_close_p) int master = -EBADF, slave = -EBADF;
        Client *client;
        int r;

        r = pty_new(&master, &slave);
        if (r < 0)
                return r;
        r = pty_make_raw(slave);
        if (r == 0)
                r = fd_set_nonblock(slave, true);
        if (r < 0)
                return r;
        client = calloc(1, sizeof(*client));
        if (!client)
                return -ENOMEM;
        r = loop_add_fd(t->all->loop, slave, EPOLLIN, on_proxy, t, &client->source);
        if (r < 0) {
                free(client);
                return r;
        }
        client->proxy = TAKE_FD(slave);
        t->client = client;
        *ret_fd = TAKE_FD(master);
        return 0;
}

int terminals_connect(Terminals *terminals, int tty, int *ret_fd, int *ret_tty, Error *reterr)
{
        Terminal *t;
        int r;

        r = find_free(terminals, tty, &t, reterr);
        if (r < 0)
                return r;
        r = client_new(t, ret_fd);
        if (r < 0)
                return error_errno(reterr, -r, "Cannot make a proxy terminal");
        update_events(t);
        *ret_tty = (int) (t - terminals->items);
        return 0;
}

int terminals_resize(Terminals *terminals, int tty, uint16_t columns, uint16_t rows, Error *reterr)
{
        Terminal *t = find(terminals, tty);
        int r;

        if (!t)
                return no_such(tty, reterr);
        r = pty_resize(t->master, columns, rows);
        return r < 0 ? error_errno(reterr, -r, "Cannot resize the terminal") : 0;
}

void terminals_type(Terminals *terminals, const char *data, size_t n)
{
        if (terminals->n > 0 && terminals->items[0].source)
                (void) !write(terminals->items[0].master, data, n);
}

void terminals_drain(Terminals *terminals)
{
        Terminal *console = terminals->n > 0 ? &terminals->items[0] : NULL;

        for (unsigned i = 0; console && console->source && i < DRAIN_ROUNDS; i++) {
                if (read_console(console) <= 0)
                        return;
                if (console->client)
                        (void) pump_empty(&console->client->out, console->client->proxy);
        }
}
