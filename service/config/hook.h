/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hooks of lxc.conf: a configured line is split into words by us (quotes as in a shell, no
 * expansion) and executed with an argument vector, never through a shell. What it writes goes line
 * by line to a handler; the last lines are part of the error when it fails.
 *
 * Convention 0 (lxc.hook.version, the default): WORDS... NAME SECTION TYPE EXTRA...
 * Convention 1: WORDS... EXTRA..., with LXC_HOOK_TYPE and LXC_HOOK_SECTION in the environment. */

#include "base/error.h"
#include "config/config.h"

/* What hooks are told beyond the configuration. */
typedef struct HookInput {
        const char *name;         /* LXC_NAME */
        const char *config_file;  /* LXC_CONFIG_FILE */
        const char *rootfs_path;  /* LXC_ROOTFS_PATH; NULL: the configuration's, without its type */
        const char *rootfs_mount; /* LXC_ROOTFS_MOUNT; NULL: the configuration's */
        char *const *environment; /* our own, of which hooks inherit what is not about us */
        uint64_t timeout_usec;    /* how long one hook may run; 0: no limit */
        bool of_run;              /* the hooks of a run are told more than those of a job */
} HookInput;

/* What all hooks of one run or job have in common. */
typedef struct HookSet {
        char *name;
        unsigned version;
        char **lines[_HOOK_TYPE_MAX];
        char **environment; /* inherited variables and LXC_* of every hook */
        char **inside;      /* lxc.environment(.hooks), for the hooks that run inside as well */
        uint64_t timeout_usec;
} HookSet;

/* Needs no Plan, so that stop and post-stop can run when there is none. Pure. */
int hook_set_make(const Config *config, const HookInput *input, HookSet **ret, Error *reterr);
HookSet *hook_set_free(HookSet *set);
DEFINE_CLEANUP(HookSet *, hook_set_free)

/* One line of output, without its newline. */
typedef void (*HookOutput)(HookType type, const char *line, void *userdata);

/* The usual HookOutput of a process that can log: an event with HOOK=. `userdata` is a
 * NULL-terminated list of further fields (log_event()), or NULL. */
void hook_output_log(HookType type, const char *line, void *userdata);

/* One execution. The strings are only used during hook_run_start(). */
typedef struct HookCall {
        const HookSet *set;
        HookType type;
        const char *section, *name; /* static; NULL: "lxc" and the name of the type */
        const char *line;           /* as configured */
        char *const *arguments;     /* after the words and, in convention 0, NAME lxc TYPE */
        char *const *environment;   /* more "NAME=value": LXC_PID=, LXC_TARGET= ...; may be NULL */
        HookOutput output;          /* NULL: hook_output_log */
        void *userdata;
} HookCall;

/* A running hook, for an event loop: watch the output fd (EPOLLIN) with hook_run_read() and the
 * pidfd (EPOLLIN); at the deadline, hook_run_expire(); when the pidfd is readable,
 * hook_run_finish(). */
typedef struct HookRun HookRun;

int hook_run_start(const HookCall *call, HookRun **ret, Error *reterr);
int hook_run_pidfd(const HookRun *run);
int hook_run_output_fd(const HookRun *run);     /* non-blocking */
uint64_t hook_run_deadline(const HookRun *run); /* now_usec(); USEC_INFINITY: none */

/* Kills it with what it started in its session. Its end is still to be waited for. */
void hook_run_kill(HookRun *run);

/* hook_run_expire() - the same because its time is over, which is then its error. */
void hook_run_expire(HookRun *run);

/* Passes on the whole lines that are there. Return: 1 when there may be more, 0 at end of file
 * (stop watching). */
int hook_run_read(HookRun *run);

/* Reads what is left without waiting, reaps (waits for the program). Return: 0; < 0 with
 * ERROR_HOOK_FAILED naming hook, program, exit status or signal and the last lines it wrote. */
int hook_run_finish(HookRun *run, Error *reterr);

/* Kills and reaps what still runs. NULL in, NULL out. */
HookRun *hook_run_free(HookRun *run);
DEFINE_CLEANUP(HookRun *, hook_run_free)

/* hook_run() - the one of `call->line`, waiting for its end. */
int hook_run(const HookCall *call, Error *reterr);

/* hooks_run() - every hook of `call->type` in order, waiting for each; `call->line` is ignored.
 * The first failure ends it. For the child side of a start and for clean-up. */
int hooks_run(const HookCall *call, Error *reterr);
