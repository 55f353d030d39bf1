/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The other end of the console that the configuration names (lxc.console.path): a file, to which all
 * output is appended, or a terminal of the host, on which the container is also typed to. Clients
 * come and go beside it. */

#include <stddef.h>

#include "base/error.h"
#include "base/loop.h"

typedef struct ConsolePeer ConsolePeer;

/* What was typed. */
typedef void (*ConsolePeerInput)(const char *data, size_t n, void *userdata);

typedef struct ConsolePeerOptions {
        const char *path;
        Loop *loop;
        ConsolePeerInput input;
        void *userdata;
} ConsolePeerOptions;

/* console_peer_new() - opens it, making a file that is missing. Where others than root could have put
 * something else, and at a symlink in place of a file to be made, it is refused: -EPERM, -EEXIST. A
 * terminal is raw from now on. Return: 0, -errno. */
int console_peer_new(const ConsolePeerOptions *options, ConsolePeer **ret, Error *reterr);

/* A terminal is as it was before. */
ConsolePeer *console_peer_free(ConsolePeer *peer);
DEFINE_CLEANUP(ConsolePeer *, console_peer_free)

/* A terminal that does not keep up misses output. */
void console_peer_write(ConsolePeer *peer, const char *data, size_t n);
