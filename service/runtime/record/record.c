/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "runtime/record/record.h"

#include <string.h>

#include "base/file.h"
#include "interfaces/errors.h"
#include "interfaces/json.h"

#define RECORD_SIZE_MAX 65536

void history_add(History *history, State state)
{
        if (history->n == HISTORY_MAX) {
                memmove(history->states, history->states + 1, HISTORY_MAX - 1);
                history->n--;
        }
        history->states[history->n++] = (uint8_t) state;
        history->sequence++;
}

State history_last(const History *history)
{
        return history->n > 0 ? (State) history->states[history->n - 1] : STATE_STOPPED;
}

json_t *history_to_json(const History *history)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < history->n; i++)
                if (json_array_append_new(list, json_string(state_name(history->states[i]))) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

int history_from_json(const json_t *list, uint64_t sequence, History *ret)
{
        History history = { 0 };

        if (json_array_size(list) > HISTORY_MAX || sequence < json_array_size(list))
                return -EBADMSG;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *name = json_string_value(json_array_get(list, i));
                State state = name ? state_from_name(name) : _STATE_INVALID;

                if (state == _STATE_INVALID)
                        return -EBADMSG;
                history.states[history.n++] = (uint8_t) state;
        }
        history.sequence = sequence;
        *ret = history;
        return 0;
}

void record_done(Record *record)
{
        free(record->run);
        error_done(&record->error);
        *record = (Record){ 0 };
}

static json_t *error_to_json(const Error *error)
{
        if (!error_is_set(error))
                return json_null();
        return json_pack("{s:s,s:i,s:s?,s:s?,s:s}", "code",
                         error->code ? error_row(error)->name : "", "errno", error->errnum, "stage",
                         error->stage, "object", error->object, "message", error_message(error));
}

char *record_print(const Record *record)
{
        _cleanup_(json_decref_p) json_t *object = NULL;

        object = json_pack("{s:s,s:I,s:o,s:i,s:i,s:o}", "run", record->run ? record->run : "",
                           "sequence", (json_int_t) record->history.sequence, "history",
                           history_to_json(&record->history), "exitCode", record->exit_code,
                           "signal", record->signal, "error", error_to_json(&record->error));
        return object ? json_dumps(object, JSON_COMPACT) : NULL;
}

static int error_from_json(const json_t *object, Error *ret)
{
        const char *code = NULL, *stage = NULL, *at = NULL, *message = NULL;
        int64_t errnum = 0;

        if (!object || json_is_null(object))
                return 0;
        if (json_get_string(object, "code", &code, NULL) < 0 ||
            json_get_string(object, "stage", &stage, NULL) < 0 ||
            json_get_string(object, "object", &at, NULL) < 0 ||
            json_get_string(object, "message", &message, NULL) <= 0 ||
            json_get_integer(object, "errno", &errnum, NULL) <= 0 || errnum <= 0 || errnum > 4095)
                return -EBADMSG;
        (void) error_code(ret, code && *code ? (int) error_code_from_name(code) : 0, (int) errnum,
                          "%s", message);
        (void) error_at(ret, 0, stage, at);
        return 0;
}

static int parse_object(const json_t *object, Record *ret)
{
        int64_t sequence = 0, exit_code = 0, signal = 0;
        const char *run = NULL;
        json_t *list = NULL;

        if (json_get_string(object, "run", &run, NULL) <= 0 ||
            json_get_integer(object, "sequence", &sequence, NULL) <= 0 || sequence < 0 ||
            json_get_integer(object, "exitCode", &exit_code, NULL) < 0 ||
            json_get_integer(object, "signal", &signal, NULL) < 0 ||
            json_get_array(object, "history", &list, NULL) <= 0)
                return -EBADMSG;
        if (history_from_json(list, (uint64_t) sequence, &ret->history) < 0)
                return -EBADMSG;
        ret->exit_code = (int) (exit_code & 0xff);
        ret->signal = (int) (signal & 0x7f);
        ret->run = strdup(run);
        if (!ret->run)
                return -ENOMEM;
        return error_from_json(json_object_get(object, "error"), &ret->error);
}

int record_parse(const char *text, Record *ret)
{
        _cleanup_(json_decref_p) json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        Record record = { 0 };
        int r;

        if (!json_is_object(object))
                return -EBADMSG;
        r = parse_object(object, &record);
        if (r < 0) {
                record_done(&record);
                return r;
        }
        *ret = record;
        return 0;
}

int record_write(int dir_fd, const Record *record)
{
        _cleanup_(free_p) char *text = record_print(record);

        if (!text)
                return -ENOMEM;
        return file_write_atomic(dir_fd, RECORD_FILE, text, 0600, false);
}

int record_read(int dir_fd, Record *ret)
{
        _cleanup_(free_p) char *text = NULL;
        int r;

        r = file_read(dir_fd, RECORD_FILE, RECORD_SIZE_MAX, &text, NULL);
        return r < 0 ? r : record_parse(text, ret);
}
