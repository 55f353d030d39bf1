/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Processes by pidfd, and programs run with an argument vector, never through a shell. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct Spawn {
        char *const *argv;        /* argv[0] is the path, absolute */
        char *const *environment; /* the whole environment; NULL: empty */
        const char *cwd;          /* NULL: as is */
        int stdin_fd;             /* < 0: /dev/null */
        int stdout_fd;            /* < 0: /dev/null */
        int stderr_fd;            /* < 0: /dev/null */
        bool die_with_parent;     /* killed when the caller dies; what it started is not */
} Spawn;

/* process_spawn() - fork and exec; signals are at their defaults and unmasked, every other fd is
 * closed, in a session of its own. A failing exec is reported here, not by an exit status.
 * `ret_pidfd` is CLOEXEC and owned by the caller, who reaps. Return: 0, -errno. */
int process_spawn(const Spawn *spawn, pid_t *ret_pid, int *ret_pidfd, Error *reterr);

/* Return: pidfd, -errno. */
int process_pidfd(pid_t pid);

/* Return: 0, -ESRCH, -errno. */
int process_kill(int pidfd, int signal);

/* process_wait() - reap. *ret_code: the exit status; *ret_signal: the signal that ended it, or 0.
 */
int process_wait(int pidfd, int *ret_code, int *ret_signal);

/* process_start_time() - field 22 of /proc/PID/stat, clock ticks since boot: with the pid it names
 * a process for good. Return: 0, -ESRCH, -errno. */
int process_start_time(pid_t pid, uint64_t *ret);

/* Exit status as a shell tells it: the code, or 128 + signal. */
int process_shell_status(int code, int signal);

/* Monotonic time in usec. */
uint64_t now_usec(void);
#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX
