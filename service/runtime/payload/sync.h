/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What passes between the supervisor and the child that becomes init: messages over a
 * SOCK_SEQPACKET pair. Both ends are the same program, and the child has run nothing foreign when
 * it writes; what is read is checked for length and form all the same. */

#include <stddef.h>

#include "base/error.h"

typedef enum SyncType {
        SYNC_LOG,      /* child: text[0] was written by hook number `value` (HookType) */
        SYNC_NOTE,     /* child: text[0] is a remark of ours, of level `value` */
        SYNC_MASTERS,  /* child: fds of terminals, the first being number `value` */
        SYNC_LISTENER, /* child: fd of what the seccomp filter asks about */
        SYNC_PREPARED, /* child: all is set up, waiting */
        SYNC_GO,       /* parent: go on */
        SYNC_NETWORK,  /* parent: nic number `value` is there; text: name, IPv4 and IPv6 gateway */
        SYNC_READY,    /* child: the next thing is execve(2) */
        SYNC_TREE,     /* opener of a root file system: the fd of its mount */
        SYNC_ATTACH,   /* the same: device text[0] is to be attached, waiting */
        SYNC_ERROR,    /* child: stage, object, message in text[]; errnum, code */
        _SYNC_TYPE_MAX,
} SyncType;

#define SYNC_TEXTS 3
#define SYNC_TEXT_MAX 4096 /* bytes of one; what is longer is cut */
#define SYNC_FDS_MAX 250

typedef struct SyncMessage {
        SyncType type;
        int errnum, code, value;
        const char *text[SYNC_TEXTS]; /* NULL and "" are the same; NULL when received */
        int fds[SYNC_FDS_MAX];
        size_t n_fds;
        char buffer[SYNC_TEXTS * SYNC_TEXT_MAX]; /* of a received message: the texts */
} SyncMessage;

/* Return: 0, -errno. */
int sync_send(int fd, const SyncMessage *message);

/* sync_receive() - the caller owns the fds, which are CLOEXEC. Return: 1 a message, 0 end of file,
 * -EAGAIN, -EBADMSG, -errno. */
int sync_receive(int fd, SyncMessage *ret);

/* Return: 0, -errno. */
int sync_send_error(int fd, const Error *error);

/* sync_take_error() - the error as the child raised it. Return: -errno of it. */
int sync_take_error(const SyncMessage *message, Error *reterr);
