/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A program inside a container, with this command as its input and output until it ends. */

#include "base/error.h"

typedef struct SessionSetup {
        int session;  /* the service's SOCK_SEQPACKET */
        int terminal; /* the program's terminal; < 0: none */
        int pipes[3]; /* our ends of its input, output, errors; < 0: it has ours itself */
} SessionSetup;

/* session_run() - the pipes are taken, as their ends must be told; the rest is borrowed. Return: the
 * exit status, as a shell would have it; -errno. */
int session_run(SessionSetup *setup, Error *reterr);
