/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A container as the service knows it: what is public, all from memory. */

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/summary.h"
#include "interfaces/lifecycle.h"

typedef struct Manager Manager;
typedef struct Supervisor Supervisor;
typedef struct Operation Operation;

typedef struct Container {
        Manager *manager;
        struct Container *next; /* of the registry, sorted by id */

        char *id;
        char *name;
        char *directory;
        char *unit;
        uid_t owner;
        char *broken;          /* why it cannot be used, or NULL */
        ConfigSummary summary; /* all default while broken */

        State state;
        pid_t init_pid;             /* 0: none */
        char *control_group;        /* of the run, or NULL */
        int exit_code, exit_signal; /* of the last end */

        /* The run that is followed: its id and the number of the last state told to the world. */
        char *run;
        int64_t sequence;
        Error last_error;       /* of the run's start */
        Supervisor *supervisor; /* connection to nagaya-run, or NULL */
        Operation *operation;   /* a start or stop under way, or NULL */
        bool unsettled;         /* registry_settle_later() */
        bool doomed;            /* its destroy was killed: it may be done all the same */
} Container;

/* The borrowed strings are copied. Return: NULL when out of memory. */
Container *container_new(Manager *manager, const char *id, const char *name, const char *directory);
Container *container_free(Container *container);
DEFINE_CLEANUP(Container *, container_free)

/* container_enter() - move to `state`, telling the world (events.h). Same state: nothing. */
void container_enter(Container *container, State state);

/* container_set_init() - a new init pid (0: none), telling the world when it changed. */
void container_set_init(Container *container, pid_t pid);

/* Return: 0, or ERROR_CONTAINER_BROKEN with the reason. */
int container_check_usable(const Container *container, Error *reterr);

bool container_is_running(const Container *container);
