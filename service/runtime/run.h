/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One run of the container, from "starting" to "stopped", as two tables of named steps: up and
 * down. A step is a function that is called until it says done, and waits for events otherwise. The
 * name of the step is the stage of its error. A failure on the way up leads to the way down. */

#include "base/loop.h"
#include "config/hook.h"
#include "runtime/payload/launch.h"
#include "runtime/seccomp-notify.h"
#include "runtime/run-net.h"
#include "storage/job/child.h"

typedef struct Supervisor Supervisor;

enum {
        STEP_DONE = 0,
        STEP_WAIT = 1,  /* called again when something happened */
        STEP_LEAVE = 2, /* the table was changed, or everything is over */
};

typedef int (*RunFunction)(Supervisor *s, Error *reterr);

typedef struct RunStep {
        const char *name;
        RunFunction function;
} RunStep;

/* What attach needs of the plan, which is not kept. */
typedef struct RunSecurity {
        char *seccomp_profile; /* NULL: none */
        bool session_keyring;
        bool labelled;       /* init has a label of its own */
        uint64_t namespaces; /* CLONE_NEW* that are the container's own */
} RunSecurity;

typedef struct RunHook {
        HookRun *run; /* the one that is running, or NULL */
        Source *pidfd, *output, *timer;
        size_t next; /* line of the type that is under way */
        bool failed;
        Error error;
} RunHook;

/* run-rootfs.c */
typedef struct RunRootfs {
        Rootfs rootfs;
        Child *child;             /* opens or detaches it */
        int code;                 /* how that ended */
        int socket_fd, opener_fd; /* between it and us */
        Source *socket;
        int tree_fd;  /* what it has opened */
        char *device; /* attached for it, and to be detached at the end; or NULL */
        bool detaching;
        Error error;
} RunRootfs;

typedef struct Run {
        const RunStep *steps; /* NULL: nothing to do but wait */
        size_t at;
        unsigned number; /* 1, 2 after a reboot ... */

        HookSet *hooks;
        RunHook hook;
        Plan *plan;
        RunRootfs rootfs;
        void *seccomp;
        RunNet net;
        Launch launch;
        LaunchChild child;
        Source *sync, *init;
        bool prepared, gone, running, reaped; /* gone: init was told to go on */
        RunSecurity security;

        int payload_fd, events_fd;
        Source *events;
        int namespace_fds[_NAMESPACE_TYPE_MAX]; /* for the stop hooks; opened where there are any */
        char *shared_mounts;                    /* made for this run; NULL: none */
        SeccompNotify *notify;                  /* NULL: nobody is asked */
        char *apparmor;                         /* loaded for this run; NULL: none */
        bool killed;
        bool reboot;      /* init asked for it */
        bool begin_again; /* and it is time */
        bool waits, advancing;
} Run;

void run_init(Run *run);
void run_done(Run *run);

/* run_begin() - the state becomes starting. */
void run_begin(Supervisor *s);

/* run_advance() - something happened: go on as far as it goes. */
void run_advance(Supervisor *s);

/* run_cancel() - whatever the run is at, it ends now: a start fails with the error (taken; must be
 * set), a hook is killed, and so is everything in the container. */
void run_cancel(Supervisor *s, Error *error);

/* A start is under way. */
bool run_is_starting(const Supervisor *s);

/* The init of the container is there and has been executed. */
bool run_has_init(const Supervisor *s);

/* run_notify() - serves the listener (taken) of a seccomp filter. Return: NULL when that cannot be;
 * what would be asked fails then. */
SeccompNotify *run_notify(Supervisor *s, int listener);

/* CLONE_NEW* of a type. */
uint64_t run_namespace_flag(NamespaceType type);

/* Init has asked for a reboot, and nobody for an end. */
bool run_reboots(const Supervisor *s);

/* "ct01's cgroup" for the outside: the path of payload/; NULL before there is one. Caller frees. */
char *run_control_group(const Supervisor *s);
