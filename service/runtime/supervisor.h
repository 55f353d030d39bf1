/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The main process of a container's unit: starts it, serves it, sees it to its end and puts down
 * what happened. One Supervisor a process, one Run (runtime/run.h) after the other: a reboot is a
 * new run of the container under the same supervisor, control socket and history. */

#include "config/config.h"
#include "interfaces/container-lock.h"
#include "runtime/attach.h"
#include "runtime/console-log.h"
#include "runtime/console-peer.h"
#include "runtime/control.h"
#include "runtime/freeze.h"
#include "runtime/record/record.h"
#include "runtime/run.h"
#include "runtime/stop.h"
#include "runtime/terminal.h"
#include "runtime/record/ticket.h"
#include "runtime/record/undo.h"

struct Supervisor {
        /* Who it is about. */
        const char *id;
        char *name;
        char *directory; /* LXCPATH/NAME */
        char *lxcpath;
        char *config_file;
        uint64_t hook_timeout_usec;
        char *run_id; /* of systemd ($INVOCATION_ID), or random */

        /* What is held for the whole life. */
        ContainerLock lock;
        int record_fd;  /* RECORD_DIR/ID */
        int control_fd; /* CONTROL_DIR */
        Loop *loop;
        Source *signals;
        int signal_fd;
        Control *control;
        Undo undo;
        Ticket ticket; /* token NULL: none, or it came */
        Source *ticket_timer;
        json_t *overrides; /* settings of this run only, [{"key":..,"value":..}]; may be NULL */
        Config *config;    /* as loaded at the first start */

        /* The unit's cgroup. */
        int unit_fd; /* < 0 until the first start */
        char *unit_path;
        bool in_subgroup; /* we moved to supervisor/ */
        bool ephemeral;   /* it ran, and is removed when this is over */

        State state;
        History history;
        Run run;
        Stop stop;
        Freeze freeze;
        AttachSession *sessions;
        Terminals *terminals;
        ConsoleLog console_log;
        ConsolePeer *console_peer; /* NULL: none is wanted */

        /* How it ended. */
        int exit_code, exit_signal; /* of the last init */
        uint64_t oom_kills;         /* in its group, when that may be why it was killed */
        Error error;                /* why the start failed */
};

/* All empty; supervisor_done() frees what supervisor_locate() and supervisor_load() filled in. */
void supervisor_init(Supervisor *s);
void supervisor_done(Supervisor *s);

/* supervisor_main() - `nagaya-run ID`. Return: the exit status. */
int supervisor_main(const char *id);

/* supervisor_locate() - what the id stands for: fills name, directory, lxcpath, config_file. */
int supervisor_locate(Supervisor *s, const char *id, Error *reterr);

/* supervisor_load() - the configuration with the settings of this run. */
int supervisor_load(Supervisor *s, Error *reterr);

/* RECORD_DIR/ID and CONTROL_DIR, made where they are missing. */
int supervisor_open_directories(Supervisor *s, Error *reterr);

/* What plans and hooks are told; borrows from the Supervisor. */
PlanInput supervisor_plan_input(const Supervisor *s);

/* supervisor_transition() - the next state by the life cycle table, told to everybody. The event
 * must be one that the present state knows. */
void supervisor_transition(Supervisor *s, LifecycleEvent event);

/* supervisor_publish_error(), _exited() - the events of the same name. */
void supervisor_publish_error(Supervisor *s);
void supervisor_publish_exited(Supervisor *s);

/* The first reply to a subscriber; NULL when out of memory. */
json_t *supervisor_snapshot(const Supervisor *s);

/* supervisor_take_ticket() - a subscriber brings the token of the start ticket and the settings of
 * this run (may be NULL): the start goes on. Any other token means nothing. */
void supervisor_take_ticket(Supervisor *s, const char *token, json_t *overrides);

/* Nothing is waited for any more. */
void supervisor_forget_ticket(Supervisor *s);

/* supervisor_finish() - the state is stopped and there is no next run: record, exit. */
void supervisor_finish(Supervisor *s);
