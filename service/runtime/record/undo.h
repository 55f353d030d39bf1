/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The journal of a run, RECORD_DIR/ID/undo: what `nagaya-run --cleanup` needs when the supervisor
 * was killed. One line of JSON an entry, appended before the fact: each effect on the host before
 * it is made, and that it is undone after it is; each state; the settings of this run only. A last
 * line cut off by the kill did not happen. */

#include <jansson.h>
#include <stdint.h>

#include "base/strv.h"
#include "runtime/record/record.h"

#define UNDO_FILE "undo"

/* Kinds of effects; clean-up has a function for each. */
typedef enum UndoKind {
        UNDO_HOOK,          /* the hooks of a type ("stop", "post-stop") are due at the end */
        UNDO_EPHEMERAL,     /* the container is removed, when all else is undone */
        UNDO_APPARMOR,      /* a profile was loaded */
        UNDO_SHARED_MOUNTS, /* a directory of the host was made a mount */
        UNDO_DEVICE,        /* a block device is attached for the root file system */
        UNDO_NETNS,         /* the service manager holds the container's network namespace */
        UNDO_LINK,          /* an interface (runtime/net/effect.h) */
        UNDO_PHYS,          /* one that was given away */
        UNDO_PROXY,         /* answers for the container on an interface */
        UNDO_ROUTE,
        UNDO_NET_SCRIPT, /* the script.down of a nic is due (runtime/net/script.h) */
        _UNDO_KIND_MAX,
} UndoKind;

typedef struct Undo {
        int fd; /* the open journal, or < 0: nothing is written */
} Undo;

#define UNDO_NULL ((Undo){ .fd = -EBADF })

/* Starts a new journal in RECORD_DIR/ID; an old one is gone with this. Return: 0, -errno. */
int undo_begin(Undo *undo, int dir_fd, const char *run);
void undo_done(Undo *undo);

/* Each: 0, -errno. */
int undo_note_state(Undo *undo, State state, uint64_t sequence);
int undo_note_init(Undo *undo, pid_t pid);
int undo_note_config(Undo *undo, const json_t *pairs); /* [{"key":..,"value":..}] */
int undo_add(Undo *undo, UndoKind kind, const char *object);
int undo_drop(Undo *undo, UndoKind kind, const char *object);

typedef struct UndoEntry {
        UndoKind kind;
        char *object;
} UndoEntry;

/* What a journal says, replayed. */
typedef struct UndoLog {
        char *run;
        History history;
        pid_t init;
        json_t *config;     /* NULL: none */
        UndoEntry *entries; /* not undone, in the order they were added: undo from the end */
        size_t n_entries;
} UndoLog;

void undo_log_done(UndoLog *log);

/* undo_log_parse() - Pure. Return: 0, -EBADMSG (a line but the last is no entry, or does not begin
 * with a run), -ENOMEM. Unknown fields are passed over; unknown kinds are -EOPNOTSUPP. */
int undo_log_parse(const char *text, UndoLog *ret);

/* Return: 0, -ENOENT (none), -errno. */
int undo_log_read(int dir_fd, UndoLog *ret);
