/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parts of a run; nobody but runtime/run*.c includes this. */

#include "runtime/run.h"

#define PAYLOAD_GROUP "payload"
#define SUPERVISOR_GROUP "supervisor"

extern const RunStep run_steps_up[];
extern const RunStep run_steps_down[];

/* run-hook.c: run_hooks() is a step: every hook of the type, one after the other. Return: STEP_*,
 * the error of the first that failed (the rest is not run). */
int run_hooks(Supervisor *s, HookType type, Error *reterr);
/* run_hook_one() - the same with one that is no HookType's: the call is made when none is under way,
 * and its end is waited for. */
int run_hook_one(Supervisor *s, const HookCall *call, Error *reterr);
void run_hook_kill(Run *run);
void run_hook_done(Run *run);
/* What the stop hooks need of an init that will be gone then: the namespaces of `flags` (CLONE_NEW*),
 * of which init must be in its own by now. */
void run_hooks_keep_namespaces(Supervisor *s, uint64_t flags);
void run_hooks_drop_namespaces(Run *run);

/* run-rootfs.c: steps of the way up and of the way down; what is only needed until init runs is
 * forgotten then. */
int run_rootfs_open(Supervisor *s, Error *reterr);
int run_rootfs_detach(Supervisor *s, Error *reterr);
void run_rootfs_init(RunRootfs *rootfs);
void run_rootfs_kill(Run *run);
void run_rootfs_forget(Run *run);
void run_rootfs_done(Run *run);

/* run-up.c: we move from the unit's own group to supervisor/, if we are not there yet. */
int run_enter_subgroup(Supervisor *s, Error *reterr);

/* run.c */
int run_watch_init(Supervisor *s);
int run_watch_sync(Supervisor *s);
void run_receive(Supervisor *s);

/* run-down.c: everything in payload/ is killed; nothing when there is nothing. */
void run_kill(Supervisor *s);
