/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The container's terminals: [0] the console, [N] /dev/ttyN. Each may have one client, who holds
 * the master of a proxy pty; what he types and reads is pumped between that and the container's
 * own pty, so that the client never holds the container's. The console is read all the time, or
 * its writers would stand still; a client who does not read it misses output. A tty waits for its
 * client. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

#define TERMINAL_ANY (-1) /* any tty, not the console */

typedef struct Terminals Terminals;

/* What came out of the console. */
typedef void (*TerminalOutput)(const char *data, size_t n, bool connected, void *userdata);

typedef struct TerminalsOptions {
        Loop *loop;
        int *masters; /* taken: each becomes -EBADF */
        size_t n_masters;
        TerminalOutput output;
        void *userdata;
} TerminalsOptions;

int terminals_new(const TerminalsOptions *options, Terminals **ret, Error *reterr);
Terminals *terminals_free(Terminals *terminals);
DEFINE_CLEANUP(Terminals *, terminals_free)

/* terminals_connect() - a client for `tty`: *ret_fd is the proxy's master, *ret_tty the number.
 * Return: 0, ERROR_NO_SUCH_CONSOLE, ERROR_BUSY, -errno. */
int terminals_connect(Terminals *terminals, int tty, int *ret_fd, int *ret_tty, Error *reterr);

/* Return: 0, ERROR_NO_SUCH_CONSOLE, -errno. */
int terminals_resize(Terminals *terminals, int tty, uint16_t columns, uint16_t rows, Error *reterr);

/* terminals_type() - on the console, as a client would; what does not fit is lost. */
void terminals_type(Terminals *terminals, const char *data, size_t n);

/* terminals_drain() - what the console still holds, when the container has ended. */
void terminals_drain(Terminals *terminals);
