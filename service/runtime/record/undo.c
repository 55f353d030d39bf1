/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/record/undo.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "interfaces/json.h"

#define UNDO_SIZE_MAX (4 * 1024 * 1024)

static const char *const kind_names[_UNDO_KIND_MAX] = {
        [UNDO_HOOK] = "hook",
        [UNDO_EPHEMERAL] = "ephemeral",
        [UNDO_DEVICE] = "device",
        [UNDO_APPARMOR] = "apparmor",
        [UNDO_SHARED_MOUNTS] = "shared-mounts",
        [UNDO_NETNS] = "netns",
        [UNDO_LINK] = "link",
        [UNDO_PHYS] = "phys",
        [UNDO_PROXY] = "proxy",
        [UNDO_ROUTE] = "route",
        [UNDO_NET_SCRIPT] = "net-script",
};

/* One write(2) a line, to a file opened O_APPEND: a line is there or it is not. */
static int append(Undo *undo, json_t *entry)
{
        _cleanup_(json_decref_p) json_t *owned = entry;
        _cleanup_(free_p) char *text = NULL;
        size_t n;

        if (undo->fd < 0)
                return 0;
        text = owned ? json_dumps(owned, JSON_COMPACT) : NULL;
        if (!text)
                return -ENOMEM;
        n = strlen(text);
        text[n] = '\n'; /* in place of the NUL: written by length */
        return fd_write_all(undo->fd, text, n + 1);
}

int undo_begin(Undo *undo, int dir_fd, const char *run)
{
        int fd;

        if (unlinkat(dir_fd, UNDO_FILE, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dir_fd, UNDO_FILE, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        undo->fd = fd;
        return append(undo, json_pack("{s:s}", "run", run));
}

void undo_done(Undo *undo)
{
        undo->fd = fd_close(undo->fd);
}

int undo_note_state(Undo *undo, State state, uint64_t sequence)
{
        return append(undo, json_pack("{s:s,s:I}", "state", state_name(state), "sequence",
                                      (json_int_t) sequence));
}

int undo_note_init(Undo *undo, pid_t pid)
{
        return append(undo, json_pack("{s:i}", "init", (int) pid));
}

int undo_note_config(Undo *undo, const json_t *pairs)
{
        return append(undo, json_pack("{s:O}", "config", pairs));
}

int undo_add(Undo *undo, UndoKind kind, const char *object)
{
        return append(undo, json_pack("{s:s,s:s}", "do", kind_names[kind], "object", object));
}

int undo_drop(Undo *undo, UndoKind kind, const char *object)
{
        return append(undo, json_pack("{s:s,s:s}", "done", kind_names[kind], "object", object));
}

void undo_log_done(UndoLog *log)
{
        for (size_t i = 0; i < log->n_entries; i++)
                free(log->entries[i].object);
        free(log->entries);
        free(log->run);
        json_decref(log->config);
        *log = (UndoLog){ 0 };
}

static UndoKind kind_from_name(const char *name)
{
        UndoKind kind = 0;

        while (kind < _UNDO_KIND_MAX && strcmp(kind_names[kind], name) != 0)
                kind++;
        return kind;
}

static size_t find_entry(const UndoLog *log, UndoKind kind, const char *object)
{
        size_t i = 0;

        while (i < log->n_entries &&
               (log->entries[i].kind != kind || strcmp(log->entries[i].object, object) != 0))
                i++;
        return i;
}

static int replay_add(UndoLog *log, UndoKind kind, const char *object)
{
        UndoEntry *grown;

        if (find_entry(log, kind, object) < log->n_entries)
                return 0;
        grown = reallocarray(log->entries, log->n_entries + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        log->entries = grown;
        grown[log->n_entries] = (UndoEntry){ .kind = kind, .object = strdup(object) };
        if (!grown[log->n_entries].object)
                return -ENOMEM;
        log->n_entries++;
        return 0;
}

static void replay_drop(UndoLog *log, UndoKind kind, const char *object)
{
        size_t i = find_entry(log, kind, object);

        if (i == log->n_entries)
                return;
        free(log->entries[i].object);
        log->n_entries--;
        memmove(log->entries + i, log->entries + i + 1,
                (log->n_entries - i) * sizeof(*log->entries));
}

static int replay_effect(UndoLog *log, const char *name, const json_t *entry, bool add)
{
        const char *object = NULL;
        UndoKind kind = kind_from_name(name);

        if (kind == _UNDO_KIND_MAX)
                return -EOPNOTSUPP;
        if (json_get_string(entry, "object", &object, NULL) <= 0)
                return -EBADMSG;
        if (add)
                return replay_add(log, kind, object);
        replay_drop(log, kind, object);
        return 0;
}

static int replay_state(UndoLog *log, const char *name, const json_t *entry)
{
        State state = state_from_name(name);
        int64_t sequence = 0;

        if (state == _STATE_INVALID || json_get_integer(entry, "sequence", &sequence, NULL) <= 0)
                return -EBADMSG;
        history_add(&log->history, state);
        log->history.sequence = (uint64_t) sequence;
        return 0;
}

static int replay_config(UndoLog *log, const json_t *entry)
{
        json_t *pairs = NULL;
        int r = json_get_array(entry, "config", &pairs, NULL);

        if (r > 0) {
                json_decref(log->config);
                log->config = json_incref(pairs);
        }
        return r < 0 ? -EBADMSG : 0;
}

static int replay(UndoLog *log, const json_t *entry)
{
        const char *word = NULL;
        int64_t pid = 0;

        if (!log->run) {
                if (json_get_string(entry, "run", &word, NULL) <= 0)
                        return -EBADMSG;
                log->run = strdup(word);
                return log->run ? 0 : -ENOMEM;
        }
        if (json_get_string(entry, "state", &word, NULL) > 0)
                return replay_state(log, word, entry);
        if (json_get_string(entry, "do", &word, NULL) > 0)
                return replay_effect(log, word, entry, true);
        if (json_get_string(entry, "done", &word, NULL) > 0)
                return replay_effect(log, word, entry, false);
        if (json_get_integer(entry, "init", &pid, NULL) > 0)
                log->init = (pid_t) pid;
        return replay_config(log, entry);
}

static int replay_lines(UndoLog *log, const char *text)
{
        const char *end;
        int r;

        /* What follows the last newline was cut off. */
        for (; (end = strchr(text, '\n')); text = end + 1) {
                _cleanup_(json_decref_p) json_t *entry =
                        json_loadb(text, (size_t) (end - text), 0, NULL);

                r = json_is_object(entry) ? replay(log, entry) : -EBADMSG;
                if (r < 0)
                        return r;
        }
        return log->run ? 0 : -EBADMSG;
}

int undo_log_parse(const char *text, UndoLog *ret)
{
        UndoLog log = { 0 };
        int r;

        r = replay_lines(&log, text);
        if (r < 0) {
                undo_log_done(&log);
                return r;
        }
        *ret = log;
        return 0;
}

int undo_log_read(int dir_fd, UndoLog *ret)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = file_read(dir_fd, UNDO_FILE, UNDO_SIZE_MAX, &text, NULL);
        return r < 0 ? r : undo_log_parse(text, ret);
}
