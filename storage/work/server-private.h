/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What server.c (connections, the lives of tasks) and server-calls.c (the methods) share. */

#include "interfaces/varlink-message.h"
#include "interfaces/varlink-stream.h"
#include "storage/job/child.h"
#include "storage/work/server.h"
#include "storage/work/task.h"

typedef struct Connection {
        Server *server;
        struct Connection *next;
        VarlinkStream *stream;
        Source *source;
        Task *following;
        bool dead; /* freed by the next sweep */
} Connection;

struct Server {
        Loop *loop;
        const ServerOptions *options;
        TaskContext context;
        Source *listen, *stop, *idle, *sweep;
        bool stopping;
        Connection *connections;
        Task *tasks;
        Child *collector;
        Source *recovered; /* from the collector: who asks is listened to from now on */
        int recovered_fd;
        int begun_fd; /* the collector's end of that */
};

/* Takes `message`. Return: whether it could be sent; else the connection is dead. */
bool connection_send(Connection *connection, json_t *message);

/* Lets the outcome of a task go after a while; 0: it was told. */
void server_expire(Server *server, Task *task, uint64_t after_usec);

/* The call of one message. A reply that is not the last is followed by others (the connection follows
 * a task then). Return: 0 it is answered, -errno: the error is the answer. */
int server_call(Connection *connection, const VarlinkCall *call, Error *reterr);
