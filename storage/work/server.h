/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The job runner's door: org.nagaya1.Worker on a listening socket, for root only. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

#define SERVER_TASKS_MAX 16
#define SERVER_CONNECTIONS_MAX 64

typedef struct ServerOptions {
        int listen_fd; /* this and the next two stay the caller's */
        int group_fd;  /* a delegated cgroup for the workers, or < 0 */
        int stop_fd;   /* readable: cancel the jobs and leave the loop; or < 0 */
        const char *lock_dir;
        const char *const *template_directories;
        const char *const *unit_directories;
        const char *container_path; /* recovered and collected at the start, or NULL */
        uint64_t idle_usec;         /* leave the loop after so long without work; USEC_INFINITY */
        uint64_t keep_usec;         /* an outcome that nobody followed is kept so long */
} ServerOptions;

typedef struct Server Server;

/* The options are borrowed. Return: 0, -errno. */
int work_server_new(Loop *loop, const ServerOptions *options, Server **ret, Error *reterr);
Server *work_server_free(Server *server);
DEFINE_CLEANUP(Server *, work_server_free)
