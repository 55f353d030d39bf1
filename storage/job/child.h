/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A process of ours without an exec: a forked copy that runs one function and exits. */

#include "base/loop.h"

typedef struct Child Child;

/* In the child. Return: the exit status. */
typedef int (*ChildMain)(void *userdata);

/* In the parent, once, when it was reaped; the child is freed afterwards. */
typedef void (*ChildEnd)(int code, int signal, void *userdata);

typedef struct ChildSpec {
        int group_fd; /* the cgroup it is born in; < 0: ours */
        int keep_fd;  /* the only fd but stdio that it keeps; < 0: none */
        ChildMain main;
        ChildEnd end;
        void *userdata;
} ChildSpec;

/* Return: 0, -errno. *ret is good until `end` was called. */
int child_start(Loop *loop, const ChildSpec *spec, Child **ret);

/* Lets it run on, unwatched. NULL in, NULL out. */
Child *child_abandon(Child *child);

/* Return: 0, -ESRCH, -errno. */
int child_kill(Child *child, int signal);
